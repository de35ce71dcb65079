import { formatTime, isConflict, isNotFound, objectKey, splitKey } from '@drydock/base/apimachinery';
import { Lease } from '@drydock/api/coordination/v1';
import { Node, Pod } from '@drydock/api/core/v1';
import {
  createController,
  createEventRecorder,
  retryOnConflict,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { byNode } from '@drydock/machinery/informer';
import { nodeLifecycleEvents } from './events.ts';
import { assessHealth, readyCondition, type GracePeriods, type NodeHealth } from './health.ts';
import { zoneMetrics } from './metrics.ts';
import { createRatedQueue, type RatedQueue } from './rated-queue.ts';
import {
  applyTaints,
  hasTaint,
  labelsToMirror,
  noExecuteChange,
  noScheduleChange,
  notReadyTaint,
  unreachableTaint,
  type TaintChange,
} from './taints.ts';
import {
  assessDisruption,
  defaultEvictionRates,
  isExcludedFromDisruption,
  zoneOf,
  type EvictionRates,
  type ZoneCounts,
  type ZoneState,
} from './zones.ts';

const name = 'node-lifecycle-controller';
const leaseNamespace = 'kube-node-lease';
/** Marks keys of Pods that were bound to a node in trouble. */
const podMark = 'pod:';
/** Marks keys of nodes whose turn it is to be tainted NoExecute. */
const taintMark = 'taint:';
/** The key of a look at all zones. */
const zonesKey = 'zones:';
/** Nodes come and go in crowds: one look a crowd. */
const zonesDelayMs = 100;
const neither: TaintChange = { add: [], remove: [unreachableTaint, notReadyTaint] };

export interface NodeLifecycleOptions extends Partial<EvictionRates> {
  /** `--node-monitor-grace-period`. Default 50 s. */
  readonly nodeMonitorGraceMs?: number;
  /** `--node-startup-grace-period`. Default 60 s. */
  readonly nodeStartupGraceMs?: number;
}

/**
 * `node-lifecycle-controller`: nodes that fall silent become Unknown, conditions become taints, Pods of lost nodes
 * become unready, and lost nodes are tainted NoExecute, so many a second and zone.
 */
export function createNodeLifecycleController(
  options: NodeLifecycleOptions,
  deps: ControllerDeps,
): Controller {
  const { client, clock, informers } = deps;
  const nodes = informers.informer(Node);
  const leases = informers.informer(Lease);
  const pods = informers.informer(Pod, { indexers: { [byNode.name]: byNode.values } });
  const events = nodeLifecycleEvents(createEventRecorder(client, 'node-controller', deps));
  const metrics = zoneMetrics(deps.metrics);
  const rates: EvictionRates = { ...defaultEvictionRates, ...options };
  const grace: GracePeriods = {
    monitorMs: options.nodeMonitorGraceMs ?? 50_000,
    startupMs: options.nodeStartupGraceMs ?? 60_000,
  };
  const healths = new Map<string, NodeHealth>();
  const registered = new Map<string, Node>();
  /** Nodes whose Pods could not all be marked unready. */
  const podsToMark = new Set<string>();
  let states = new Map<string, ZoneState>();
  const queues = new Map<string, RatedQueue>();
  /** Nodes that get in line once it is known that not all zones went down with them. */
  const troubled = new Set<string>();

  function queueOf(zone: string): RatedQueue {
    let queue = queues.get(zone);
    if (queue === undefined) {
      queue = createRatedQueue(clock, rates.nodeEvictionRate, (node) =>
        controller.enqueue(`${taintMark}${node}`),
      );
      queues.set(zone, queue);
    }
    return queue;
  }

  async function changeTaints(node: Node, change: TaintChange): Promise<void> {
    const { name: nodeName = '', uid } = node.metadata;
    let fresh: Node | undefined = node;
    await retryOnConflict(async () => {
      fresh ??= await client.resource(Node).get(nodeName);
      const { metadata, spec } = fresh;
      fresh = undefined;
      const taints = applyTaints(spec?.taints, change, clock.now());
      if (metadata.uid !== uid || taints === undefined) return;
      await client.resource(Node).patch(nodeName, {
        type: 'merge',
        body: {
          metadata: { resourceVersion: metadata.resourceVersion },
          spec: { taints: taints.length === 0 ? null : taints },
        },
      });
    });
  }

  function leaveLine(nodeName: string): void {
    troubled.delete(nodeName);
    for (const queue of queues.values()) queue.remove(nodeName);
  }

  async function markReachable(node: Node): Promise<void> {
    leaveLine(node.metadata.name ?? '');
    if (hasTaint(node, unreachableTaint) || hasTaint(node, notReadyTaint)) await changeTaints(node, neither);
  }

  async function markPodNotReady(pod: Pod): Promise<void> {
    const conditions = pod.status?.conditions ?? [];
    if (conditions.find(({ type }) => type === 'Ready')?.status !== 'True') return;
    const { namespace = '', name: podName = '', uid } = pod.metadata;
    const lastTransitionTime = formatTime(clock.now());
    const status = { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime }] };
    events.podNotReady(pod);
    try {
      await client
        .resource(Pod)
        .namespace(namespace)
        .patch(
          podName,
          { type: 'strategic', body: { metadata: { uid }, status } },
          { subresource: 'status' },
        );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async function markPodsNotReady(nodeName: string): Promise<void> {
    podsToMark.add(nodeName);
    await Promise.all(pods.byIndex(byNode.name, nodeName).map(markPodNotReady));
    podsToMark.delete(nodeName);
  }

  async function taintInTurn(nodeName: string): Promise<void> {
    const node = nodes.get(nodeName);
    if (node === undefined) return;
    const change = noExecuteChange(readyCondition(node)?.status);
    if (change === undefined) return;
    // A node has its turn once. What is known of it may be older than the taints that were just taken off it.
    const seemsDone = change.add.every((taint) => hasTaint(node, taint));
    await changeTaints(seemsDone ? await client.resource(Node).get(nodeName) : node, change);
    metrics.evicted(zoneOf(node));
  }

  /** Puts a node in trouble in line for its NoExecute taint; swaps one that it has for the one it should have. */
  async function planTaint(node: Node, observedStatus: string): Promise<void> {
    const change = noExecuteChange(observedStatus);
    if (change === undefined) return markReachable(node);
    if (change.remove.some((taint) => hasTaint(node, taint))) return changeTaints(node, change);
    const { name: nodeName = '' } = node.metadata;
    if (queueOf(zoneOf(node)).has(nodeName)) return;
    troubled.add(nodeName);
    controller.enqueue(zonesKey, zonesDelayMs);
  }

  function forget(nodeName: string): void {
    const node = registered.get(nodeName);
    if (node !== undefined) events.removing(node);
    registered.delete(nodeName);
    healths.delete(nodeName);
    podsToMark.delete(nodeName);
    leaveLine(nodeName);
    controller.enqueue(zonesKey, zonesDelayMs);
  }

  async function lookAtZones(): Promise<void> {
    const counts = new Map<string, ZoneCounts>();
    for (const node of nodes.list()) {
      if (isExcludedFromDisruption(node)) continue;
      const zone = zoneOf(node);
      const count = counts.get(zone) ?? { ready: 0, notReady: 0 };
      const ready = (healths.get(node.metadata.name ?? '')?.ready ?? readyCondition(node))?.status === 'True';
      if (ready) count.ready++;
      else count.notReady++;
      counts.set(zone, count);
    }
    metrics.zones(counts);
    const disruption = assessDisruption(states, counts, rates);
    states = disruption.states;
    for (const [zone, rate] of disruption.rates) queueOf(zone).setRate(rate);
    if (disruption.leavesMasterDisruption) {
      const probeMs = clock.now();
      for (const [nodeName, health] of healths) healths.set(nodeName, { ...health, probeMs });
    }
    if (disruption.entersMasterDisruption) await Promise.all(nodes.list().map(markReachable));
    for (const nodeName of troubled) {
      const node = nodes.get(nodeName);
      if (node !== undefined) queueOf(zoneOf(node)).add(nodeName);
    }
    troubled.clear();
  }

  async function reconcileNode(nodeName: string) {
    const node = nodes.get(nodeName);
    if (node === undefined) return forget(nodeName);
    if (registered.get(nodeName)?.metadata.uid !== node.metadata.uid) {
      registered.set(nodeName, node);
      healths.delete(nodeName);
      events.registered(node);
      await markReachable(node);
      controller.enqueue(zonesKey, zonesDelayMs);
    }
    const before = healths.get(nodeName);
    const lease = leases.get(`${leaseNamespace}/${nodeName}`);
    const finding = assessHealth(node, lease, before, clock.now(), grace);
    const { current, observed, conditions } = finding;
    if (conditions !== undefined) {
      await client.resource(Node).updateStatus({ ...node, status: { ...node.status, conditions } });
    }
    healths.set(nodeName, finding.health);
    if (before?.ready?.status !== current?.status) controller.enqueue(zonesKey, zonesDelayMs);

    const schedule = noScheduleChange(node);
    if (schedule.add.length + schedule.remove.length > 0) await changeTaints(node, schedule);
    const labels = labelsToMirror(node);
    if (labels !== undefined)
      await client.resource(Node).patch(nodeName, { type: 'merge', body: { metadata: { labels } } });

    if (current !== undefined) {
      await planTaint(node, observed.status);
      // A node that says itself that it is not ready tells of its Pods too. That it is lost only we say, now or a moment ago.
      const fell = observed.status === 'True' || before?.ready?.status === 'True';
      if (current.status === 'Unknown' && fell) {
        events.statusChanged(node, 'NodeNotReady');
        await markPodsNotReady(nodeName);
      } else if (podsToMark.has(nodeName)) {
        if (current.status === 'True') podsToMark.delete(nodeName);
        else await markPodsNotReady(nodeName);
      } else if (before === undefined && readyCondition(node) !== undefined && current.status !== 'True')
        await markPodsNotReady(nodeName);
    }
    if (finding.lostAtMs === undefined) return;
    return { requeueAfterMs: Math.max(1, finding.lostAtMs - clock.now() + 1) };
  }

  const inTrouble = (nodeName: string) => {
    const ready = healths.get(nodeName)?.ready;
    return ready !== undefined && ready.status !== 'True';
  };
  const controller = createController(
    {
      name,
      workers: 8,
      sources: [
        source(Node, ({ metadata }) => [metadata.name ?? '']),
        source(Lease, ({ metadata }, { deleted }) =>
          metadata.namespace === leaseNamespace && !deleted ? [metadata.name ?? ''] : [],
        ),
        source(Pod, (pod, { previous, deleted }) => {
          const nodeName = pod.spec?.nodeName;
          const bound = nodeName !== undefined && nodeName !== previous?.spec?.nodeName && !deleted;
          return bound && inTrouble(nodeName) ? [`${podMark}${objectKey(pod)}`] : [];
        }),
      ],
      onStart() {
        // A new term begins from what is: who was ready when we left may have gone silent since.
        healths.clear();
        registered.clear();
        troubled.clear();
        states.clear();
        for (const queue of queues.values()) queue.close();
        queues.clear();
      },
      async reconcile(key) {
        if (key === zonesKey) return lookAtZones();
        if (key.startsWith(taintMark)) return taintInTurn(key.slice(taintMark.length));
        if (!key.startsWith(podMark)) {
          const startMs = clock.now();
          const result = await reconcileNode(splitKey(key).name);
          metrics.updated(clock.now() - startMs);
          return result;
        }
        const pod = pods.get(key.slice(podMark.length));
        if (pod?.spec?.nodeName !== undefined && inTrouble(pod.spec.nodeName)) await markPodNotReady(pod);
        return undefined;
      },
    },
    deps,
  );
  return controller;
}
