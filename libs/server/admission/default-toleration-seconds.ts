import type { Pod, Toleration } from '@drydock/api/core/v1';
import type { AdmissionPlugin } from './types.ts';

const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export interface DefaultTolerationOptions {
  /** How long Pods stay on nodes that are not ready or unreachable. Default 300. */
  readonly seconds?: number;
}

function tolerates({ key, operator, effect }: Toleration, taint: string): boolean {
  if (effect && effect !== 'NoExecute') return false;
  return key === taint || (!key && operator === 'Exists');
}

/** Kubernetes' DefaultTolerationSeconds: Pods tolerate a node in trouble for five minutes unless they say otherwise. */
export function defaultTolerationSeconds({ seconds = 300 }: DefaultTolerationOptions = {}): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    handles: (definition, subresource, operation) =>
      definition.group === '' &&
      definition.resource === 'pods' &&
      subresource === '' &&
      operation !== 'DELETE',
    admit({ object }) {
      const { spec } = object as Pod;
      if (spec === undefined) return;
      const present = spec.tolerations ?? [];
      const missing = taints.filter((taint) => !present.some((toleration) => tolerates(toleration, taint)));
      if (missing.length === 0) return;
      spec.tolerations = [
        ...present,
        ...missing.map((key) => ({
          key,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: seconds,
        })),
      ];
    },
  };
}
