import {
  cloneJson,
  compareQuantities,
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  semanticEqual,
  type FieldError,
} from '@drydock/base/apimachinery';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from '@drydock/api/core/v1';
import { immutable, oneOf, optionalOneOf } from '../common/index.ts';
import {
  accessModeErrors,
  classErrors,
  persistentSourceChecks,
  positiveAmount,
  sourceErrors,
  validateNodeSelector,
  volumeModes,
} from '../shared/index.ts';

const spec = fieldPath('spec');
const betaClass = 'volume.beta.kubernetes.io/storage-class';
const fixed = 'field is immutable';
const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];
/** What may not change in a claim: all but the size and the attributes of a bound one. */
export function claimChangeErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const size = (value: PersistentVolumeClaimSpec | undefined) =>
    value?.resources?.requests?.['storage'] ?? '0';
  const before = { ...old.spec };
  const after = { ...claim.spec };
  const oldClass = old.metadata.annotations?.[betaClass];
  const newClass = claim.metadata.annotations?.[betaClass];
  const errors: FieldError[] = [];
  // The binder may name the volume, once.
  if (!before.volumeName) before.volumeName = after.volumeName;
  // A class may move from its annotation to its field; a claim that named none may get the default one.
  const first = before.storageClassName === undefined && after.storageClassName !== undefined;
  const moves = first && after.storageClassName === oldClass;
  if (first && (oldClass === undefined || moves)) before.storageClassName = after.storageClassName;
  if (oldClass !== newClass && !(moves && newClass === undefined))
    errors.push(invalidValue(fieldPath('metadata', 'annotations', betaClass), newClass ?? '', fixed));
  if (claim.status?.phase === 'Bound') {
    if (after.volumeAttributesClassName !== undefined)
      after.volumeAttributesClassName = before.volumeAttributesClassName;
    if (after.resources?.requests !== undefined) {
      const requests = { ...after.resources.requests, storage: size(old.spec) };
      after.resources = { ...after.resources, requests };
    }
  }
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
  const attributes = spec.child('volumeAttributesClassName');
  if (old.spec?.volumeAttributesClassName !== undefined) {
    const now = claim.spec?.volumeAttributesClassName;
    if (now === undefined)
      errors.push(forbiddenField(attributes, 'update from non-nil value to nil is forbidden'));
    else if (now === '')
      errors.push(forbiddenField(attributes, 'update from non-nil value to an empty string is forbidden'));
  }
  return [...errors, ...immutable(claim.spec?.volumeMode, old.spec?.volumeMode, fieldPath('volumeMode'))];
}

function capacityErrors(capacity: Readonly<Record<string, string>> | undefined): FieldError[] {
  const at = spec.child('capacity');
  const names = Object.keys(capacity ?? {});
  const errors = names.length === 0 ? [required(at)] : [];
  if (names.length !== 1 || names[0] !== 'storage')
    errors.push(notSupported(at, capacity ?? null, ['storage']));
  for (const [name, amount] of Object.entries(capacity ?? {}))
    errors.push(...positiveAmount(amount, at.key(name)));
  return errors;
}

/** Whether the path leads to the root, whatever steps it takes. */
function isRoot(path: string): boolean {
  const depth = path.split('/').reduce((at, step) => {
    if (step === '' || step === '.') return at;
    return step === '..' ? Math.max(0, at - 1) : at + 1;
  }, 0);
  return path.startsWith('/') && depth === 0;
}

function sourceOf(value: PersistentVolumeSpec): Record<string, unknown> {
  const fields = value as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(persistentSourceChecks)
      .filter((kind) => fields[kind] !== undefined && fields[kind] !== null)
      .map((kind) => [kind, fields[kind]]),
  );
}

/** Only drivers know of attributes. */
function attributesErrors(value: PersistentVolumeSpec): FieldError[] {
  const { volumeAttributesClassName: name } = value;
  if (name === undefined) return [];
  const at = spec.child('volumeAttributesClassName');
  return [
    ...(name === '' ? [required(at, 'an empty string is disallowed')] : classErrors(name, at)),
    ...(value.csi === undefined
      ? [required(spec.child('csi'), 'has to be specified when using volumeAttributesClassName')]
      : []),
  ];
}

/** What is wrong with a PersistentVolume. */
export function volumeErrors({
  metadata: { name = '' },
  spec: value = {} as PersistentVolumeSpec,
}: PersistentVolume): FieldError[] {
  const errors = [
    ...accessModeErrors(value.accessModes, spec.child('accessModes'), ''),
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
  const given = sourceOf(value);
  errors.push(...sourceErrors(Object.entries(given), persistentSourceChecks, { name, at: spec }));
  if (Object.keys(given)[0] === 'local' && value.nodeAffinity === undefined)
    errors.push(required(spec.child('nodeAffinity'), 'Local volume requires node affinity'));
  if (reclaim === 'Recycle' && value.hostPath !== undefined && isRoot(value.hostPath.path ?? ''))
    errors.push(forbiddenField(atReclaim, "may not be 'recycle' for a hostPath mount of '/'"));
  return [
    ...errors,
    ...classErrors(value.storageClassName, spec.child('storageClassName')),
    ...optionalOneOf(value.volumeMode, volumeModes, spec.child('volumeMode')),
    ...attributesErrors(value),
  ];
}

/** Labels of nodes that were beta once, and what they are called now. */
const grownUp: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

type VolumeAffinity = PersistentVolumeSpec['nodeAffinity'];

/** The old affinity, with the keys that the new one calls by their later names. */
function renamed(old: VolumeAffinity, now: VolumeAffinity): VolumeAffinity {
  const draft = cloneJson(old);
  draft?.required?.nodeSelectorTerms?.forEach((term, index) =>
    term.matchExpressions?.forEach((requirement, place) => {
      const key = now?.required?.nodeSelectorTerms?.[index]?.matchExpressions?.[place]?.key;
      if (key !== undefined && grownUp[requirement.key ?? ''] === key) requirement.key = key;
    }),
  );
  return draft;
}

/** An affinity may be given once, and its labels may grow up. */
function affinityChangeErrors(now: VolumeAffinity, old: VolumeAffinity): FieldError[] {
  if (old === undefined || semanticEqual(now, renamed(old, now))) return [];
  const detail = `${fixed}, except for updating from beta label to GA`;
  return [invalidValue(fieldPath('nodeAffinity'), now ?? null, detail)];
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
  errors.push(...affinityChangeErrors(volume.spec?.nodeAffinity, old.spec?.nodeAffinity));
  const attributes = spec.child('volumeAttributesClassName');
  if (
    old.spec?.volumeAttributesClassName !== undefined &&
    volume.spec?.volumeAttributesClassName === undefined
  )
    errors.push(forbiddenField(attributes, 'update from non-nil value to nil is forbidden'));
  return errors;
}
