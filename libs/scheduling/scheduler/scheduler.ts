import { Node, Pod } from '@drydock/api/core/v1';
import { formatTime, isConflict, isNotFound, objectKey } from '@drydock/base/apimachinery';
import type { Component } from '@drydock/port/component';
import { createEventRecorder, retryOnConflict, type ControllerDeps } from '@drydock/machinery/controller';
import { createNodeCache } from '../cache/index.ts';
import { defaultFilters } from '../filters/index.ts';
import { podRequest, type Decision, type PodRequest } from '../framework/index.ts';
import { createSchedulingQueue } from '../queue/index.ts';
import { defaultScores } from '../scores/index.ts';
import { decide } from './decide.ts';

export interface SchedulerOptions {
  /** Pods with this `spec.schedulerName` are ours. Default `default-scheduler`. */
  schedulerName?: string;
  /** Bindings under way at once. Default 64. */
  maxBindings?: number;
}

export interface Scheduler extends Component {
  /** The last decision made for a Pod (`namespace/name`), for as long as it waits. */
  explain(key: string): Decision | undefined;
}

/**
 * Gives each Pod without a node the best one. Decisions are made one after another on the cache; bindings travel
 * at the same time, their Pods assumed in place until events show them.
 */
export function createScheduler(options: SchedulerOptions, deps: ControllerDeps): Scheduler {
  const { client, informers, clock, random, logger, metrics } = deps;
  const schedulerName = options.schedulerName ?? 'default-scheduler';
  const maxBindings = options.maxBindings ?? 64;
  const recorder = createEventRecorder(client, schedulerName, deps);
  const cache = createNodeCache();
  const decisions = new Map<string, Decision>();
  const attemptsTotal = metrics.counter({
    name: 'scheduler_schedule_attempts_total',
    help: 'Number of attempts to schedule pods, by the result.',
    labels: ['result', 'profile'],
  });
  const removers: (() => void)[] = [];
  let running = false;
  let bindings = 0;
  let planned = false;

  const queue = createSchedulingQueue(clock, plan);

  /** Schedules one pass of the loop; several wishes within a turn make one pass. */
  function plan(): void {
    if (planned || !running) return;
    planned = true;
    queueMicrotask(() => {
      planned = false;
      pass();
    });
  }

  function pass(): void {
    while (running && bindings < maxBindings) {
      const taken = queue.take();
      if (taken === undefined) return;
      place(taken.request, taken.attempts);
    }
  }

  function place(request: PodRequest, attempts: number): void {
    const decision = decide(request, cache.nodes(), {
      filters: defaultFilters,
      scores: defaultScores,
      pick: (count) => random.int(count),
    });
    decisions.set(request.key, decision);
    attemptsTotal.inc([decision.kind === 'node' ? 'scheduled' : 'unschedulable', schedulerName]);
    if (decision.kind === 'unschedulable') {
      queue.refused(request.key, false);
      // Said once a verdict: repeats of the same words are counted on one Event.
      if (attempts === 1 || condition(request.pod)?.message !== decision.message) {
        recorder.event(request.pod, 'Warning', 'FailedScheduling', decision.message);
      }
      void markUnschedulable(request.pod, decision.message);
      return;
    }
    cache.assume(request, decision.node);
    bindings++;
    void bind(request, decision.node);
  }

  async function bind(request: PodRequest, nodeName: string): Promise<void> {
    const { namespace = '', name = '', uid } = request.pod.metadata;
    try {
      await client
        .resource(Pod)
        .namespace(namespace)
        .createSubresource(name, 'binding', {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name, namespace, uid },
          target: { kind: 'Node', name: nodeName },
        } as never);
      queue.done(request.key);
      decisions.delete(request.key);
      recorder.event(
        request.pod,
        'Normal',
        'Scheduled',
        `Successfully assigned ${namespace}/${name} to ${nodeName}`,
      );
    } catch (error) {
      cache.forget(request.key);
      if (isNotFound(error) || isConflict(error)) {
        // Gone, or bound by somebody else: events will say which.
        queue.done(request.key);
      } else if (running) {
        logger.warn('binding failed', { pod: request.key, node: nodeName, err: error });
        queue.refused(request.key, true);
      }
    } finally {
      bindings--;
      plan();
    }
  }

  function condition(pod: Pod) {
    return pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  }

  async function markUnschedulable(pod: Pod, message: string): Promise<void> {
    const { namespace = '', name = '', uid } = pod.metadata;
    const present = condition(pod);
    if (present?.status === 'False' && present.message === message) return;
    try {
      await retryOnConflict(() =>
        client
          .resource(Pod)
          .namespace(namespace)
          .patch(
            name,
            {
              type: 'strategic',
              body: {
                metadata: { uid },
                status: {
                  conditions: [
                    {
                      type: 'PodScheduled',
                      status: 'False',
                      reason: 'Unschedulable',
                      message,
                      lastTransitionTime:
                        present?.status === 'False' ? present.lastTransitionTime : formatTime(clock.now()),
                    },
                  ],
                },
              },
            },
            { subresource: 'status' },
          ),
      );
    } catch (error) {
      if (!isNotFound(error))
        logger.warn('could not record why a pod waits', { pod: `${namespace}/${name}`, err: error });
    }
  }

  function podSeen(pod: Pod): void {
    const key = objectKey(pod);
    if (pod.spec?.nodeName) {
      cache.setPod(pod);
      queue.remove(key);
      decisions.delete(key);
      if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') queue.moveAll();
      return;
    }
    cache.setPod(pod);
    const ours =
      (pod.spec?.schedulerName ?? 'default-scheduler') === schedulerName &&
      pod.metadata.deletionTimestamp === undefined &&
      (pod.spec?.schedulingGates ?? []).length === 0;
    if (ours) queue.set(podRequest(pod));
    else queue.remove(key);
  }

  return {
    name: 'scheduler',
    explain: (key) => decisions.get(key),
    ready: () => running,
    async start() {
      if (running) return;
      const nodes = informers.informer(Node);
      const pods = informers.informer(Pod);
      informers.start();
      await Promise.all([nodes.waitForSync(), pods.waitForSync()]);
      running = true;
      removers.push(
        nodes.addHandler({
          added(node) {
            cache.setNode(node);
            queue.moveAll();
          },
          updated(node, previous) {
            cache.setNode(node);
            if (mayHelp(node, previous)) queue.moveAll();
          },
          deleted(node) {
            cache.removeNode(node.metadata.name ?? '');
          },
        }),
        pods.addHandler({
          added: podSeen,
          updated: podSeen,
          deleted(pod) {
            cache.removePod(pod);
            queue.remove(objectKey(pod));
            decisions.delete(objectKey(pod));
            queue.moveAll();
          },
        }),
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

/** A heartbeat is no reason to try again; room, labels, taints and readiness are. */
function mayHelp(node: Node, previous: Node): boolean {
  const view = ({ metadata, spec, status }: Node) =>
    JSON.stringify([
      metadata.labels,
      spec,
      status?.allocatable,
      status?.conditions?.map(({ type, status }) => [type, status]),
    ]);
  return view(node) !== view(previous);
}
