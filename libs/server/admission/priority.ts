import type { Pod } from '@drydock/api/core/v1';
import type { PriorityClass } from '@drydock/api/scheduling/v1';
import { forbidden } from '@drydock/base/apimachinery';
import type { WatchCache } from '../watch-cache/index.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

const classes = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };
const pods = { group: '', resource: 'pods' };

/** Kubernetes' Priority: turns a Pod's priorityClassName into its number and preemption policy; one global default at most. */
export function priority(cache: Pick<WatchCache, 'items'>): AdmissionPlugin {
  const all = (): PriorityClass[] =>
    cache.items(classes).map((item) => item.object as unknown as PriorityClass);

  /** Of several global defaults, which a race can leave behind, the lowest counts. */
  function defaultClass(): PriorityClass | undefined {
    let lowest: PriorityClass | undefined;
    for (const one of all()) {
      if (one.globalDefault === true && (lowest === undefined || (one.value ?? 0) < (lowest.value ?? 0)))
        lowest = one;
    }
    return lowest;
  }

  function admitPod({ object, context }: AdmissionRequest): void {
    const { spec, metadata } = object as Pod;
    if (spec === undefined) return;
    const name = metadata.name ?? '';
    let chosen: PriorityClass | undefined;
    if (spec.priorityClassName) {
      chosen = context.lookup(classes.group, classes.resource, spec.priorityClassName) as
        | PriorityClass
        | undefined;
      if (chosen === undefined) {
        throw forbidden(pods, name, `no PriorityClass with name ${spec.priorityClassName} was found`);
      }
    } else {
      chosen = defaultClass();
      if (chosen !== undefined) spec.priorityClassName = chosen.metadata?.name ?? '';
    }
    const value = chosen?.value ?? 0;
    const preemption = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
    if (spec.priority !== undefined && spec.priority !== value) {
      throw forbidden(
        pods,
        name,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemption) {
      throw forbidden(
        pods,
        name,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemption} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    spec.preemptionPolicy = preemption;
  }

  /** What was set at creation stays where an update, e.g. `kubectl replace -f`, does not mention it. */
  function keepPriority({ object, old }: AdmissionRequest): void {
    const { spec } = object as Pod;
    const before = (old as Pod | undefined)?.spec;
    if (spec === undefined || before === undefined) return;
    if (spec.priority === undefined && before.priority !== undefined) spec.priority = before.priority;
    if (spec.preemptionPolicy === undefined && before.preemptionPolicy !== undefined) {
      spec.preemptionPolicy = before.preemptionPolicy;
    }
  }

  return {
    name: 'Priority',
    handles(definition, subresource, operation) {
      if (subresource !== '' || operation === 'DELETE') return false;
      if (definition.group === '' && definition.resource === 'pods') return true;
      return definition.group === classes.group && definition.resource === classes.resource;
    },
    admit(request) {
      if (request.definition.resource !== 'pods') return;
      if (request.operation === 'CREATE') admitPod(request);
      else keepPriority(request);
    },
    validate({ definition, object, name }) {
      if (definition.resource !== classes.resource || (object as PriorityClass).globalDefault !== true)
        return;
      const other = all().find((one) => one.globalDefault === true && one.metadata?.name !== name);
      if (other !== undefined) {
        throw forbidden(
          classes,
          name,
          `PriorityClass ${other.metadata?.name} is already marked as default. Only one default can exist`,
        );
      }
    },
  };
}
