import type { Pod } from '@drydock/api/core/v1';
import type { RuntimeClass } from '@drydock/api/node/v1';
import { forbidden, semanticEqual } from '@drydock/base/apimachinery';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

const pods = { group: '', resource: 'pods' };

function classOf({ object, context }: AdmissionRequest): RuntimeClass | undefined {
  const { spec, metadata } = object as Pod;
  const name = spec?.runtimeClassName;
  if (!name) return undefined;
  const found = context.lookup('node.k8s.io', 'runtimeclasses', name);
  if (found !== undefined) return found as RuntimeClass;
  throw forbidden(pods, metadata.name ?? '', `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
}

/** Kubernetes' RuntimeClass: a Pod takes over what its runtime class says of overhead and of nodes. */
export function runtimeClass(): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    handles: ({ group, resource }, subresource, operation) =>
      group === '' && resource === 'pods' && subresource === '' && operation === 'CREATE',
    admit(request) {
      const chosen = classOf(request);
      const { spec, metadata } = request.object as Pod;
      if (chosen === undefined || spec === undefined) return;
      const { overhead, scheduling } = chosen;
      if (overhead !== undefined) {
        if (spec.overhead === undefined) spec.overhead = { ...overhead.podFixed };
      }
      for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
        const own = spec.nodeSelector?.[key];
        if (own !== undefined && own !== value) {
          throw forbidden(
            pods,
            metadata.name ?? '',
            `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
          );
        }
        spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
      }
      for (const toleration of scheduling?.tolerations ?? []) {
        if (!(spec.tolerations ?? []).some((one) => semanticEqual(one, toleration)))
          spec.tolerations = [...(spec.tolerations ?? []), { ...toleration }];
      }
    },
    validate(request) {
      const chosen = classOf(request);
      const { spec, metadata } = request.object as Pod;
      if (semanticEqual(spec?.overhead ?? {}, chosen?.overhead?.podFixed ?? {})) return;
      const why =
        chosen?.overhead === undefined
          ? 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'
          : "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
      throw forbidden(pods, metadata.name ?? '', why);
    },
  };
}
