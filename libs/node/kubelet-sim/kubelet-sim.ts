import { Pod } from '@drydock/api/core/v1';
import { badRequest, notFound } from '@drydock/base/apimachinery';
import type { ControllerDeps } from '@drydock/machinery/controller';
import type { Component } from '@drydock/port/component';
import type { KubeletConnector } from '@drydock/port/kubelet';
import { formatLog, logLines, nextLineAtMs, type LoggedRun } from '../logs/index.ts';
import { defaultNodeShape, nodeName, type NodeShape } from '../nodes/index.ts';
import type { ContainerRuntime } from '../pods/index.ts';
import { createNodeAgent, type NodeAgent } from './node-agent.ts';

export interface KubeletSimOptions {
  /** Simulated nodes `node-0` … Default 3. */
  nodes?: number;
  /** Default: 8 cores, 32 Gi, 110 Pods each. */
  shape?: NodeShape;
  /** Time that creating a container takes, unless a Pod's annotation says otherwise. Default 20 ms. */
  startDelayMs?: number;
}

export interface KubeletSim extends Component, KubeletConnector {}

/** Registrations under way at once. */
const registering = 32;

/** Keeps simulated nodes alive and runs the Pods that are bound to them. */
export function createKubeletSim(options: KubeletSimOptions, deps: ControllerDeps): KubeletSim {
  const { informers, clock } = deps;
  const count = options.nodes ?? 3;
  const agents = new Map<string, NodeAgent>();
  let removeHandler: (() => void) | undefined;
  let running = false;

  for (let index = 0; index < count; index++) {
    const agent = createNodeAgent({
      index,
      shape: options.shape ?? defaultNodeShape,
      startDelayMs: options.startDelayMs ?? 20,
      deps,
    });
    agents.set(nodeName(index), agent);
  }

  function ownerOf(pod: Pod): NodeAgent | undefined {
    return pod.spec?.nodeName === undefined ? undefined : agents.get(pod.spec.nodeName);
  }

  function run(container: ContainerRuntime, previous: boolean): LoggedRun | undefined {
    const { state, last, spec, behaviour } = container;
    const base = {
      container: container.name,
      image: spec.image ?? '',
      command: [...(spec.command ?? []), ...(spec.args ?? [])],
      script: behaviour.logs,
    };
    const ended =
      previous || state.kind === 'waiting' ? last : state.kind === 'terminated' ? state.ended : undefined;
    if (ended !== undefined) {
      return {
        ...base,
        startedAtMs: ended.startedAtMs,
        endedAtMs: ended.finishedAtMs,
        exitCode: ended.exitCode,
      };
    }
    if (previous || state.kind !== 'running') return undefined;
    return { ...base, startedAtMs: state.startedAtMs, endedAtMs: undefined, exitCode: undefined };
  }

  return {
    name: 'kubelet-sim',
    ready: () => running,
    async start() {
      if (running) return;
      const pods = informers.informer(Pod);
      informers.start();
      const waiting = [...agents.values()];
      const lanes = Array.from({ length: Math.min(registering, waiting.length) }, async () => {
        for (let agent = waiting.shift(); agent !== undefined; agent = waiting.shift()) await agent.start();
      });
      await Promise.all([...lanes, pods.waitForSync()]);
      running = true;
      removeHandler = pods.addHandler({
        added: (pod) => ownerOf(pod)?.setPod(pod),
        updated: (pod) => ownerOf(pod)?.setPod(pod),
        deleted: (pod) => ownerOf(pod)?.removePod(pod),
      });
    },
    stop() {
      running = false;
      removeHandler?.();
      for (const agent of agents.values()) agent.stop();
      return Promise.resolve();
    },
    async *logs(pod, logOptions, signal) {
      const agent = agents.get(pod.nodeName);
      const podAgent = agent?.pod(`${pod.namespace}/${pod.name}`);
      if (podAgent === undefined || podAgent.runtime.uid !== pod.uid) {
        throw notFound({ group: '', resource: 'pods' }, pod.name);
      }
      const container = podAgent.runtime.containers.find(({ name }) => name === logOptions.container);
      if (container === undefined) {
        throw badRequest(`container ${logOptions.container} is not valid for pod ${pod.name}`);
      }
      const previous = logOptions.previous === true;
      const logged = run(container, previous);
      if (logged === undefined) {
        if (previous) {
          throw badRequest(
            `previous terminated container "${container.name}" in pod "${pod.name}" not found`,
          );
        }
        const reason = container.state.kind === 'waiting' ? container.state.reason : 'ContainerCreating';
        throw badRequest(`container "${container.name}" in pod "${pod.name}" is waiting to start: ${reason}`);
      }
      let seenMs = clock.now();
      const lines = logLines(logged, seenMs);
      let budget = logOptions.limitBytes ?? Number.POSITIVE_INFINITY;
      const first = formatLog(lines, logOptions, seenMs);
      budget -= first.length;
      if (first.length > 0) yield first;
      if (logOptions.follow !== true || logged.endedAtMs !== undefined) return;
      while (!signal.aborted && budget > 0) {
        // The container may end before its next line; looking once a second is what a tail does.
        const waitMs = Math.min(1_000, Math.max(1, nextLineAtMs(logged, seenMs) - clock.now()));
        try {
          await clock.sleep(waitMs, signal);
        } catch {
          return;
        }
        const now = run(container, false);
        const current =
          now !== undefined && now.startedAtMs === logged.startedAtMs ? now : run(container, true);
        if (current === undefined || current.startedAtMs !== logged.startedAtMs) return;
        const nowMs = clock.now();
        const fresh = logLines(current, nowMs).filter(({ atMs }) => atMs > seenMs);
        seenMs = nowMs;
        const { timestamps } = logOptions;
        const chunk = formatLog(
          fresh,
          { container: logOptions.container, timestamps, limitBytes: budget },
          nowMs,
        );
        budget -= chunk.length;
        if (chunk.length > 0) yield chunk;
        if (
          current.endedAtMs !== undefined ||
          agents.get(pod.nodeName)?.pod(`${pod.namespace}/${pod.name}`) !== podAgent
        )
          return;
      }
    },
  };
}
