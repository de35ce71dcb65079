import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  parseQuantity,
  required,
  validateDns1123Label,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { DownwardAPIVolumeFile, ProjectedVolumeSource, Volume } from '@drydock/api/core/v1';
import { textErrors } from '../common/index.ts';
import { fieldRefErrors, fileFields, resourceFieldRefErrors } from './downward-api.ts';
import { fileModeErrors, keyToPathErrors, noBackstepErrors, unreservedPathErrors } from './paths.ts';

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
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const shortestTokenSeconds = 600;
const longestTokenSeconds = 2 ** 32;

type Checks = {
  [K in keyof Volume]?: (source: NonNullable<Volume[K]>, at: FieldPath, volume: Volume) => FieldError[];
};

/** The named fields must not be empty. */
function need(source: object, names: readonly string[], at: FieldPath): FieldError[] {
  const fields = source as Readonly<Record<string, unknown>>;
  return names.flatMap((name) => (fields[name] ? [] : [required(at.child(name))]));
}

function downwardFileErrors(
  files: readonly DownwardAPIVolumeFile[] | undefined,
  where: FieldPath,
): FieldError[] {
  return (files ?? []).flatMap((file, index) => {
    const at = where.index(index);
    const errors: FieldError[] = [];
    if (!file.path) errors.push(required(at.child('path')));
    else errors.push(...unreservedPathErrors(file.path, at.child('path')));
    if (file.fieldRef) {
      errors.push(...fieldRefErrors(file.fieldRef, fileFields, at.child('fieldRef')));
      if (file.resourceFieldRef) {
        const detail = 'fieldRef and resourceFieldRef can not be specified simultaneously';
        errors.push(invalidValue(at, 'resource', detail));
      }
    } else if (file.resourceFieldRef) {
      errors.push(...resourceFieldRefErrors(file.resourceFieldRef, at.child('resourceFieldRef'), true));
    } else {
      errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
    }
    return [...errors, ...fileModeErrors(file.mode, at.child('mode'))];
  });
}

type Token = NonNullable<NonNullable<ProjectedVolumeSource['sources']>[number]['serviceAccountToken']>;

function tokenErrors(token: Token, at: FieldPath): FieldError[] {
  const seconds = token.expirationSeconds ?? shortestTokenSeconds;
  const errors: FieldError[] = [];
  const where = at.child('expirationSeconds');
  if (seconds < shortestTokenSeconds)
    errors.push(invalidValue(where, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > longestTokenSeconds)
    errors.push(invalidValue(where, seconds, 'may not specify a duration larger than 2^32 seconds'));
  if (!token.path) return [...errors, required(at.child('path'))];
  return [...errors, ...unreservedPathErrors(token.path, at.child('path'))];
}

function projectedErrors(source: ProjectedVolumeSource, where: FieldPath): FieldError[] {
  const errors = fileModeErrors(source.defaultMode, where.child('defaultMode'));
  const paths = new Set<string>();
  const unique = (files: readonly { path?: string }[] | undefined, at: FieldPath) => {
    for (const { path = '' } of files ?? []) {
      if (path === '') continue;
      if (paths.has(path)) errors.push(invalidValue(at, path, 'conflicting duplicate paths'));
      paths.add(path);
    }
  };
  source.sources?.forEach((one, index) => {
    const at = where.child('sources').index(index);
    const kinds = ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken'] as const;
    const given = kinds.filter((kind) => one[kind] !== undefined && one[kind] !== null);
    for (const extra of given.slice(1))
      errors.push(forbiddenField(at.child(extra), 'may not specify more than 1 volume type per source'));
    const kind = given[0];
    if (kind === 'secret' || kind === 'configMap') {
      const here = at.child(kind);
      errors.push(...need(one[kind] ?? {}, ['name'], here));
      errors.push(...keyToPathErrors(one[kind]?.items, here.child('items')));
      unique(one[kind]?.items, here.child('items'));
    } else if (kind === 'downwardAPI') {
      errors.push(...downwardFileErrors(one.downwardAPI?.items, at.child('downwardAPI')));
      unique(one.downwardAPI?.items, at.child('downwardAPI'));
    } else if (kind === 'serviceAccountToken' && one.serviceAccountToken) {
      errors.push(...tokenErrors(one.serviceAccountToken, at.child('serviceAccountToken')));
      unique([one.serviceAccountToken], at.child('serviceAccountToken'));
    }
  });
  return errors;
}

/** In the order in which Kubernetes looks at them: the first that is there is the volume's source. */
const checks: Checks = {
  emptyDir: ({ sizeLimit }, at) =>
    sizeLimit !== undefined && parseQuantity(sizeLimit).sign() < 0
      ? [forbiddenField(at.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
      : [],
  hostPath: ({ path = '', type = '' }, at) => {
    if (path === '') return [required(at.child('path'))];
    return [
      ...noBackstepErrors(path, at.child('path')),
      ...(hostPathTypes.includes(type) ? [] : [notSupported(at.child('type'), type, hostPathTypes)]),
    ];
  },
  gitRepo: (source, at) => need(source, ['repository'], at),
  gcePersistentDisk: (source, at) => need(source, ['pdName'], at),
  awsElasticBlockStore: (source, at) => need(source, ['volumeID'], at),
  secret: (source, at) => [
    ...need(source, ['secretName'], at),
    ...fileModeErrors(source.defaultMode, at.child('defaultMode')),
    ...keyToPathErrors(source.items, at.child('items')),
  ],
  nfs: (source, at) => {
    const errors = need(source, ['server', 'path'], at);
    return source.path && !source.path.startsWith('/')
      ? [...errors, invalidValue(at.child('path'), source.path, 'must be an absolute path')]
      : errors;
  },
  iscsi: (source, at) => need(source, ['targetPortal', 'iqn'], at),
  glusterfs: (source, at) => need(source, ['endpoints', 'path'], at),
  persistentVolumeClaim: (source, at) => need(source, ['claimName'], at),
  rbd: (source, at) => [
    ...((source.monitors ?? []).length > 0 ? [] : [required(at.child('monitors'))]),
    ...need(source, ['image'], at),
  ],
  cinder: (source, at) => need(source, ['volumeID'], at),
  cephfs: (source, at) => ((source.monitors ?? []).length > 0 ? [] : [required(at.child('monitors'))]),
  downwardAPI: (source, at) => [
    ...fileModeErrors(source.defaultMode, at.child('defaultMode')),
    ...downwardFileErrors(source.items, at),
  ],
  configMap: (source, at) => [
    ...need(source, ['name'], at),
    ...fileModeErrors(source.defaultMode, at.child('defaultMode')),
    ...keyToPathErrors(source.items, at.child('items')),
  ],
  flexVolume: (source, at) => need(source, ['driver'], at),
  azureFile: (source, at) => need(source, ['secretName', 'shareName'], at),
  vsphereVolume: (source, at) => need(source, ['volumePath'], at),
  azureDisk: (source, at) => need(source, ['diskName', 'diskURI'], at),
  projected: projectedErrors,
  csi: (source, at) => need(source, ['driver'], at),
  ephemeral: (source, at) =>
    source.volumeClaimTemplate === undefined ? [required(at.child('volumeClaimTemplate'))] : [],
  image: (source, at) => {
    const { pullPolicy = '' } = source;
    return pullPolicy === '' || pullPolicies.includes(pullPolicy)
      ? []
      : [notSupported(at.child('pullPolicy'), pullPolicy, pullPolicies)];
  },
};
const order = Object.keys(checks);

function sourceErrors(volume: Volume, where: FieldPath): FieldError[] {
  const sources = volume as unknown as Readonly<Record<string, unknown>>;
  const given = Object.keys(volume)
    .filter((kind) => kind !== 'name' && sources[kind] !== undefined && sources[kind] !== null)
    .sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const [first, ...extras] = given;
  if (first === undefined) return [required(where, 'must specify a volume type')];
  const check = checks[first as keyof Volume] as
    ((source: unknown, at: FieldPath, volume: Volume) => FieldError[]) | undefined;
  return [
    ...(check?.(sources[first], where.child(first), volume) ?? []),
    ...extras.map((extra) => forbiddenField(where.child(extra), 'may not specify more than 1 volume type')),
  ];
}

/** Volumes: names present, valid and unique, one well formed source each. */
export function validateVolumes(volumes: readonly Volume[] | undefined, where: FieldPath): FieldError[] {
  const names = new Set<string>();
  return (volumes ?? []).flatMap((volume, index) => {
    const at = where.index(index);
    const { name = '' } = volume;
    const errors = sourceErrors(volume, at);
    if (name === '') errors.push(required(at.child('name')));
    else errors.push(...textErrors(validateDns1123Label(name), name, at.child('name')));
    if (names.has(name)) errors.push(duplicate(at.child('name'), name));
    names.add(name);
    return errors;
  });
}
