import { isNotFound } from '@drydock/base/apimachinery';
import { Node } from '@drydock/api/core/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';

const name = 'ttl-controller';
const annotation = 'node.alpha.kubernetes.io/ttl';

/** Sizes of a cluster and how long its kubelets may keep Secrets and ConfigMaps; they overlap, so as not to flap. */
const steps = [
  { min: 0, max: 100, seconds: 0 },
  { min: 90, max: 500, seconds: 15 },
  { min: 450, max: 1000, seconds: 30 },
  { min: 900, max: 2000, seconds: 60 },
  { min: 1800, max: 10_000, seconds: 300 },
  { min: 9000, max: Infinity, seconds: 600 },
];

/** The step for so many nodes, coming from another one. */
export function nextStep(step: number, nodes: number): number {
  let at = step;
  while (nodes > (steps[at]?.max ?? Infinity)) at++;
  while (at > 0 && nodes < (steps[at]?.min ?? 0)) at--;
  return at;
}

export function ttlSeconds(step: number): number {
  return steps[step]?.seconds ?? 0;
}

/** `ttl-controller`: tells kubelets by an annotation how long they may cache, which depends on the cluster's size. */
export const createTtlController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const nodes = informers.informer(Node);
  const present = new Set<string>();
  let step = 0;

  return createController(
    {
      name,
      sources: [
        source(Node, ({ metadata }, { deleted }) => {
          if (deleted) present.delete(metadata.name ?? '');
          else present.add(metadata.name ?? '');
          const before = step;
          step = nextStep(step, present.size);
          // Another size is told to all, though no other node has changed.
          if (step !== before) return [...present];
          const right = metadata.annotations?.[annotation] === String(ttlSeconds(step));
          return deleted || right ? [] : [metadata.name ?? ''];
        }),
      ],
      onStart() {
        present.clear();
        step = 0;
      },
      async reconcile(key) {
        const node = nodes.get(key);
        const value = String(ttlSeconds(step));
        if (node === undefined || node.metadata.annotations?.[annotation] === value) return;
        try {
          await client
            .resource(Node)
            .patch(key, { type: 'merge', body: { metadata: { annotations: { [annotation]: value } } } });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      },
    },
    deps,
  );
};
