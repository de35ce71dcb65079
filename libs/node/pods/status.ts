import { qosClassOf } from '@drydock/api/quota';
import type { ContainerStatus, PodCondition, PodStatus } from '@drydock/api/core/v1';
import { formatTime, observed } from '@drydock/base/apimachinery';
import {
  deadlineExceeded,
  isDone,
  rejectionMessage,
  type ContainerRuntime,
  type Ended,
  type PodRuntime,
} from './runtime.ts';

function terminated(ended: Ended) {
  return {
    exitCode: ended.exitCode,
    reason: ended.reason,
    ...(ended.message === undefined ? {} : { message: ended.message }),
    startedAt: formatTime(ended.startedAtMs),
    finishedAt: formatTime(ended.finishedAtMs),
    containerID: ended.containerId,
  };
}

function state(container: ContainerRuntime): ContainerStatus['state'] {
  switch (container.state.kind) {
    case 'waiting': {
      const { reason, message } = container.state;
      return { waiting: message === undefined ? { reason } : { reason, message } };
    }
    case 'running':
      return { running: { startedAt: formatTime(container.state.startedAtMs) } };
    case 'terminated':
      return { terminated: terminated(container.state.ended) };
  }
}

/** A stand-in for an image digest: the same image always has the same one. */
function imageId(image: string): string {
  let hash = 0x811c9dc5;
  let digest = '';
  for (let round = 0; round < 8; round++) {
    for (let at = 0; at < image.length; at++) hash = Math.imul(hash ^ image.charCodeAt(at), 0x01000193) >>> 0;
    hash = Math.imul(hash ^ round, 0x01000193) >>> 0;
    digest += hash.toString(16).padStart(8, '0');
  }
  return `${image.split(/[@:](?=[^/]*$)/)[0] ?? image}@sha256:${digest}`;
}

function containerStatus(container: ContainerRuntime): ContainerStatus {
  const image = container.spec.image ?? '';
  const status: ContainerStatus = {
    name: container.name,
    state: state(container) ?? {},
    lastState: container.last === undefined ? {} : { terminated: terminated(container.last) },
    ready: container.ready,
    restartCount: container.restarts,
    image,
    imageID: container.containerId === '' ? '' : imageId(image),
    started: container.started,
  } as ContainerStatus;
  if (container.containerId !== '') status.containerID = container.containerId;
  return status;
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** The phase that follows from the containers (kubelet's getPhase). */
export function podPhase(runtime: PodRuntime): Phase {
  if (runtime.rejected !== undefined) return 'Failed';
  const policy = runtime.pod.spec?.restartPolicy ?? 'Always';
  if (runtime.overdueSinceMs !== undefined)
    return runtime.containers.some(({ state }) => state.kind === 'running') ? 'Running' : 'Failed';
  const inits = runtime.containers.filter(({ role }) => role === 'init');
  const mains = runtime.containers.filter(({ role }) => role === 'main');
  // Those that the others had beside them end last.
  if (
    isDone(runtime) &&
    runtime.containers.some(({ role, state }) => role === 'sidecar' && state.kind === 'running')
  )
    return 'Running';
  const failedInit = inits.some(({ state }) => state.kind === 'terminated' && state.ended.exitCode !== 0);
  if (failedInit && policy === 'Never') return 'Failed';
  if (mains.some(({ state, last }) => state.kind === 'waiting' && last === undefined)) return 'Pending';
  if (mains.every(({ state }) => state.kind === 'terminated')) {
    const failed = mains.some(({ state }) => state.kind === 'terminated' && state.ended.exitCode !== 0);
    if (runtime.stoppingSinceMs !== undefined || policy !== 'Always') return failed ? 'Failed' : 'Succeeded';
  }
  return 'Running';
}

/** A Pod that was not taken has no containers. */
function rejectedStatus(
  { pod, startedAtMs }: PodRuntime,
  { reason, message }: NonNullable<PodRuntime['rejected']>,
): PodStatus {
  return {
    phase: 'Failed',
    reason,
    message: rejectionMessage(message),
    startTime: formatTime(startedAtMs),
    qosClass: pod.status?.qosClass ?? qosClassOf(pod.spec),
    ...observed(pod),
  };
}

/** Builds the status that the node reports for a Pod. Conditions that others own (PodScheduled, gates) are left out. */
export function podStatus(runtime: PodRuntime, hostIp: string, nowMs: number): PodStatus {
  if (runtime.rejected !== undefined) return rejectedStatus(runtime, runtime.rejected);
  const now = formatTime(nowMs);
  const previous = runtime.pod.status?.conditions;
  const phase = podPhase(runtime);
  const over = phase === 'Succeeded' || phase === 'Failed';
  const mains = runtime.containers.filter(({ role }) => role === 'main');
  const waited = runtime.containers.filter(({ role }) => role === 'main' || role === 'sidecar');
  const unready = waited.filter(({ ready }) => !ready).map(({ name }) => name);
  const initialized =
    runtime.initialized || runtime.containers.every(({ role }) => role === 'main' || role === 'ephemeral');
  const seen = observed(runtime.pod);

  const condition = (type: string, holds: boolean, reason?: string, message?: string): PodCondition => {
    const status = holds ? 'True' : 'False';
    const before = previous?.find((one) => one.type === type);
    const result: PodCondition = {
      type,
      status,
      lastProbeTime: null as never,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
      ...seen,
    };
    if (reason !== undefined) result.reason = reason;
    if (message !== undefined) result.message = message;
    return result;
  };
  const notReady = (type: string) => {
    if (over) return condition(type, false, phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed');
    if (unready.length === 0) return condition(type, true);
    return condition(
      type,
      false,
      'ContainersNotReady',
      `containers with unready status: [${unready.join(' ')}]`,
    );
  };
  const gates = runtime.pod.spec?.readinessGates ?? [];
  const closed = gates.filter(
    (gate) => previous?.find(({ type }) => type === gate.conditionType)?.status !== 'True',
  );
  const ready =
    closed.length > 0 && unready.length === 0 && !over
      ? condition(
          'Ready',
          false,
          'ReadinessGatesNotReady',
          closed
            .map(
              (gate) =>
                `corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`,
            )
            .join(', '),
        )
      : notReady('Ready');

  const pendingInits = runtime.containers
    .filter(
      ({ role, state }) => role === 'init' && !(state.kind === 'terminated' && state.ended.exitCode === 0),
    )
    .map(({ name }) => name);
  const status: PodStatus = {
    phase,
    conditions: [
      condition('PodReadyToStartContainers', runtime.ip !== undefined && runtime.mounted && !over),
      initialized
        ? condition('Initialized', true, over && phase === 'Succeeded' ? 'PodCompleted' : undefined)
        : condition(
            'Initialized',
            false,
            'ContainersNotInitialized',
            `containers with incomplete status: [${pendingInits.join(' ')}]`,
          ),
      ready,
      notReady('ContainersReady'),
    ],
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    startTime: formatTime(runtime.startedAtMs),
    containerStatuses: mains.map(containerStatus),
    qosClass: runtime.pod.status?.qosClass ?? qosClassOf(runtime.pod.spec),
    ...seen,
  };
  if (runtime.overdueSinceMs !== undefined && phase === 'Failed') {
    status.reason = deadlineExceeded;
    status.message = 'Pod was active on the node longer than the specified deadline';
  }
  const inits = runtime.containers.filter(({ role }) => role === 'init' || role === 'sidecar');
  if (inits.length > 0) status.initContainerStatuses = inits.map(containerStatus);
  const ephemeral = runtime.containers.filter(({ role }) => role === 'ephemeral');
  if (ephemeral.length > 0) status.ephemeralContainerStatuses = ephemeral.map(containerStatus);
  // The sandbox that has the address is made when the volumes are there.
  if (runtime.ip !== undefined && runtime.mounted) {
    status.podIP = runtime.ip;
    status.podIPs = [{ ip: runtime.ip }];
  }
  return status;
}
