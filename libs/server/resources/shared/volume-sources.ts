import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  parseQuantity,
  required,
  validateAnnotations,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabels,
  validateLabelSelector,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type {
  DownwardAPIVolumeFile,
  PersistentVolumeClaimTemplate,
  ProjectedVolumeSource,
  Volume,
} from '@drydock/api/core/v1';
import { textErrors } from '../common/index.ts';
import { fieldRefErrors, fileFields, resourceFieldRefErrors } from './downward-api.ts';
import { descendingPathErrors, fileModeErrors, keyToPathErrors, unreservedPathErrors } from './paths.ts';
import { claimErrors } from './claim-spec.ts';
import { need, podSourceChecks, sourceErrors, type SourceChecks } from './volume-kinds.ts';

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const shortestTokenSeconds = 600;
const longestTokenSeconds = 2 ** 32;

function downwardFileErrors(
  files: readonly DownwardAPIVolumeFile[] | undefined,
  at: FieldPath,
): FieldError[] {
  // Of which file it is Kubernetes does not tell.
  return (files ?? []).flatMap((file) => {
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

/** The path's place is told as if it were the volume's own. */
function tokenErrors(token: Token, at: FieldPath, volume: FieldPath): FieldError[] {
  const seconds = token.expirationSeconds ?? shortestTokenSeconds;
  const errors: FieldError[] = [];
  const where = at.child('expirationSeconds');
  if (seconds < shortestTokenSeconds)
    errors.push(invalidValue(where, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > longestTokenSeconds)
    errors.push(invalidValue(where, seconds, 'may not specify a duration larger than 2^32 seconds'));
  if (!token.path) return [...errors, required(volume.child('path'))];
  return [...errors, ...unreservedPathErrors(token.path, volume.child('path'))];
}

const projections = [
  'secret',
  'configMap',
  'downwardAPI',
  'serviceAccountToken',
  'clusterTrustBundle',
] as const;

function projectedErrors(source: ProjectedVolumeSource, where: FieldPath): FieldError[] {
  const errors = fileModeErrors(source.defaultMode, where.child('defaultMode'));
  const paths = new Set<string>();
  /** `named`: what is shown as the value that is wrong. */
  const unique = (files: readonly { path?: string }[] | undefined, named?: string) => {
    for (const { path = '' } of files ?? []) {
      if (path === '') continue;
      if (paths.has(path)) errors.push(invalidValue(where, named ?? path, 'conflicting duplicate paths'));
      paths.add(path);
    }
  };
  source.sources?.forEach((one, index) => {
    const at = where.child('sources').index(index);
    const given = projections.filter((kind) => one[kind] !== undefined && one[kind] !== null);
    for (const kind of given) {
      const here = at.child(kind);
      if (kind === 'secret' || kind === 'configMap') {
        errors.push(...need(one[kind] ?? {}, ['name'], here));
        errors.push(...keyToPathErrors(one[kind]?.items, here.child('items')));
        unique(one[kind]?.items, one[kind]?.name ?? '');
      } else if (kind === 'downwardAPI') {
        errors.push(...downwardFileErrors(one.downwardAPI?.items, here));
        unique(one.downwardAPI?.items);
      } else if (kind === 'serviceAccountToken') {
        errors.push(...tokenErrors(one.serviceAccountToken!, here, where));
      } else {
        errors.push(...trustBundleErrors(one.clusterTrustBundle!, here));
        unique([one.clusterTrustBundle!]);
      }
    }
    if (given.length > 1)
      errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'));
  });
  return errors;
}

type TrustBundle = NonNullable<NonNullable<ProjectedVolumeSource['sources']>[number]['clusterTrustBundle']>;

/** A bundle by its name, or all of a signer that a selector takes. */
function trustBundleErrors(bundle: TrustBundle, at: FieldPath): FieldError[] {
  const { name, signerName, labelSelector, path = '' } = bundle;
  const errors: FieldError[] = [];
  if (name !== undefined && signerName !== undefined) {
    errors.push(invalidValue(at, bundle, 'only one of name and signerName may be used'));
  } else if (name !== undefined) {
    if (name === '') errors.push(required(at.child('name'), 'must be a valid object name'));
    if (labelSelector !== undefined) {
      const detail = 'labelSelector must be unset if name is specified';
      errors.push(invalidValue(at.child('labelSelector'), labelSelector, detail));
    }
  } else if (signerName !== undefined) {
    if (signerName === '') errors.push(required(at.child('signerName'), 'must be a valid signer name'));
    if (labelSelector !== undefined)
      errors.push(...validateLabelSelector(labelSelector, at.child('labelSelector')));
  } else {
    errors.push(required(at, 'either name or signerName must be specified'));
  }
  if (path === '') errors.push(required(at.child('path')));
  return [...errors, ...unreservedPathErrors(path, at.child('path'))];
}

/** Of the claims that Pods bring along only labels and annotations are kept. */
function claimTemplateErrors(template: PersistentVolumeClaimTemplate, at: FieldPath): FieldError[] {
  const { labels, annotations, ...rest } = template.metadata ?? {};
  const meta = at.child('metadata');
  const others = Object.entries(rest).filter(([, value]) => isSet(value));
  return [
    ...validateAnnotations(annotations ?? {}, meta.child('annotations')),
    ...validateLabels(labels, meta.child('labels')),
    ...others.map(([name]) =>
      // Go's name for the field, its first letter lowered.
      forbiddenField(meta.child(name === 'uid' ? 'uID' : name), 'cannot be set for an ephemeral volume'),
    ),
    ...claimErrors(template.spec, at.child('spec')),
  ];
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== '' && value !== 0;
}

/** In the order in which Kubernetes looks at them: the first that is there is the volume's source. */
const checks: SourceChecks<Volume> = {
  emptyDir: ({ sizeLimit }, at) =>
    sizeLimit !== undefined && parseQuantity(sizeLimit).sign() < 0
      ? [forbiddenField(at.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
      : [],
  ...pick('hostPath'),
  gitRepo: (source, at) => [
    ...need(source, ['repository'], at),
    ...descendingPathErrors(source.directory ?? '', at.child('directory')),
  ],
  ...pick('gcePersistentDisk', 'awsElasticBlockStore'),
  secret: (source, at) => [
    ...need(source, ['secretName'], at),
    ...fileModeErrors(source.defaultMode, at.child('defaultMode')),
    ...keyToPathErrors(source.items, at.child('items')),
  ],
  ...pick('nfs', 'iscsi', 'glusterfs', 'flocker'),
  persistentVolumeClaim: (source, at) => need(source, ['claimName'], at),
  ...pick('rbd', 'cinder', 'cephfs', 'quobyte'),
  downwardAPI: (source, at) => [
    ...fileModeErrors(source.defaultMode, at.child('defaultMode')),
    ...downwardFileErrors(source.items, at),
  ],
  ...pick('fc', 'flexVolume'),
  configMap: (source, at) => [
    ...need(source, ['name'], at),
    ...fileModeErrors(source.defaultMode, at.child('defaultMode')),
    ...keyToPathErrors(source.items, at.child('items')),
  ],
  ...pick('azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos'),
  projected: projectedErrors,
  ...pick('scaleIO', 'csi'),
  ephemeral: ({ volumeClaimTemplate }, at) => {
    const where = at.child('volumeClaimTemplate');
    return volumeClaimTemplate === undefined
      ? [required(where)]
      : claimTemplateErrors(volumeClaimTemplate, where);
  },
  image: ({ pullPolicy = '' }, at) =>
    pullPolicy === '' || pullPolicies.includes(pullPolicy)
      ? []
      : [notSupported(at.child('pullPolicy'), pullPolicy, pullPolicies)],
};

function pick(...kinds: (keyof Volume)[]): SourceChecks<Volume> {
  return Object.fromEntries(kinds.map((kind) => [kind, podSourceChecks[kind]])) as SourceChecks<Volume>;
}

const order = Object.keys(checks);

function givenSources(volume: Volume): (readonly [string, unknown])[] {
  return Object.entries(volume)
    .filter(([kind, source]) => kind !== 'name' && source !== undefined && source !== null)
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}

/** The claim that an ephemeral volume gets is named after the Pod and the volume. */
function claimNameErrors(pod: string, volume: string, at: FieldPath): FieldError[] {
  const claim = `${pod}-${volume}`;
  return validateDns1123Subdomain(claim).map((message) =>
    invalidValue(at.child('name'), volume, `PVC name "${claim}": ${message}`),
  );
}

/**
 * Volumes: names present, valid and unique, one well formed source each.
 * @param podName of a Pod, after which claims are named; none in a template
 */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  where: FieldPath,
  podName = '',
): FieldError[] {
  const names = new Set<string>();
  const ownClaims = new Set(
    (volumes ?? []).filter(({ ephemeral }) => ephemeral).map(({ name }) => `${podName}-${name}`),
  );
  return (volumes ?? []).flatMap((volume, index) => {
    const at = where.index(index);
    const { name = '', ephemeral, persistentVolumeClaim: claim } = volume;
    const errors = sourceErrors(givenSources(volume), checks, { name, at });
    if (ephemeral && podName !== '' && name !== '') errors.push(...claimNameErrors(podName, name, at));
    if (name === '') errors.push(required(at.child('name')));
    else errors.push(...textErrors(validateDns1123Label(name), name, at.child('name')));
    if (names.has(name)) errors.push(duplicate(at.child('name'), name));
    if (errors.length === 0) names.add(name);
    if (podName !== '' && claim && ownClaims.has(claim.claimName ?? '')) {
      const detail = 'must not reference a PVC that gets created for an ephemeral volume';
      errors.push(invalidValue(at.child('persistentVolumeClaim', 'claimName'), claim.claimName, detail));
    }
    return errors;
  });
}
