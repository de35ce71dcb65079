import { humanDuration, parseTime } from '@drydock/base/apimachinery';
import type { ContainerStatus, Pod } from '@drydock/api/core/v1';
import type { TableColumn, TableRowCondition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';

const nodeLost = 'NodeLost';

interface Summary {
  readonly ready: string;
  readonly status: string;
  readonly restarts: number;
  readonly lastRestartMs: number | undefined;
}

function isRestartable(pod: Pod, name: string): boolean {
  return pod.spec?.initContainers?.find((container) => container.name === name)?.restartPolicy === 'Always';
}

function ended(status: ContainerStatus): string | undefined {
  const terminated = status.state?.terminated;
  if (terminated === undefined) return undefined;
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

/** What the columns Ready, Status and Restarts say of a Pod (the printer's logic of kubectl). */
export function summarize(pod: Pod): Summary {
  const { spec, status, metadata } = pod;
  let total = spec?.containers?.length ?? 0;
  let readyCount = 0;
  let restarts = 0;
  let sidecarRestarts = 0;
  let lastRestartMs: number | undefined;
  let lastSidecarMs: number | undefined;
  let reason = status?.reason || status?.phase || '';
  for (const condition of status?.conditions ?? []) {
    if (condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated')
      reason = 'SchedulingGated';
  }
  const later = (before: number | undefined, one: ContainerStatus) => {
    const at = one.lastState?.terminated?.finishedAt;
    if (!at) return before;
    return Math.max(before ?? Number.NEGATIVE_INFINITY, parseTime(at));
  };
  for (const container of spec?.initContainers ?? []) if (container.restartPolicy === 'Always') total++;

  const inits = status?.initContainerStatuses ?? [];
  let initializing = false;
  for (const [index, one] of inits.entries()) {
    const sidecar = isRestartable(pod, one.name);
    restarts += one.restartCount ?? 0;
    lastRestartMs = later(lastRestartMs, one);
    if (sidecar) {
      sidecarRestarts += one.restartCount ?? 0;
      lastSidecarMs = later(lastSidecarMs, one);
    }
    const { waiting, terminated } = one.state ?? {};
    if (terminated !== undefined && terminated.exitCode === 0) continue;
    if (sidecar && one.started === true) {
      if (one.ready) readyCount++;
      continue;
    }
    if (terminated !== undefined) reason = `Init:${ended(one) ?? ''}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') reason = `Init:${waiting.reason}`;
    else reason = `Init:${index}/${spec?.initContainers?.length ?? 0}`;
    initializing = true;
    break;
  }

  const initialized = status?.conditions?.some(
    ({ type, status: holds }) => type === 'Initialized' && holds === 'True',
  );
  if (!initializing || initialized === true) {
    restarts = sidecarRestarts;
    lastRestartMs = lastSidecarMs;
    let running = false;
    const statuses = status?.containerStatuses ?? [];
    for (const one of [...statuses].reverse()) {
      restarts += one.restartCount ?? 0;
      lastRestartMs = later(lastRestartMs, one);
      const { waiting } = one.state ?? {};
      const end = ended(one);
      if (waiting?.reason) reason = waiting.reason;
      else if (end !== undefined) reason = end;
      else if (one.ready && one.state?.running !== undefined) {
        running = true;
        readyCount++;
      }
    }
    if (reason === 'Completed' && running) {
      const ready = status?.conditions?.some(
        ({ type, status: holds }) => type === 'Ready' && holds === 'True',
      );
      reason = ready === true ? 'Running' : 'NotReady';
    }
  }
  if (metadata.deletionTimestamp !== undefined) {
    if (status?.reason === nodeLost) reason = 'Unknown';
    else if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') reason = 'Terminating';
  }
  return { ready: `${readyCount}/${total}`, status: reason, restarts, lastRestartMs };
}

const or = (text: string | undefined): string => (text === undefined || text === '' ? '<none>' : text);

function gates(pod: Pod): string {
  const wanted = pod.spec?.readinessGates ?? [];
  if (wanted.length === 0) return '<none>';
  const open = wanted.filter(({ conditionType }) =>
    pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  ).length;
  return `${open}/${wanted.length}`;
}

export const podColumns: readonly TableColumn<Pod>[] = [
  nameColumn as TableColumn<Pod>,
  textColumn('Ready', 'Containers that are ready, of all.', (pod) => summarize(pod).ready),
  textColumn('Status', 'Summary of the state of the containers.', (pod) => summarize(pod).status),
  textColumn('Restarts', 'Times that containers were restarted.', (pod, now) => {
    const { restarts, lastRestartMs } = summarize(pod);
    return restarts > 0 && lastRestartMs !== undefined
      ? `${restarts} (${humanDuration(now - lastRestartMs)} ago)`
      : String(restarts);
  }),
  ageColumn as TableColumn<Pod>,
  textColumn('IP', 'Address of the Pod.', (pod) => or(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP), 1),
  textColumn('Node', 'Node that the Pod is on.', (pod) => or(pod.spec?.nodeName), 1),
  textColumn(
    'Nominated Node',
    'Node that is being made free for the Pod.',
    (pod) => or(pod.status?.nominatedNodeName),
    1,
  ),
  textColumn('Readiness Gates', 'Readiness gates that are open, of all.', gates, 1),
];

/** A Pod that is over says so of its row, so that clients can tell it without knowing Pods. */
export function podRowConditions({ status }: Pod): readonly TableRowCondition[] {
  switch (status?.phase) {
    case 'Succeeded':
      return [
        {
          type: 'Completed',
          status: 'True',
          reason: 'Succeeded',
          message: 'The pod has completed successfully.',
        },
      ];
    case 'Failed':
      return [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }];
    default:
      return [];
  }
}
