import type { FieldError } from '@drydock/base/apimachinery';
import {
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  semanticEqual,
} from '@drydock/base/apimachinery';
import type {
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
} from '@drydock/api/flowcontrol/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, nonNegative, textColumn } from '../common/index.ts';
import { mandatoryPriorityLevels } from './mandatory.ts';

const spec = fieldPath('spec');
const maxQueues = 10_000_000;
const maxEntropyBits = 60;

/** How much of a hash it takes to deal a hand from so many queues. */
function entropyBits(queues: number, handSize: number): number {
  return queues > 0 ? Math.ceil(Math.log2(queues) * handSize) : 0;
}

function limitedErrors(limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const where = spec.child('limited');
  const errors: FieldError[] = [];
  if ((limited.nominalConcurrencyShares ?? 0) < 0) {
    const detail = 'must be a non-negative integer';
    errors.push(
      invalidValue(where.child('nominalConcurrencyShares'), limited.nominalConcurrencyShares, detail),
    );
  }
  const at = where.child('limitResponse');
  const { type = '', queuing } = limited.limitResponse ?? {};
  if (type === 'Reject') {
    if (queuing !== undefined) {
      errors.push(
        forbiddenField(at.child('queuing'), 'must be nil if limited.limitResponse.type is not Limited'),
      );
    }
  } else if (type === 'Queue') {
    if (queuing === undefined) {
      errors.push(
        required(at.child('queuing'), 'must not be empty if limited.limitResponse.type is Limited'),
      );
    } else {
      for (const name of ['queueLengthLimit', 'queues', 'handSize'] as const) {
        const value = queuing[name] ?? 0;
        if (value <= 0) errors.push(invalidValue(at.child('queuing', name), value, 'must be positive'));
      }
      if ((queuing.queues ?? 0) > maxQueues) {
        errors.push(
          invalidValue(
            at.child('queuing', 'queues'),
            queuing.queues,
            `must not be greater than ${maxQueues}`,
          ),
        );
      }
      if ((queuing.handSize ?? 0) > (queuing.queues ?? 0)) {
        const detail = `should not be greater than queues (${queuing.queues ?? 0})`;
        errors.push(invalidValue(at.child('queuing', 'handSize'), queuing.handSize, detail));
      } else if (entropyBits(queuing.queues ?? 0, queuing.handSize ?? 0) > maxEntropyBits) {
        const detail = `required entropy bits of deckSize ${queuing.queues} and handSize ${queuing.handSize} should not be greater than ${maxEntropyBits}`;
        errors.push(invalidValue(at.child('queuing', 'handSize'), queuing.handSize, detail));
      }
    }
  } else errors.push(notSupported(at.child('type'), type, ['Queue', 'Reject']));
  const lendable = limited.lendablePercent ?? 0;
  if (lendable < 0 || lendable > 100) {
    errors.push(
      invalidValue(where.child('lendablePercent'), lendable, 'must be between 0 and 100, inclusive'),
    );
  }
  return [...errors, ...nonNegative(limited.borrowingLimitPercent, where.child('borrowingLimitPercent'))];
}

function specErrors(value: PriorityLevelConfigurationSpec): FieldError[] {
  switch (value.type) {
    case 'Exempt':
      return value.limited === undefined
        ? []
        : [forbiddenField(spec.child('limited'), 'must be nil if the type is not Limited')];
    case 'Limited': {
      const errors =
        value.exempt === undefined
          ? []
          : [forbiddenField(spec.child('exempt'), 'must be nil if the type is Limited')];
      if (value.limited === undefined) {
        return [...errors, required(spec.child('limited'), 'must not be empty when type is Limited')];
      }
      return [...errors, ...limitedErrors(value.limited)];
    }
    default:
      return [notSupported(spec.child('type'), value.type ?? '', ['Exempt', 'Limited'])];
  }
}

/** flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration: how many requests of a priority run at once. */
export const priorityLevelConfigurationDefinition: ResourceDefinition<PriorityLevelConfiguration> = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  resource: 'prioritylevelconfigurations',
  singular: 'prioritylevelconfiguration',
  namespaced: false,
  schema: 'k8s.io.api.flowcontrol.v1.PriorityLevelConfiguration',
  status: true,
  strategy: {
    defaults({ spec: value }) {
      if (value?.limited !== undefined) {
        value.limited.nominalConcurrencyShares ??= 30;
        value.limited.lendablePercent ??= 0;
        const queuing = value.limited.limitResponse?.queuing;
        if (queuing !== undefined) {
          queuing.handSize ||= 8;
          queuing.queues ||= 64;
          queuing.queueLengthLimit ||= 50;
        }
      }
      if (value?.exempt !== undefined) {
        value.exempt.nominalConcurrencyShares ??= 0;
        value.exempt.lendablePercent ??= 0;
      }
    },
    prepareForCreate(object) {
      object.status = {};
    },
    validate({ metadata: { name = '' }, spec: value = {} as PriorityLevelConfigurationSpec }) {
      const errors = specErrors(value);
      if ((name === 'exempt') !== (value.type === 'Exempt')) {
        const detail = "type must be 'Exempt' if and only if name is 'exempt'";
        errors.unshift(invalidValue(spec.child('type'), value.type ?? '', detail));
      }
      const fixed = mandatoryPriorityLevels[name];
      if (fixed !== undefined && !semanticEqual(value, fixed))
        errors.push(invalidValue(spec, value, `spec of '${name}' must equal the fixed value`));
      return errors;
    },
  },
  columns: [
    nameColumn,
    textColumn('Type', 'Whether it is limited.', (object) => object.spec?.type ?? ''),
    textColumn('NominalConcurrencyShares', 'Its share of what runs at once.', ({ spec: value }) => {
      return value?.limited?.nominalConcurrencyShares ?? '<none>';
    }),
    textColumn('Queues', 'Number of queues.', ({ spec: value }) => {
      return value?.limited?.limitResponse?.queuing?.queues ?? '<none>';
    }),
    textColumn('HandSize', 'Queues that a flow may use.', ({ spec: value }) => {
      return value?.limited?.limitResponse?.queuing?.handSize ?? '<none>';
    }),
    textColumn('QueueLengthLimit', 'Requests that a queue holds.', ({ spec: value }) => {
      return value?.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>';
    }),
    ageColumn,
  ],
};
