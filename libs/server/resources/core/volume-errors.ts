import {
  compareQuantities,
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  parseQuantity,
  required,
  semanticEqual,
  validateDns1123Subdomain,
  validateLabelSelector,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from '@drydock/api/core/v1';
import { immutable, oneOf, optionalOneOf, textErrors } from '../common/index.ts';
import { noBackstepErrors, validateNodeSelector } from '../shared/index.ts';

const spec = fieldPath('spec');
const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const volumeModes = ['Block', 'Filesystem'];
const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];
/** Where a PersistentVolume can come from, in the order in which Kubernetes looks, and what each must have. */
const sources: Readonly<Record<string, readonly string[]>> = {
  hostPath: ['path'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  glusterfs: ['endpoints', 'path'],
  flocker: [],
  nfs: ['server', 'path'],
  rbd: ['image'],
  quobyte: ['registry', 'volume'],
  cephfs: [],
  iscsi: ['targetPortal', 'iqn'],
  cinder: ['volumeID'],
  fc: [],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  local: ['path'],
  storageos: [],
  csi: ['driver', 'volumeHandle'],
};

function modeErrors(modes: readonly string[] | undefined, where: FieldPath, detail: string): FieldError[] {
  if ((modes ?? []).length === 0) return [required(where, detail)];
  const errors = (modes ?? []).flatMap((mode) => optionalOneOf(mode, accessModes, where));
  const alone = modes?.includes('ReadWriteOncePod') === true;
  if (alone && modes?.some((mode) => mode !== 'ReadWriteOncePod'))
    errors.push(forbiddenField(where, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

function positiveAmount(amount: string, where: FieldPath): FieldError[] {
  return parseQuantity(amount).sign() > 0 ? [] : [invalidValue(where, amount, 'must be greater than zero')];
}

function classErrors(name: string | undefined, where: FieldPath): FieldError[] {
  return name ? textErrors(validateDns1123Subdomain(name), name, where) : [];
}

type DataSource = NonNullable<PersistentVolumeClaimSpec['dataSource']>;

function dataSourceErrors(source: DataSource | undefined, where: FieldPath): FieldError[] {
  if (source === undefined) return [];
  const { name = '', kind = '', apiGroup = '' } = source;
  const errors = name === '' ? [required(where.child('name'))] : [];
  if (kind === '') errors.push(required(where.child('kind')));
  if (apiGroup === '') {
    const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    if (kind !== 'PersistentVolumeClaim') errors.push(invalidValue(where, kind, detail));
  } else errors.push(...textErrors(validateDns1123Subdomain(apiGroup), apiGroup, where.child('apiGroup')));
  return errors;
}

/** What is wrong with a claim's spec. */
export function claimErrors(value: PersistentVolumeClaimSpec | undefined, where: FieldPath): FieldError[] {
  const errors = modeErrors(
    value?.accessModes,
    where.child('accessModes'),
    'at least 1 access mode is required',
  );
  if (value?.selector) errors.unshift(...validateLabelSelector(value.selector, where.child('selector')));
  const amount = value?.resources?.requests?.['storage'];
  const at = where.child('resources').key('storage');
  errors.push(...(amount === undefined ? [required(at)] : positiveAmount(amount, at)));
  return [
    ...errors,
    ...classErrors(value?.storageClassName, where.child('storageClassName')),
    ...optionalOneOf(value?.volumeMode, volumeModes, where.child('volumeMode')),
    ...dataSourceErrors(value?.dataSource, where.child('dataSource')),
    ...dataSourceErrors(value?.dataSourceRef, where.child('dataSourceRef')),
    ...classErrors(value?.volumeAttributesClassName, where.child('volumeAttributesClassName')),
  ];
}

/** What may not change in a claim: all but the size and the attributes of a bound one. */
export function claimChangeErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const size = (value: PersistentVolumeClaimSpec | undefined) =>
    value?.resources?.requests?.['storage'] ?? '0';
  const before = { ...old.spec };
  const after = { ...claim.spec };
  // The binder may name the volume, once; a claim that named no class may get the default one.
  if (!before.volumeName) before.volumeName = after.volumeName;
  if (before.storageClassName === undefined) before.storageClassName = after.storageClassName;
  if (claim.status?.phase === 'Bound') {
    if (after.volumeAttributesClassName !== undefined)
      after.volumeAttributesClassName = before.volumeAttributesClassName;
    if (after.resources?.requests !== undefined) {
      const requests = { ...after.resources.requests, storage: size(old.spec) };
      after.resources = { ...after.resources, requests };
    }
  }
  const errors: FieldError[] = [];
  if (!semanticEqual(after, before)) {
    const detail =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.push(forbiddenField(spec, detail));
  }
  const smaller = compareQuantities(size(claim.spec), size(old.spec)) < 0;
  const held = old.status?.capacity?.['storage'] ?? '0';
  if (smaller && compareQuantities(size(claim.spec), held) <= 0) {
    const at = spec.child('resources', 'requests', 'storage');
    errors.push(forbiddenField(at, 'field can not be less than status.capacity'));
  }
  return [...errors, ...immutable(claim.spec?.volumeMode, old.spec?.volumeMode, fieldPath('volumeMode'))];
}

function capacityErrors(capacity: Readonly<Record<string, string>> | undefined): FieldError[] {
  const at = spec.child('capacity');
  const names = Object.keys(capacity ?? {});
  if (names.length === 0) return [required(at)];
  const errors: FieldError[] = [];
  if (names.length > 1 || names[0] !== 'storage') errors.push(notSupported(at, capacity, ['storage']));
  for (const [name, amount] of Object.entries(capacity ?? {}))
    errors.push(...positiveAmount(amount, at.key(name)));
  return errors;
}

function sourceOf(value: PersistentVolumeSpec): Record<string, unknown> {
  const fields = value as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(sources)
      .filter((kind) => fields[kind] !== undefined && fields[kind] !== null)
      .map((kind) => [kind, fields[kind]]),
  );
}

function sourceErrors(value: PersistentVolumeSpec): FieldError[] {
  const [first, ...extras] = Object.entries(sourceOf(value)) as [string, Record<string, unknown>][];
  if (first === undefined) return [required(spec, 'must specify a volume type')];
  const [kind, source] = first;
  const at = spec.child(kind);
  const errors = (sources[kind] ?? [])
    .filter((name) => !source[name])
    .map((name) => required(at.child(name)));
  const path = source['path'];
  if ((kind === 'hostPath' || kind === 'local') && typeof path === 'string')
    errors.push(...noBackstepErrors(path, at.child('path')));
  if (kind === 'nfs' && typeof path === 'string' && path !== '' && !path.startsWith('/'))
    errors.push(invalidValue(at.child('path'), path, 'must be an absolute path'));
  if (kind === 'local' && value.nodeAffinity === undefined)
    errors.push(required(spec.child('nodeAffinity'), 'Local volume requires node affinity'));
  for (const [extra] of extras)
    errors.push(forbiddenField(spec.child(extra), 'may not specify more than 1 volume type'));
  return errors;
}

/** What is wrong with a PersistentVolume. */
export function volumeErrors({ spec: value = {} as PersistentVolumeSpec }: PersistentVolume): FieldError[] {
  const errors = [
    ...modeErrors(value.accessModes, spec.child('accessModes'), ''),
    ...capacityErrors(value.capacity),
  ];
  const reclaim = value.persistentVolumeReclaimPolicy ?? '';
  const atReclaim = spec.child('persistentVolumeReclaimPolicy');
  if (reclaim !== '') errors.push(...oneOf(reclaim, reclaimPolicies, atReclaim));
  if (value.nodeAffinity !== undefined) {
    const must = value.nodeAffinity.required;
    const at = spec.child('nodeAffinity', 'required');
    if (must === undefined) errors.push(required(at, 'must specify required node constraints'));
    else errors.push(...validateNodeSelector(must, at));
  }
  errors.push(...sourceErrors(value));
  if (reclaim === 'Recycle' && /^\/+(\.?\/*)*$/.test(value.hostPath?.path ?? ''))
    errors.push(forbiddenField(atReclaim, "may not be 'recycle' for a hostPath mount of '/'"));
  return [
    ...errors,
    ...classErrors(value.storageClassName, spec.child('storageClassName')),
    ...optionalOneOf(value.volumeMode, volumeModes, spec.child('volumeMode')),
    ...classErrors(value.volumeAttributesClassName, spec.child('volumeAttributesClassName')),
  ];
}

/** What may not change in a PersistentVolume: where it comes from and how it is shown. */
export function volumeChangeErrors(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const before = sourceOf(old.spec ?? ({} as PersistentVolumeSpec));
  const after = sourceOf(volume.spec ?? ({} as PersistentVolumeSpec));
  const secret = 'controllerExpandSecretRef';
  const csi = before['csi'] as Record<string, unknown> | undefined;
  const newCsi = after['csi'] as Record<string, unknown> | undefined;
  if (csi !== undefined && csi[secret] === undefined && newCsi?.[secret] !== undefined)
    after['csi'] = { ...newCsi, [secret]: undefined };
  const errors = semanticEqual(before, after)
    ? []
    : [
        forbiddenField(
          spec.child('persistentvolumesource'),
          'spec.persistentvolumesource is immutable after creation',
        ),
      ];
  errors.push(...immutable(volume.spec?.volumeMode, old.spec?.volumeMode, fieldPath('volumeMode')));
  if (old.spec?.nodeAffinity !== undefined)
    errors.push(...immutable(volume.spec?.nodeAffinity, old.spec.nodeAffinity, fieldPath('nodeAffinity')));
  return errors;
}
