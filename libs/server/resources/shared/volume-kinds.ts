import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  validateDns1123Label,
  validateDns1123Subdomain,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  PersistentVolumeSpec,
  QuobyteVolumeSource,
  SecretReference,
  Volume,
} from '@drydock/api/core/v1';
import { driverNameErrors, optionalOneOf, textErrors } from '../common/index.ts';
import { noBackstepErrors } from './paths.ts';

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const cachingModes = ['None', 'ReadOnly', 'ReadWrite'];
const diskKinds = ['Dedicated', 'Managed', 'Shared'];
const managedDisk =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const blobDisk = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';
const hostPorts = 'must be a host:port pair or multiple pairs separated by commas';
const maxTenantLength = 64;
const maxPortalLength = 64;
/** How an iSCSI name goes on, by its beginning. Only the first may have something before it. */
const iscsiNames: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

/** What has the source: a Pod's volume or a PersistentVolume. */
export interface Owner {
  readonly name: string;
  readonly at: FieldPath;
}

/** Checks by kind of source. */
export type SourceChecks<T> = {
  readonly [K in keyof T]?: (source: NonNullable<T[K]>, at: FieldPath, owner: Owner) => FieldError[];
};

/** The named fields must not be empty. */
export function need(source: object, names: readonly string[], at: FieldPath): FieldError[] {
  const fields = source as Readonly<Record<string, unknown>>;
  return names.flatMap((name) => (fields[name] ? [] : [required(at.child(name))]));
}

function hostPathErrors({ path = '', type = '' }: HostPathVolumeSource, at: FieldPath): FieldError[] {
  if (path === '') return [required(at.child('path'))];
  return [
    ...noBackstepErrors(path, at.child('path')),
    ...(hostPathTypes.includes(type) ? [] : [notSupported(at.child('type'), type, hostPathTypes)]),
  ];
}

function partitionErrors(source: object, name: string, at: FieldPath): FieldError[] {
  const { partition = 0 } = source as { partition?: number };
  const errors = need(source, [name], at);
  // The range that is told has no 0, the one that is checked has.
  return partition < 0 || partition > 255
    ? [...errors, invalidValue(at.child('partition'), partition, 'must be between 1 and 255, inclusive')]
    : errors;
}

function nfsErrors(source: NFSVolumeSource, at: FieldPath): FieldError[] {
  const { path = '' } = source;
  const errors = need(source, ['server', 'path'], at);
  return path.startsWith('/')
    ? errors
    : [...errors, invalidValue(at.child('path'), path, 'must be an absolute path')];
}

function iscsiNameErrors(name: string, at: FieldPath, unknown: string): FieldError[] {
  const shape = iscsiNames[name.slice(0, 3)];
  if (shape === undefined) return [invalidValue(at, name, unknown)];
  return shape.test(name) ? [] : [invalidValue(at, name, 'must be valid format')];
}

/** `unknown`: what is said of a name with another beginning. */
function iscsiErrors(source: ISCSIVolumeSource, at: FieldPath, unknown: string): FieldError[] {
  const { iqn = '', lun = 0, initiatorName } = source;
  const errors = need(source, ['targetPortal', 'iqn'], at);
  if (iqn !== '') errors.push(...iscsiNameErrors(iqn, at.child('iqn'), unknown));
  if (lun < 0 || lun > 255)
    errors.push(invalidValue(at.child('lun'), lun, 'must be between 0 and 255, inclusive'));
  const authenticates = source.chapAuthDiscovery === true || source.chapAuthSession === true;
  if (authenticates && source.secretRef === undefined) errors.push(required(at.child('secretRef')));
  if (initiatorName !== undefined)
    errors.push(...iscsiNameErrors(initiatorName, at.child('initiatorname'), unknown));
  return errors;
}

/** An initiator is named after the volume and its portal, which must leave room for each other. */
function portalTooLong(
  { initiatorName, targetPortal = '' }: ISCSIVolumeSource,
  owner: Owner,
): string | undefined {
  return initiatorName !== undefined && `${owner.name}:${targetPortal}`.length > maxPortalLength
    ? 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
    : undefined;
}

function flockerErrors(
  { datasetName = '', datasetUUID = '' }: FlockerVolumeSource,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (datasetName === '' && datasetUUID === '')
    errors.push(required(at, 'one of datasetName and datasetUUID is required'));
  if (datasetName !== '' && datasetUUID !== '') {
    const detail = 'datasetName and datasetUUID can not be specified simultaneously';
    errors.push(invalidValue(at, 'resource', detail));
  }
  if (datasetName.includes('/'))
    errors.push(invalidValue(at.child('datasetName'), datasetName, "must not contain '/'"));
  return errors;
}

function fibreErrors({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = at.child('targetWWNs');
  if (targetWWNs.length === 0 && wwids.length === 0)
    errors.push(required(names, 'must specify either targetWWNs or wwids, but not both'));
  if (targetWWNs.length > 0 && wwids.length > 0) {
    const detail = 'targetWWNs and wwids can not be specified simultaneously';
    errors.push(invalidValue(names, targetWWNs, detail));
  }
  if (targetWWNs.length === 0) return errors;
  if (lun === undefined) errors.push(required(at.child('lun'), 'lun is required if targetWWNs is specified'));
  else if (lun < 0 || lun > 255)
    errors.push(invalidValue(at.child('lun'), lun, 'must be between 0 and 255, inclusive'));
  return errors;
}

/** As Go splits a host from its port: one colon, or brackets around the host. */
const hasPort = (pair: string): boolean => /^([^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair);

function quobyteErrors(
  { registry = '', tenant = '', volume = '' }: QuobyteVolumeSource,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (registry === '') errors.push(required(at.child('registry'), hostPorts));
  else if (tenant.length > maxTenantLength) {
    const detail = `must be a UUID and may not exceed a length of ${maxTenantLength} characters`;
    errors.push(required(at.child('tenant'), detail));
  } else {
    const wrong = registry.split(',').filter((pair) => !hasPort(pair));
    errors.push(...wrong.map(() => invalidValue(at.child('registry'), registry, hostPorts)));
  }
  return volume === '' ? [...errors, required(at.child('volume'))] : errors;
}

function flexErrors(source: FlexVolumeSource, at: FieldPath): FieldError[] {
  const reserved = Object.keys(source.options ?? {}).filter((name) =>
    /\.(kubernetes|k8s)\.io$/i.test(`.${name.split('/', 2).length === 2 ? name.split('/')[0] : name}`),
  );
  return [
    ...need(source, ['driver'], at),
    ...reserved.map((name) =>
      invalidValue(at.child('options').key(name), name, 'kubernetes.io and k8s.io namespaces are reserved'),
    ),
  ];
}

function azureDiskErrors(source: AzureDiskVolumeSource, at: FieldPath): FieldError[] {
  const { diskURI = '', kind } = source;
  const where = at.child('diskURI');
  const errors = [
    ...need(source, ['diskName', 'diskURI'], at),
    ...optionalOneOf(source.cachingMode, cachingModes, at.child('cachingMode')),
    ...optionalOneOf(kind, diskKinds, at.child('kind')),
  ];
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/'))
    errors.push(notSupported(where, diskURI, [managedDisk]));
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://'))
    errors.push(notSupported(where, diskURI, [blobDisk]));
  return errors;
}

interface StorageOs {
  readonly volumeName?: string;
  readonly volumeNamespace?: string;
  readonly secretRef?: object;
}

function storageOsErrors(source: StorageOs, at: FieldPath, secretFields: readonly string[]): FieldError[] {
  const { volumeName = '', volumeNamespace = '', secretRef } = source;
  const name = at.child('volumeName');
  return [
    ...(volumeName === ''
      ? [required(name)]
      : textErrors(validateDns1123Label(volumeName), volumeName, name)),
    ...(volumeNamespace === ''
      ? []
      : textErrors(validateDns1123Label(volumeNamespace), volumeNamespace, at.child('volumeNamespace'))),
    ...(secretRef === undefined ? [] : need(secretRef, secretFields, at.child('secretRef'))),
  ];
}

const monitorErrors = ({ monitors = [] }: { monitors?: readonly string[] }, at: FieldPath): FieldError[] =>
  monitors.length > 0 ? [] : [required(at.child('monitors'))];

function secretReferenceErrors(secret: SecretReference | undefined, at: FieldPath): FieldError[] {
  if (secret === undefined) return [];
  const { name = '', namespace = '' } = secret;
  return [
    ...(name === ''
      ? [required(at.child('name'))]
      : textErrors(validateDns1123Subdomain(name), name, at.child('name'))),
    ...(namespace === ''
      ? [required(at.child('namespace'))]
      : textErrors(validateDns1123Label(namespace), namespace, at.child('namespace'))),
  ];
}

/** Sources that Pods and PersistentVolumes describe alike. */
const common = {
  hostPath: hostPathErrors,
  gcePersistentDisk: (source: object, at: FieldPath) => partitionErrors(source, 'pdName', at),
  awsElasticBlockStore: (source: object, at: FieldPath) => partitionErrors(source, 'volumeID', at),
  nfs: nfsErrors,
  flocker: flockerErrors,
  rbd: (source: { monitors?: readonly string[] }, at: FieldPath) => [
    ...monitorErrors(source, at),
    ...need(source, ['image'], at),
  ],
  cephfs: monitorErrors,
  quobyte: quobyteErrors,
  fc: fibreErrors,
  flexVolume: flexErrors,
  vsphereVolume: (source: object, at: FieldPath) => need(source, ['volumePath'], at),
  photonPersistentDisk: (source: object, at: FieldPath) => need(source, ['pdID'], at),
  portworxVolume: (source: object, at: FieldPath) => need(source, ['volumeID'], at),
  azureDisk: azureDiskErrors,
  scaleIO: (source: object, at: FieldPath) => need(source, ['gateway', 'system', 'volumeName'], at),
};

/** Sources that a Pod can name outside of the cluster's own objects. */
export const podSourceChecks: SourceChecks<Volume> = {
  ...common,
  glusterfs: (source, at) => need(source, ['endpoints', 'path'], at),
  iscsi(source, at, owner) {
    const errors = iscsiErrors(source, at, 'must be valid format starting with iqn, eui, or naa');
    const detail = portalTooLong(source, owner);
    return detail === undefined
      ? errors
      : [...errors, invalidValue(owner.at.child('name'), owner.name, detail)];
  },
  cinder: (source, at) => [
    ...need(source, ['volumeID'], at),
    ...(source.secretRef === undefined ? [] : need(source.secretRef, ['name'], at.child('secretRef'))),
  ],
  azureFile: (source, at) => need(source, ['secretName', 'shareName'], at),
  storageos: (source, at) => storageOsErrors(source, at, ['name']),
  csi(source, at) {
    const errors = driverNameErrors(source.driver, at.child('driver'));
    const secret = source.nodePublishSecretRef;
    if (secret === undefined) return errors;
    const { name = '' } = secret;
    if (name === '') return [...errors, required(at.child('nodePublishSecretRef', 'name'))];
    return [...errors, ...textErrors(validateDns1123Subdomain(name), name, at.child('name'))];
  },
};

/** Where a PersistentVolume can come from, in the order in which Kubernetes looks. */
export const persistentSourceChecks: SourceChecks<PersistentVolumeSpec> = {
  hostPath: common.hostPath,
  gcePersistentDisk: common.gcePersistentDisk,
  awsElasticBlockStore: common.awsElasticBlockStore,
  glusterfs(source, at) {
    const errors = need(source, ['endpoints', 'path'], at);
    const { endpointsNamespace: namespace } = source;
    const where = at.child('endpointsNamespace');
    if (namespace === undefined) return errors;
    if (namespace === '') {
      const detail = 'if the endpointnamespace is set, it must be a valid namespace name';
      return [...errors, invalidValue(where, namespace, detail)];
    }
    return [...errors, ...textErrors(validateDns1123Label(namespace), namespace, where)];
  },
  flocker: common.flocker,
  nfs: common.nfs,
  rbd: common.rbd,
  quobyte: common.quobyte,
  cephfs: common.cephfs,
  iscsi(source, at, owner) {
    const errors = iscsiErrors(source as ISCSIVolumeSource, at, 'must be valid format');
    const detail = portalTooLong(source as ISCSIVolumeSource, owner);
    if (detail !== undefined)
      errors.push(invalidValue(at.child('targetportal'), source.targetPortal, detail));
    return source.secretRef === undefined
      ? errors
      : [...errors, ...need(source.secretRef, ['name'], at.child('secretRef'))];
  },
  cinder: (source, at) => [
    ...need(source, ['volumeID'], at),
    ...(source.secretRef === undefined
      ? []
      : need(source.secretRef, ['name', 'namespace'], at.child('secretRef'))),
  ],
  fc: common.fc,
  flexVolume: (source, at) => flexErrors(source as FlexVolumeSource, at),
  azureFile: (source, at) => [
    ...need(source, ['secretName', 'shareName'], at),
    ...(source.secretNamespace === '' ? [required(at.child('secretNamespace'))] : []),
  ],
  vsphereVolume: common.vsphereVolume,
  photonPersistentDisk: common.photonPersistentDisk,
  portworxVolume: common.portworxVolume,
  azureDisk: common.azureDisk,
  scaleIO: common.scaleIO,
  local: ({ path = '' }, at) =>
    path === '' ? [required(at.child('path'))] : noBackstepErrors(path, at.child('path')),
  storageos: (source, at) => storageOsErrors(source, at, ['name', 'namespace']),
  csi: (source, at) => [
    ...driverNameErrors(source.driver, at.child('driver')),
    ...need(source, ['volumeHandle'], at),
    ...(
      [
        'controllerPublishSecretRef',
        'controllerExpandSecretRef',
        'nodePublishSecretRef',
        'nodeExpandSecretRef',
      ] as const
    ).flatMap((field) => secretReferenceErrors(source[field], at.child(field))),
  ],
};

/**
 * Of several sources the first in the checks' order counts and the others are refused. Nothing given is an error too.
 * @param given the sources that are there, by kind, in that order
 */
export function sourceErrors<T>(
  given: readonly (readonly [string, unknown])[],
  checks: SourceChecks<T>,
  owner: Owner,
): FieldError[] {
  const [first, ...extras] = given;
  if (first === undefined) return [required(owner.at, 'must specify a volume type')];
  const [kind, source] = first;
  const check = checks[kind as keyof T] as
    | ((source: unknown, at: FieldPath, owner: Owner) => FieldError[])
    | undefined;
  // The disks of one cloud have a path of their own in errors.
  const at = owner.at.child(kind === 'gcePersistentDisk' ? 'persistentDisk' : kind);
  return [
    ...(check?.(source, at, owner) ?? []),
    ...extras.map(([extra]) =>
      forbiddenField(owner.at.child(extra), 'may not specify more than 1 volume type'),
    ),
  ];
}
