import { Node, Pod } from '@drydock/api/core/v1';
import { TerminalError, isConflict, isNotFound, objectKey } from '@drydock/base/apimachinery';
import { createEventRecorder, type ControllerDeps, type EventRecorder } from '@drydock/machinery/controller';
import type { Component } from '@drydock/port/component';
import type { DeviceSelectorCompiler } from '@drydock/port/device-selector';
import type { ExtenderCaller } from '@drydock/port/scheduler-extender';
import { createNodeCache } from '../cache/index.ts';
import { buildProfiles, type KubeSchedulerConfiguration } from '../config/index.ts';
import { createExtenders, type Extender } from '../extender/index.ts';
import {
  podInfo,
  type ClusterEvent,
  type CycleState,
  type Plugin,
  type PodInfo,
  type Status,
} from '../framework/index.ts';
import { createClaimTracker, type PluginFactory } from '../plugins/index.ts';
import { pluginsOf, type Profile } from '../profile/index.ts';
import { createSchedulingQueue } from '../queue/index.ts';
import {
  bindingCycle,
  permit,
  reserve,
  unreserve,
  type BindingCycleDeps,
  type Placement,
} from './binding-cycle.ts';
import { decide, type Decision } from './decide.ts';
import { decideWithExtenders } from './decide-with-extenders.ts';
import { createDecisionLog, explain, explainGates, type Explanation } from './explain.ts';
import { createDeviceActions } from './device-actions.ts';
import { createListers } from './listers.ts';
import { fitErrorMessage, noteOf } from './messages.ts';
import { schedulerMetrics } from './metrics.ts';
import { nodeChanges, podChanges } from './node-event.ts';
import { createNominator } from './nominator.ts';
import { createPodWrites } from './pod-writes.ts';
import { filterNode, type FilterRun } from './run-filters.ts';
import { createVolumeActions } from './volume-actions.ts';
import { createWaitingPods, type WaitingPods } from './waiting-pods.ts';

export interface SchedulerOptions {
  /** Profiles, weights and plugin arguments. Default: one profile, `default-scheduler`, with Kubernetes' defaults. */
  configuration?: KubeSchedulerConfiguration;
  /** Plugins of yours; on when a profile enables them. */
  plugins?: Readonly<Record<string, PluginFactory>>;
  /** Needed where the configuration names extenders. */
  extenderCaller?: ExtenderCaller;
  /** Compiles the expressions that select devices. Without it, no claim that selects any can be allocated. */
  deviceSelectors?: DeviceSelectorCompiler;
  /** How long a refused Pod waits for an event at most. Default 5 min. */
  maxUnschedulableMs?: number;
  /** Bindings under way at once. Default 64. */
  maxBindings?: number;
}

export interface Scheduler extends Component {
  /** The last attempt to place a Pod (`namespace/name`), for as long as it is remembered. */
  explain(key: string): Explanation | undefined;
  /** Pods that permit plugins hold back. */
  readonly waitingPods: WaitingPods;
}

/** How long decisions go on before others of the process have their turn. */
const turnMs = 8;

const noDeviceSelectors: DeviceSelectorCompiler = () => {
  throw new TerminalError('there is nothing to compile selectors of devices with');
};

const caresForAny = ({ events, ...points }: Plugin): boolean => {
  const { preEnqueue, preFilter, filter, reserve, permit } = points;
  const refuses = [preEnqueue, preFilter, filter, reserve, permit].some((point) => point !== undefined);
  if (!refuses || events === undefined) return refuses;
  return events.some(
    ({ resource, actions }) =>
      (resource === 'Pod' || resource === 'AssignedPod') && actions.includes('Update'),
  );
};

function extendersOf({ configuration, extenderCaller }: SchedulerOptions): Extender[] {
  const { extenders = [] } = configuration ?? {};
  if (extenders.length === 0) return [];
  if (extenderCaller === undefined) throw new TerminalError('there is nothing to call extenders with');
  return createExtenders(extenders, extenderCaller);
}

/**
 * Gives each Pod without a node the best one. Decisions are made one after another on the cache; bindings travel
 * at the same time, their Pods assumed in place until events show them.
 */
export function createScheduler(options: SchedulerOptions, deps: ControllerDeps): Scheduler {
  const { client, informers, clock, random, logger, metrics } = deps;
  const { configuration, maxBindings = 64 } = options;
  const writes = createPodWrites(deps);
  const cache = createNodeCache();
  const nominator = createNominator();
  const listers = createListers(informers);
  const waitingPods = createWaitingPods(clock);
  const log = createDecisionLog();
  const counters = schedulerMetrics(metrics, () => queue.sizes);
  const recorders = new Map<string, EventRecorder>();
  /** Pods whose victims are being evicted: not to be tried before the requests are out. */
  const preempting = new Set<string>();
  const removers: (() => void)[] = [];
  const extenders = extendersOf(options);
  const cycleDeps: BindingCycleDeps = {
    waiting: waitingPods,
    promise: ({ pod }, nodeName) => writes.nominate(pod, nodeName),
    settled: ({ key }) => queue.settled(key),
  };
  let running = false;
  let bindings = 0;
  let planned = false;
  let nextNode = 0;

  const profiles = buildProfiles(
    configuration,
    {
      listers,
      volumes: createVolumeActions(client, informers, clock),
      devices: {
        actions: createDeviceActions(deps, (pod, reason, message) =>
          recorder(nameOf(pod)).event(pod, 'Normal', reason, message),
        ),
        tracker: createClaimTracker(listers),
        compile: options.deviceSelectors ?? noDeviceSelectors,
        shareId: () => random.uuid(),
        now: () => clock.now(),
        monotonicMs: () => clock.monotonicMs(),
      },
      bind: (pod, nodeName) => writes.bind(pod, nodeName),
      preemption: {
        filter: (state, pod, node) => filterNode(state.get('filterRun') as FilterRun, state, pod, node),
        changed(state, pod, other, node, change) {
          for (const { plugin } of (state.get('filterRun') as FilterRun).stateful)
            plugin[change]?.(state, pod, other, node);
        },
        pick: (count) => random.int(count),
        now: () => clock.now(),
        message: (nodeCount, statuses, absent) => fitErrorMessage({ nodeCount, statuses, absent }),
      },
    },
    { ...(options.plugins === undefined ? {} : { registry: options.plugins }) },
  );
  const first = [...profiles.values()][0] as Profile;
  const byName = new Map([...profiles].map(([name, profile]) => [name, pluginsOf(profile)]));
  /** Somebody may refuse Pods who does not say, or not so exactly, what makes him change his mind. */
  const hearsAll =
    extenders.length > 0 || [...byName.values()].some((plugins) => [...plugins.values()].some(caresForAny));
  const nameOf = (pod: Pod) => pod.spec?.schedulerName || 'default-scheduler';

  const queue = createSchedulingQueue({
    clock,
    wake: plan,
    compare: (a, b) => first.points.queueSort[0]?.plugin.queueSort?.(a, b) ?? 0,
    preEnqueue(info) {
      if (preempting.has(info.key)) return { code: 'UnschedulableAndUnresolvable', reasons: [] };
      for (const { plugin } of profiles.get(nameOf(info.pod))?.points.preEnqueue ?? []) {
        const status = plugin.preEnqueue?.(info.pod);
        if (status !== undefined) return { ...status, plugin: plugin.name };
      }
      return undefined;
    },
    interests: (plugin, info) => byName.get(nameOf(info.pod))?.get(plugin)?.events,
    initialBackoffMs: (configuration?.podInitialBackoffSeconds ?? 1) * 1000,
    maxBackoffMs: (configuration?.podMaxBackoffSeconds ?? 10) * 1000,
    ...(options.maxUnschedulableMs === undefined ? {} : { maxUnschedulableMs: options.maxUnschedulableMs }),
  });

  function recorder(schedulerName: string): EventRecorder {
    let found = recorders.get(schedulerName);
    if (found === undefined)
      recorders.set(schedulerName, (found = createEventRecorder(client, schedulerName, deps)));
    return found;
  }

  /** Schedules one pass of the loop; several wishes within a turn make one pass. */
  function plan(): void {
    if (planned || !running) return;
    planned = true;
    queueMicrotask(pass);
  }

  function pass(): void {
    planned = false;
    const startedMs = clock.monotonicMs();
    while (running && bindings < maxBindings) {
      const taken = queue.take();
      if (taken === undefined) return;
      const profile = profiles.get(nameOf(taken.info.pod));
      const asked = extenders.filter((extender) => extender.isInterested(taken.info));
      if (profile === undefined) queue.done(taken.info.key);
      else if (asked.length === 0) place(profile, taken.info, taken.attempts);
      else {
        // The others wait: decisions are made one after another.
        planned = true;
        void placeWith(asked, profile, taken.info, taken.attempts).finally(() => {
          planned = false;
          plan();
        });
        return;
      }
      if (clock.monotonicMs() - startedMs > turnMs) {
        planned = true;
        clock.setTimeout(pass, 0);
        return;
      }
    }
  }

  const decideOptions = () => ({
    pick: (count: number) => random.int(count),
    nominated: (nodeName: string) => nominator.on(nodeName),
    startAt: nextNode,
  });
  /** A plugin that fails fails the attempt, not the scheduler. */
  const broken = (error: unknown): Decision => ({
    kind: 'error',
    message: error instanceof Error ? error.message : String(error),
  });

  function place(profile: Profile, info: PodInfo, attempt: number): void {
    const startedMs = clock.monotonicMs();
    let decision: Decision;
    try {
      decision = decide(profile, info, cache, decideOptions());
    } catch (error) {
      decision = broken(error);
    }
    decided(profile, info, attempt, decision, startedMs);
  }

  async function placeWith(
    asked: readonly Extender[],
    profile: Profile,
    info: PodInfo,
    attempt: number,
  ): Promise<void> {
    const startedMs = clock.monotonicMs();
    const decision = await decideWithExtenders(profile, info, cache, asked, {
      ...decideOptions(),
      now: () => clock.now(),
      ignored: ({ name }, err) => logger.warn('an extender failed', { extender: name, pod: info.key, err }),
    }).catch(broken);
    if (running) decided(profile, info, attempt, decision, startedMs);
  }

  function decided(
    profile: Profile,
    info: PodInfo,
    attempt: number,
    decision: Decision,
    startedMs: number,
  ): void {
    const { schedulerName } = profile;
    const nodeCount = cache.nodes.length;
    log.add({ pod: info, schedulerName, timeMs: clock.now(), attempt, nodeCount, decision });
    counters.attempt(decision, schedulerName, clock.monotonicMs() - startedMs);
    if (decision.kind === 'error') {
      failed(profile, info, decision.message);
      return;
    }
    nextNode = decision.next;
    if (decision.kind === 'unschedulable') unplaced(profile, info, decision);
    else placed(profile, info, decision.node, decision.state);
  }

  function unplaced(
    profile: Profile,
    info: PodInfo,
    decision: Extract<Decision, { kind: 'unschedulable' }>,
  ): void {
    const { message, postFilter, refusedBy, pendingBy } = decision;
    const nominated = postFilter?.nominatedNodeName;
    if (nominated !== undefined) nominator.set(info, nominated);
    recorder(profile.schedulerName).event(info.pod, 'Warning', 'FailedScheduling', noteOf(message));
    if (postFilter?.victims !== undefined && nominated) preempting.add(info.key);
    queue.refused(info.key, { refusedBy, pendingBy });
    void writes.markUnscheduled(info.pod, 'Unschedulable', message, nominated);
    if (postFilter?.victims !== undefined && nominated)
      void evict(profile, info, postFilter.victims, nominated);
  }

  async function evict(
    profile: Profile,
    info: PodInfo,
    victims: readonly PodInfo[],
    nodeName: string,
  ): Promise<void> {
    counters.preempted(victims.length);
    for (const guest of nominator.on(nodeName)) {
      if (guest.priority >= info.priority) continue;
      nominator.remove(guest.key);
      void writes.clearNomination(guest.pod).then(() => queue.activate(guest.key));
    }
    let allGo = true;
    await Promise.all(
      victims.map(async ({ key, pod }) => {
        const held = waitingPods.get(key);
        if (held !== undefined) held.reject('DefaultPreemption', 'preempted');
        else if (pod.metadata.deletionTimestamp === undefined)
          allGo = (await writes.preempt(pod, info, nodeName, recorder(profile.schedulerName))) && allGo;
      }),
    );
    preempting.delete(info.key);
    // Those that went at once have told their end while the Pod could not hear it.
    const here = cache.node(nodeName)?.pods;
    if (!allGo || victims.some(({ key, pod }) => here?.get(key)?.pod.metadata.uid !== pod.metadata.uid))
      queue.activate(info.key);
    else queue.recheck(info.key);
  }

  /** A Pod as it is now: it may have been promised a node since the attempt began. */
  function newest({ key, pod }: PodInfo): Pod {
    const seen = informers.informer(Pod).get(key);
    return seen !== undefined && seen.metadata.uid === pod.metadata.uid ? seen : pod;
  }

  function failed(profile: Profile, info: PodInfo, message: string): void {
    logger.warn('scheduling failed', { pod: info.key, reason: message });
    recorder(profile.schedulerName).event(info.pod, 'Warning', 'FailedScheduling', noteOf(message));
    queue.refused(info.key, { error: true });
    nominator.remove(info.key);
    void writes.markUnscheduled(newest(info), 'SchedulerError', message, '');
  }

  function rejected(profile: Profile, info: PodInfo, status: Status): void {
    if (status.code === 'Error') {
      failed(profile, info, status.reasons.join(', '));
      return;
    }
    // One node was left of them all, and it does not do after all.
    const message = fitErrorMessage({ nodeCount: 1, statuses: new Map([['', status]]) });
    recorder(profile.schedulerName).event(info.pod, 'Warning', 'FailedScheduling', noteOf(message));
    const by = new Set(status.plugin === undefined ? [] : [status.plugin]);
    const pending = status.code === 'Pending';
    queue.refused(info.key, {
      refusedBy: pending ? new Set() : by,
      ...(pending ? { pendingBy: by } : {}),
    });
    nominator.remove(info.key);
    void writes.markUnscheduled(newest(info), 'Unschedulable', message, '');
  }

  function placed(profile: Profile, info: PodInfo, nodeName: string, state: CycleState): void {
    const node = cache.node(nodeName);
    if (node === undefined) return queue.refused(info.key, { error: true });
    const binder = extenders.find(
      ({ bind: binds, isInterested }) => binds !== undefined && isInterested(info),
    );
    const placement: Placement = { profile, state, pod: info, node, binder };
    cache.assume(info, nodeName);
    nominator.remove(info.key);
    const refusal = reserve(placement);
    const permitted = refusal ?? permit(placement);
    if (permitted !== undefined && 'code' in permitted) {
      unreserve(placement);
      cache.forget(info.key);
      rejected(profile, info, permitted);
      return;
    }
    // Pods that wait for a permit, for volumes or for devices may be many; they do not count as travelling.
    const travels =
      permitted === undefined && info.claims.length === 0 && info.pod.spec?.resourceClaims === undefined;
    if (travels) bindings++;
    void bind(placement, permitted).finally(() => {
      if (travels) bindings--;
      plan();
    });
  }

  async function bind(placement: Placement, waits: ReadonlyMap<string, number> | undefined): Promise<void> {
    const { profile, pod, node } = placement;
    const status = await bindingCycle(placement, waits, cycleDeps).catch((error: unknown): Status => ({
      code: 'Error',
      reasons: [String(error)],
      cause: error,
    }));
    if (status === undefined) {
      queue.done(pod.key);
      const { namespace = '', name = '' } = pod.pod.metadata;
      recorder(profile.schedulerName).event(
        pod.pod,
        'Normal',
        'Scheduled',
        `Successfully assigned ${namespace}/${name} to ${node.name}`,
      );
      return;
    }
    unreserve(placement);
    cache.forget(pod.key);
    queueEvent({ resource: 'AssignedPod', actions: ['Delete'], previous: pod.pod });
    // Gone, or bound by somebody else: events will say which.
    if (isNotFound(status.cause) || isConflict(status.cause)) queue.done(pod.key);
    else if (running) rejected(profile, pod, status);
  }

  function queueEvent(event: ClusterEvent): void {
    queue.event(event);
  }

  /** A promised place became free again: those of no higher priority may have it. */
  function promiseEnded(pod: Pod): void {
    const limit = pod.spec?.priority ?? 0;
    queue.event(
      { resource: 'AssignedPod', actions: ['Delete'], previous: pod },
      ({ priority }) => priority <= limit,
    );
  }

  /** Why a Pod was not let into the queue. */
  function gated(key: string): Explanation | undefined {
    const pod = informers.informer(Pod).get(key);
    const profile = pod === undefined || pod.spec?.nodeName ? undefined : profiles.get(nameOf(pod));
    return (
      pod && profile && explainGates(pod, profile, { timeMs: clock.now(), nodeCount: cache.nodes.length })
    );
  }

  function podSeen(pod: Pod, previous?: Pod): void {
    const key = objectKey(pod);
    if (pod.spec?.nodeName) {
      const assumed = cache.isAssumed(key);
      cache.setPod(pod);
      const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      if (!previous?.spec?.nodeName) {
        nominator.remove(key);
        // A Pod of ours is done when its binding is answered; one that others bound, now.
        if (!assumed) queue.remove(key);
        queueEvent({ resource: 'AssignedPod', actions: ['Add'], object: pod });
        return;
      }
      if (ended && !(previous.status?.phase === pod.status?.phase))
        queueEvent({ resource: 'AssignedPod', actions: ['Delete'], previous: pod });
      else {
        const actions = podChanges(pod, previous);
        // Thousands a second: whoever does not care for them is not asked.
        if (hearsAll || actions[0] !== 'Update')
          queueEvent({ resource: 'AssignedPod', actions, object: pod, previous });
      }
      return;
    }
    const ours =
      profiles.has(nameOf(pod)) &&
      pod.metadata.deletionTimestamp === undefined &&
      pod.status?.phase !== 'Succeeded' &&
      pod.status?.phase !== 'Failed';
    if (!ours) {
      // One that permit plugins hold back gives its place up.
      if (pod.metadata.deletionTimestamp !== undefined) waitingPods.get(key)?.reject('', 'removed');
      queue.remove(key);
      nominator.remove(key);
      return;
    }
    if (cache.isAssumed(key)) return;
    const info = podInfo(pod);
    if (pod.status?.nominatedNodeName !== previous?.status?.nominatedNodeName)
      nominator.set(info, pod.status?.nominatedNodeName ?? '');
    queue.set(
      info,
      previous === undefined
        ? undefined
        : { resource: 'UnscheduledPod', actions: podChanges(pod, previous), object: pod, previous },
    );
    const promised = previous?.status?.nominatedNodeName;
    if (previous !== undefined && promised && promised !== pod.status?.nominatedNodeName)
      promiseEnded(previous);
  }

  function podGone(pod: Pod): void {
    const key = objectKey(pod);
    const assumed = cache.isAssumed(key);
    waitingPods.get(key)?.reject('', 'removed');
    cache.removePod(pod);
    queue.remove(key);
    nominator.remove(key);
    log.forget(key);
    if (pod.spec?.nodeName || assumed)
      queueEvent({ resource: 'AssignedPod', actions: ['Delete'], previous: pod });
    else if (pod.status?.nominatedNodeName) promiseEnded(pod);
  }

  return {
    name: 'scheduler',
    waitingPods,
    explain(key) {
      const record = log.get(key);
      return record === undefined ? gated(key) : explain(record);
    },
    ready: () => running,
    async start() {
      if (running) return;
      const nodes = informers.informer(Node);
      const pods = informers.informer(Pod);
      informers.start();
      await Promise.all([nodes.waitForSync(), pods.waitForSync(), listers.ready()]);
      running = true;
      removers.push(
        nodes.addHandler({
          added(node) {
            cache.setNode(node);
            queueEvent({ resource: 'Node', actions: ['Add'], object: node });
          },
          updated(node, previous) {
            const actions = nodeChanges(node, previous);
            const isHeartbeat =
              actions.length === 0 &&
              node.status?.images === previous.status?.images &&
              node.spec?.unschedulable === previous.spec?.unschedulable;
            if (isHeartbeat) return;
            cache.setNode(node);
            if (actions.length > 0) queueEvent({ resource: 'Node', actions, object: node, previous });
          },
          deleted(node) {
            cache.removeNode(node.metadata.name ?? '');
            queueEvent({ resource: 'Node', actions: ['Delete'], previous: node });
          },
        }),
        pods.addHandler({ added: (pod) => podSeen(pod), updated: podSeen, deleted: podGone }),
        listers.subscribe(queueEvent),
      );
      plan();
    },
    stop() {
      running = false;
      for (const remove of removers.splice(0)) remove();
      return Promise.resolve();
    },
  };
}
