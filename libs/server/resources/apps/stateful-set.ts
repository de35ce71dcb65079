import { cloneJson, fieldPath, forbiddenField, invalidValue, required } from '@drydock/base/apimachinery';
import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { semanticEqual } from '@drydock/base/apimachinery';
import type {
  StatefulSet,
  StatefulSetPersistentVolumeClaimRetentionPolicy,
  StatefulSetSpec,
  StatefulSetStatus,
  StatefulSetUpdateStrategy,
} from '@drydock/api/apps/v1';
import type { PersistentVolumeClaim, PodTemplateSpec, Volume } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  above100PercentErrors,
  ageColumn,
  alwaysRestartErrors,
  collisionCountErrors,
  containerColumns,
  defaultPodTemplate,
  intOrPercentErrors,
  intOrPercentValue,
  nameColumn,
  nonNegative,
  nonNegativeFields,
  optionalOneOf,
  textColumn,
  workloadSelectorErrors,
  availabilityErrors,
} from '../common/index.ts';
import { claimWarnings, templateWarnings, validatePodTemplateSpec } from '../shared/index.ts';

const spec = fieldPath('spec');
const status = fieldPath('status');

/** What may change after creation. */
const mutableFields = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

const forbiddenUpdate =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
  "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

function claimTemplateDefaults(claim: PersistentVolumeClaim): void {
  claim.apiVersion = 'v1';
  claim.kind = 'PersistentVolumeClaim';
  claim.metadata ??= {};
  claim.spec ??= {};
  claim.spec.volumeMode ??= 'Filesystem';
  claim.spec.resources ??= {};
  claim.status ??= {};
  claim.status.phase ??= 'Pending';
}

function updateStrategyErrors(
  strategy: StatefulSetUpdateStrategy | undefined,
  where: FieldPath,
): FieldError[] {
  const rolling = strategy?.rollingUpdate;
  const at = where.child('rollingUpdate');
  switch (strategy?.type ?? '') {
    case '':
      return [required(where)];
    case 'OnDelete':
      return rolling === undefined
        ? []
        : [invalidValue(at, rolling, "only allowed for updateStrategy 'RollingUpdate'")];
    case 'RollingUpdate': {
      const errors = nonNegative(rolling?.partition, at.child('partition'));
      const unavailable = rolling?.maxUnavailable;
      if (unavailable === undefined) return errors;
      const atUnavailable = at.child('maxUnavailable');
      errors.push(...intOrPercentErrors(unavailable, atUnavailable));
      if (intOrPercentValue(unavailable) === 0)
        errors.push(invalidValue(atUnavailable, unavailable, 'cannot be 0'));
      return [...errors, ...above100PercentErrors(unavailable, atUnavailable)];
    }
    default:
      return [invalidValue(where, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

function retentionPolicyErrors(
  policy: StatefulSetPersistentVolumeClaimRetentionPolicy | undefined,
  where: FieldPath,
): FieldError[] {
  if (policy === undefined) return [];
  const supported = ['Retain', 'Delete'];
  return [
    ...optionalOneOf(policy.whenDeleted ?? '', supported, where.child('whenDeleted')),
    ...optionalOneOf(policy.whenScaled ?? '', supported, where.child('whenScaled')),
  ];
}

/** Volumes of a StatefulSet's template may come from claim templates, so mounts cannot be checked against volumes alone. */
function templateErrors(value: StatefulSetSpec, where: FieldPath): FieldError[] {
  const template: PodTemplateSpec = value.template ?? {};
  const claims = (value.volumeClaimTemplates ?? []).map((claim) => claim.metadata?.name ?? '');
  const declared = new Set((template.spec?.volumes ?? []).map((volume) => volume.name));
  const missing = claims.filter((name) => name !== '' && !declared.has(name));
  if (missing.length === 0) return validatePodTemplateSpec(template, where);
  const whole = cloneJson(template);
  if (whole.spec !== undefined) {
    whole.spec.volumes = [
      ...(whole.spec.volumes ?? []),
      ...missing.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }) as Volume),
    ];
  }
  return validatePodTemplateSpec(whole, where);
}

function specErrors(value: StatefulSetSpec, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const policy = value.podManagementPolicy ?? '';
  const atPolicy = where.child('podManagementPolicy');
  if (policy === '') errors.push(required(atPolicy));
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    errors.push(invalidValue(atPolicy, policy, "must be 'OrderedReady' or 'Parallel'"));
  }
  return [
    ...errors,
    ...updateStrategyErrors(value.updateStrategy, where.child('updateStrategy')),
    ...retentionPolicyErrors(
      value.persistentVolumeClaimRetentionPolicy,
      where.child('persistentVolumeClaimRetentionPolicy'),
    ),
    ...nonNegative(value.replicas, where.child('replicas')),
    ...nonNegative(value.minReadySeconds, where.child('minReadySeconds')),
    ...nonNegative(value.ordinals?.start, where.child('ordinals.start')),
    ...nonNegative(value.revisionHistoryLimit, where.child('revisionHistoryLimit')),
    ...workloadSelectorErrors(value, where, 'empty selector is invalid for statefulset', ''),
    ...templateErrors(value, where.child('template')),
    ...alwaysRestartErrors(value.template?.spec, 'StatefulSet', where.child('template', 'spec')),
  ];
}

function withoutMutable(value: StatefulSetSpec | undefined): object {
  const copy: Partial<StatefulSetSpec> = { ...value };
  for (const name of mutableFields) delete copy[name];
  return copy;
}

function warnings(object: StatefulSet, old: StatefulSet | undefined): string[] {
  const { template, volumeClaimTemplates = [], revisionHistoryLimit = 0 } = object.spec ?? {};
  const advice = templateWarnings(object, old, template);
  volumeClaimTemplates.forEach((claim, index) => {
    const at = fieldPath('spec', 'volumeClaimTemplates').index(index);
    // Kubernetes tells the path otherwise when the set changes.
    advice.push(...claimWarnings(claim.spec, old === undefined ? at : at.child('Spec')));
  });
  if (revisionHistoryLimit < 0)
    advice.push(
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    );
  return advice;
}

/** apps/v1 StatefulSet. */
export const statefulSetDefinition: ResourceDefinition<StatefulSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  resource: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.apps.v1.StatefulSet',
  status: true,
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selector: (object) => (object as StatefulSet).spec?.selector,
  },
  strategy: {
    warnings,
    nameFormat: 'dns1123label',
    defaults(object) {
      const value = (object.spec ??= {} as StatefulSetSpec);
      value.podManagementPolicy ||= 'OrderedReady';
      value.updateStrategy ??= {};
      const update = value.updateStrategy;
      update.type ||= 'RollingUpdate';
      if (update.type === 'RollingUpdate') {
        update.rollingUpdate ??= {};
        update.rollingUpdate.partition ??= 0;
      }
      const retention = (value.persistentVolumeClaimRetentionPolicy ??= {});
      retention.whenDeleted ||= 'Retain';
      retention.whenScaled ||= 'Retain';
      value.replicas ??= 1;
      value.revisionHistoryLimit ??= 10;
      value.volumeClaimTemplates?.forEach(claimTemplateDefaults);
      defaultPodTemplate(value);
    },
    prepareForCreate(object) {
      object.status = { replicas: 0, availableReplicas: 0 } as StatefulSetStatus;
    },
    validate: (object) => specErrors(object.spec, spec),
    validateUpdate: (object, old) =>
      semanticEqual(withoutMutable(object.spec), withoutMutable(old.spec))
        ? []
        : [forbiddenField(spec, forbiddenUpdate)],
    validateStatusUpdate: (object, old) => [
      ...nonNegativeFields(
        object.status ?? {},
        [
          'replicas',
          'readyReplicas',
          'currentReplicas',
          'updatedReplicas',
          'availableReplicas',
          'observedGeneration',
          'collisionCount',
        ],
        status,
      ),
      ...availabilityErrors(
        object.status ?? {},
        ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
        status,
        'status.readyReplicas',
      ),
      ...collisionCountErrors(object.status, old.status),
    ],
  },
  columns: [
    nameColumn,
    textColumn('Ready', 'Ready Pods against desired ones.', (object) => {
      return `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`;
    }),
    ageColumn,
    ...containerColumns<StatefulSet>((object) => object.spec),
  ],
};
