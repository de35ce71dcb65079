import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, forbiddenField, notSupported, validateQualifiedName } from '@drydock/base/apimachinery';
import type { Lease } from '@drydock/api/coordination/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, nonNegative, positive, textColumn, textErrors } from '../common/index.ts';

const spec = fieldPath('spec');

const strategies = ['OldestEmulationVersion'];

function strategyErrors(strategy: string): FieldError[] {
  // Kubernetes names the field twice here.
  const at = spec.child('strategy', 'strategy');
  if (strategy.includes('/')) return textErrors(validateQualifiedName(strategy), strategy, at);
  return strategies.includes(strategy) ? [] : [notSupported(at, strategy, strategies)];
}

/** Coordinated leader election is off, as in Kubernetes by default: what it takes is kept only where it was before. */
function dropElection({ spec: value }: Lease, old: Lease | undefined): void {
  if (old?.spec?.strategy === undefined) delete value?.strategy;
  if (old?.spec?.preferredHolder === undefined) delete value?.preferredHolder;
}

/** coordination.k8s.io/v1 Lease: who holds a lock, and until when. */
export const leaseDefinition: ResourceDefinition<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  resource: 'leases',
  singular: 'lease',
  namespaced: true,
  schema: 'k8s.io.api.coordination.v1.Lease',
  strategy: {
    generation: false,
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    defaults(object) {
      object.spec ??= {};
    },
    prepareForCreate: (object) => dropElection(object, undefined),
    prepareForUpdate: dropElection,
    validate({ spec: value = {} }) {
      const errors = [
        ...positive(value.leaseDurationSeconds, spec.child('leaseDurationSeconds')),
        ...nonNegative(value.leaseTransitions, spec.child('leaseTransitions')),
      ];
      if (value.strategy !== undefined) errors.push(...strategyErrors(value.strategy));
      if ((value.preferredHolder ?? '') !== '' && (value.strategy ?? '') === '') {
        const detail = 'may only be specified when `strategy` is defined';
        errors.push(forbiddenField(spec.child('preferredHolder'), detail));
      }
      return errors;
    },
  },
  columns: [
    nameColumn,
    textColumn('Holder', 'Who holds the lease.', (object) => object.spec?.holderIdentity ?? ''),
    ageColumn,
  ],
};
