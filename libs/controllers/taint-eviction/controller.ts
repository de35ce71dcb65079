import {
  deepEqual,
  formatTime,
  isConflict,
  isNotFound,
  objectKey,
  splitKey,
} from '@drydock/base/apimachinery';
import { Node, Pod } from '@drydock/api/core/v1';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { byNode } from '@drydock/machinery/informer';
import { deletionMetrics, disruptionTarget } from '../shared/index.ts';
import { metTaintsMs, noExecuteTaints, planEviction, type PlannedEviction } from './decisions.ts';

const name = 'taint-eviction-controller';

/** `taint-eviction-controller`: Pods leave nodes whose NoExecute taints they do not tolerate, or not any longer. */
export const createTaintEvictionController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const nodes = informers.informer(Node);
  const pods = informers.informer(Pod, { indexers: { [byNode.name]: byNode.values } });
  const recorder = createEventRecorder(client, name, deps);
  const deleted = deletionMetrics(deps.metrics, {
    subsystem: 'taint_eviction_controller',
    loop: 'TaintEvictionController',
    between: 'a taint effect has been activated for the Pod and its deletion',
  });
  const planned = new Map<string, PlannedEviction & { readonly uid: string | undefined }>();

  function cancel(key: string): void {
    if (!planned.delete(key)) return;
    const { namespace, name: podName } = splitKey(key);
    // The Pod may be gone by now.
    const about = pods.get(key) ?? { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: podName } };
    recorder.event(about, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
  }

  async function evict(pod: Pod, atMs: number): Promise<void> {
    const { namespace = '', name: podName = '', uid } = pod.metadata;
    const resource = client.resource(Pod).namespace(namespace);
    recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${objectKey(pod)}`);
    try {
      const status = disruptionTarget(
        pod,
        'DeletionByTaintManager',
        'Taint manager: deleting due to NoExecute taint',
        formatTime(clock.now()),
      );
      await resource.patch(
        podName,
        { type: 'strategic', body: { metadata: { uid }, status } },
        { subresource: 'status' },
      );
      await resource.delete(podName, uid === undefined ? {} : { preconditions: { uid } });
      deleted((clock.now() - atMs) / 1000);
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  return createController(
    {
      name,
      workers: 8,
      sources: [
        source(Node, (node, { previous, deleted }) => {
          const [taints, before] = [noExecuteTaints(deleted ? undefined : node), noExecuteTaints(previous)];
          if (previous === undefined && !deleted && taints.length === 0) return [];
          if (previous !== undefined && deepEqual(taints, before)) return [];
          return pods.byIndex(byNode.name, node.metadata.name ?? '').map(objectKey);
        }),
        source(Pod, (pod, { previous, deleted }) => {
          const key = objectKey(pod);
          if (deleted) return planned.has(key) ? [key] : [];
          const { nodeName, tolerations } = pod.spec ?? {};
          if (!nodeName) return [];
          const same =
            previous?.spec?.nodeName === nodeName && deepEqual(previous.spec.tolerations, tolerations);
          if (same) return [];
          return planned.has(key) || noExecuteTaints(nodes.get(nodeName)).length > 0 ? [key] : [];
        }),
      ],
      onStart: () => planned.clear(),
      async reconcile(key) {
        const pod = pods.get(key);
        const known = planned.get(key);
        const before = known?.uid === pod?.metadata.uid ? known : undefined;
        if (pod === undefined) return cancel(key);
        const going = pod.metadata.deletionTimestamp !== undefined;
        if (going && before === undefined) return;
        const node = nodes.get(pod.spec?.nodeName ?? '');
        const taints = noExecuteTaints(node);
        const nowMs = clock.now();
        const metMs = metTaintsMs(taints, pod, nowMs);
        // What was planned stands where the node is gone.
        const plan =
          node === undefined && before !== undefined
            ? before
            : planEviction(taints, pod.spec?.tolerations ?? [], before, nowMs, metMs);
        if (plan === undefined) return cancel(key);
        planned.set(key, { ...plan, uid: pod.metadata.uid });
        const leftMs = plan.atMs - clock.now();
        if (leftMs > 0) return { requeueAfterMs: leftMs };
        if (!going) await evict(pod, plan.atMs);
        planned.delete(key);
      },
    },
    deps,
  );
};
