import type { FieldError } from '@drydock/base/apimachinery';
import {
  duplicate,
  fieldPath,
  invalidValue,
  notSupported,
  required,
  semanticEqual,
} from '@drydock/base/apimachinery';
import type { CSIDriver, CSIDriverSpec } from '@drydock/api/storage/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  booleanColumn,
  immutable,
  nameColumn,
  optionalOneOf,
  textColumn,
  driverNameErrors,
} from '../common/index.ts';

const spec = fieldPath('spec');
const lifecycleModes = ['Ephemeral', 'Persistent'];
const groupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'];
const minTokenSeconds = 600;
const maxTokenSeconds = 2 ** 32;
const minUpdatePeriodSeconds = 10;

function tokenErrors(value: CSIDriverSpec): FieldError[] {
  const where = spec.child('tokenRequests');
  const seen = new Set<string>();
  return (value.tokenRequests ?? []).flatMap((request, index) => {
    const at = where.index(index);
    const errors: FieldError[] = [];
    const audience = request.audience ?? '';
    if (seen.has(audience)) errors.push(duplicate(at.child('audience'), audience));
    seen.add(audience);
    const seconds = request.expirationSeconds;
    const atSeconds = at.child('expirationSeconds');
    if (seconds !== undefined && seconds < minTokenSeconds) {
      errors.push(invalidValue(atSeconds, seconds, 'may not specify a duration less than 10 minutes'));
    }
    if (seconds !== undefined && seconds > maxTokenSeconds) {
      errors.push(invalidValue(atSeconds, seconds, 'may not specify a duration larger than 2^32 seconds'));
    }
    return errors;
  });
}

function specErrors(value: CSIDriverSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['attachRequired', 'podInfoOnMount', 'storageCapacity'] as const) {
    if (value[name] === undefined) errors.push(required(spec.child(name)));
  }
  const period = value.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < minUpdatePeriodSeconds) {
    const detail = `must be greater than or equal to ${minUpdatePeriodSeconds} seconds`;
    errors.push(invalidValue(spec.child('nodeAllocatableUpdatePeriodSeconds'), period, detail));
  }
  const atModes = spec.child('volumeLifecycleModes');
  (value.volumeLifecycleModes ?? []).forEach((mode) => {
    if (!lifecycleModes.includes(mode))
      errors.push(notSupported(atModes, mode, [...lifecycleModes].reverse()));
  });
  return [
    ...errors,
    ...optionalOneOf(value.fsGroupPolicy, groupPolicies, spec.child('fsGroupPolicy')),
    ...tokenErrors(value),
  ];
}

/** storage.k8s.io/v1 CSIDriver: what a CSI driver can do and needs. */
export const csiDriverDefinition: ResourceDefinition<CSIDriver> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  resource: 'csidrivers',
  singular: 'csidriver',
  namespaced: false,
  schema: 'k8s.io.api.storage.v1.CSIDriver',
  strategy: {
    generation: false,
    allowUnconditionalUpdate: false,
    prepareForUpdate(object, old) {
      // Generations are counted from the first change on, not from the creation.
      if (!semanticEqual(object.spec, old.spec))
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    defaults(object) {
      const value = (object.spec ??= {} as CSIDriverSpec);
      value.attachRequired ??= true;
      value.podInfoOnMount ??= false;
      value.storageCapacity ??= false;
      value.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
      if ((value.volumeLifecycleModes ?? []).length === 0) value.volumeLifecycleModes = ['Persistent'];
      value.requiresRepublish ??= false;
      value.seLinuxMount ??= false;
    },
    validate: (object) => [
      ...driverNameErrors(object.metadata.name, fieldPath('metadata', 'name')),
      ...specErrors(object.spec),
    ],
    validateUpdate: ({ spec: value }, { spec: old }) => [
      ...immutable(value.attachRequired, old.attachRequired, spec.child('attachedRequired')),
      ...immutable(value.volumeLifecycleModes, old.volumeLifecycleModes, spec.child('volumeLifecycleModes')),
    ],
  },
  columns: [
    nameColumn,
    booleanColumn('AttachRequired', 'Whether volumes are attached first.', (object) => {
      return object.spec?.attachRequired ?? true;
    }),
    booleanColumn('PodInfoOnMount', 'Whether the driver is told of the Pod.', (object) => {
      return object.spec?.podInfoOnMount ?? false;
    }),
    booleanColumn(
      'StorageCapacity',
      'Whether capacity is tracked.',
      (object) => object.spec?.storageCapacity ?? false,
    ),
    textColumn('TokenRequests', 'Audiences of the tokens it is given.', (object) => {
      return object.spec?.tokenRequests?.map((request) => request.audience).join(',') ?? '<unset>';
    }),
    booleanColumn('RequiresRepublish', 'Whether mounts are repeated.', (object) => {
      return object.spec?.requiresRepublish ?? false;
    }),
    textColumn('Modes', 'Lifecycles of volumes it supports.', (object) => {
      const modes = (object.spec?.volumeLifecycleModes ?? []).join(',');
      return modes === '' ? '<none>' : modes;
    }),
    ageColumn,
  ],
};
