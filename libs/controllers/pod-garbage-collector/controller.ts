import { formatTime, isConflict, isNotFound, objectKey, observed } from '@drydock/base/apimachinery';
import { Node, Pod } from '@drydock/api/core/v1';
import {
  createController,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { byNode } from '@drydock/machinery/informer';
import { disruptionTarget } from '../shared/index.ts';
import { endedBeyond, fateOf, hasEnded, type Fate } from './decisions.ts';

const name = 'pod-garbage-collector-controller';
/** How long a node may be missing before its Pods are taken for lost. */
const quarantineMs = 40_000;
/** The key of a look at the ended Pods. */
const endedKey = 'ended:';

export interface PodGarbageCollectorOptions {
  /** `--terminated-pod-gc-threshold`: ended Pods that may stay; 0 keeps all. Default 12500. */
  readonly terminatedPodThreshold?: number;
}

/** `pod-garbage-collector-controller`: Pods go that no node will ever end, and ended ones beyond a number. */
export function createPodGarbageCollector(
  { terminatedPodThreshold = 12_500 }: PodGarbageCollectorOptions,
  deps: ControllerDeps,
): Controller {
  const { client, clock, informers } = deps;
  const nodes = informers.informer(Node);
  const pods = informers.informer(Pod, { indexers: { [byNode.name]: byNode.values } });
  const ended = new Set<string>();
  /** Since when the node of a name has been missing. */
  const missing = new Map<string, number>();

  const deletions = deps.metrics.counter({
    name: 'pod_gc_collector_force_delete_pods_total',
    help: 'Number of pods that are being forcefully deleted since the Pod GC Controller started.',
    labels: ['namespace', 'reason'],
  });
  const failures = deps.metrics.counter({
    name: 'pod_gc_collector_force_delete_pod_errors_total',
    help: 'Number of errors encountered when forcefully deleting the pods since the Pod GC Controller started.',
    labels: ['namespace', 'reason'],
  });

  async function remove(pod: Pod, fate: Exclude<Fate, 'stays'> | 'terminated'): Promise<void> {
    const labels = [pod.metadata.namespace ?? '', fate];
    deletions.inc(labels);
    try {
      await failAndDelete(pod, fate === 'orphaned');
    } catch (error) {
      failures.inc(labels);
      throw error;
    }
  }

  async function failAndDelete(pod: Pod, orphaned: boolean): Promise<void> {
    const { namespace = '', name: podName = '', uid } = pod.metadata;
    const resource = client.resource(Pod).namespace(namespace);
    const phase = pod.status?.phase;
    try {
      if (phase !== 'Succeeded' && phase !== 'Failed') {
        const now = formatTime(clock.now());
        const why = orphaned
          ? disruptionTarget(pod, 'DeletionByPodGC', 'PodGC: node no longer exists', now)
          : {};
        const body = { metadata: { uid }, status: { ...why, ...observed(pod), phase: 'Failed' } };
        await resource.patch(podName, { type: 'strategic', body }, { subresource: 'status' });
      }
      await resource.delete(podName, {
        gracePeriodSeconds: 0,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async function removeEnded(): Promise<void> {
    const list = [...ended].flatMap((key) => pods.get(key) ?? []);
    await Promise.all(endedBeyond(list, terminatedPodThreshold).map((pod) => remove(pod, 'terminated')));
  }

  async function nodeIsGone(nodeName: string): Promise<boolean> {
    try {
      await client.resource(Node).get(nodeName);
      return false;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  async function reconcile(key: string) {
    if (key === endedKey) return removeEnded();
    const pod = pods.get(key);
    if (pod === undefined) return;
    const nodeName = pod.spec?.nodeName ?? '';
    const fate = fateOf(pod, nodes.get(nodeName));
    if (fate === 'stays') return;
    if (fate !== 'orphaned') return remove(pod, fate);
    const sinceMs = missing.get(nodeName) ?? clock.now();
    missing.set(nodeName, sinceMs);
    const leftMs = sinceMs + quarantineMs - clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    if (await nodeIsGone(nodeName)) await remove(pod, fate);
    return undefined;
  }

  return createController(
    {
      name,
      sources: [
        source(Node, (node, { previous, deleted }) => {
          const nodeName = node.metadata.name ?? '';
          if (!deleted) missing.delete(nodeName);
          const heard =
            deleted || previous === undefined || JSON.stringify(previous.spec) !== JSON.stringify(node.spec);
          return heard ? pods.byIndex(byNode.name, nodeName).map(objectKey) : [];
        }),
        source(Pod, (pod, { deleted }) => {
          const key = objectKey(pod);
          if (!deleted && hasEnded(pod)) ended.add(key);
          else ended.delete(key);
          if (deleted) return [];
          const keys = fateOf(pod, nodes.get(pod.spec?.nodeName ?? '')) === 'stays' ? [] : [key];
          const tooMany = terminatedPodThreshold > 0 && ended.size > terminatedPodThreshold;
          return tooMany ? [...keys, endedKey] : keys;
        }),
      ],
      onStart() {
        ended.clear();
        missing.clear();
      },
      reconcile,
    },
    deps,
  );
}
