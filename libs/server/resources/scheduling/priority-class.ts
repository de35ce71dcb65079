import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, forbiddenField, notSupported } from '@drydock/base/apimachinery';
import type { PriorityClass } from '@drydock/api/scheduling/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, booleanColumn, integerColumn, nameColumn, textColumn } from '../common/index.ts';

/** Values above this are the system's own. */
const highestUserDefinable = 1_000_000_000;
const systemPrefix = 'system-';
const systemClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

/** Why a class that is named like one of the system's is none of them. */
function strangeness(name: string, known: number | undefined, object: PriorityClass): string | undefined {
  if (known === undefined) return `${name} is not a known system priority class`;
  if (known !== (object.value ?? 0)) return `value of ${name} PriorityClass must be ${known}`;
  return object.globalDefault === true ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function systemErrors(object: PriorityClass): FieldError[] {
  const name = object.metadata.name ?? '';
  const known = systemClasses[name];
  if (!name.startsWith(systemPrefix)) {
    return (object.value ?? 0) > highestUserDefinable
      ? [
          forbiddenField(
            fieldPath('value'),
            `maximum allowed value of a user defined priority is ${highestUserDefinable}`,
          ),
        ]
      : [];
  }
  const why = strangeness(name, known, object);
  if (why === undefined) return [];
  const detail = `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${why}`;
  return [forbiddenField(fieldPath('metadata', 'name'), detail)];
}

/** scheduling.k8s.io/v1 PriorityClass: a named importance of Pods. */
export const priorityClassDefinition: ResourceDefinition<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  resource: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  namespaced: false,
  schema: 'k8s.io.api.scheduling.v1.PriorityClass',
  strategy: {
    generation: true,
    defaults(object) {
      object.value ??= 0;
      object.preemptionPolicy ||= 'PreemptLowerPriority';
    },
    validate(object) {
      const errors = systemErrors(object);
      const policy = object.preemptionPolicy;
      const policies = ['PreemptLowerPriority', 'Never'];
      if (policy !== undefined && !policies.includes(policy)) {
        errors.push(notSupported(fieldPath('preemptionPolicy'), policy, policies));
      }
      return errors;
    },
    validateUpdate(object, old) {
      const errors: FieldError[] = [];
      if ((object.value ?? 0) !== (old.value ?? 0)) {
        errors.push(forbiddenField(fieldPath('value'), 'may not be changed in an update.'));
      }
      // Absent means the default, so only two different words differ.
      if ((object.preemptionPolicy ?? '') !== (old.preemptionPolicy ?? '')) {
        errors.push({
          type: 'FieldValueInvalid',
          field: 'preemptionPolicy',
          badValue: object.preemptionPolicy,
          detail: 'field is immutable',
        });
      }
      return errors;
    },
  },
  columns: [
    nameColumn,
    integerColumn('Value', 'The priority of Pods of the class.', (object) => object.value),
    booleanColumn(
      'Global-Default',
      'Whether Pods without a class get it.',
      (object) => object.globalDefault ?? false,
    ),
    ageColumn,
    textColumn(
      'PreemptionPolicy',
      'Whether its Pods displace others.',
      (object) => object.preemptionPolicy ?? '',
    ),
  ],
};
