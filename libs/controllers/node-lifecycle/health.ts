import type { Lease } from '@drydock/api/coordination/v1';
import type { Node, NodeCondition } from '@drydock/api/core/v1';
import { formatTime, parseTime } from '@drydock/base/apimachinery';

/** What the loop remembers of a node between two looks at it. */
export interface NodeHealth {
  /** The Ready condition last seen; undefined while the kubelet has not reported. */
  readonly ready: NodeCondition | undefined;
  /** `spec.renewTime` of the lease last seen. */
  readonly renewTime: string | undefined;
  /** When a sign of life was last seen, by our own clock. */
  readonly probeMs: number;
}

export interface GracePeriods {
  /** Silence after which a node counts as lost. */
  readonly monitorMs: number;
  /** As `monitorMs`, for a node that never reported. */
  readonly startupMs: number;
}

export interface HealthFinding {
  readonly health: NodeHealth;
  /** The Ready condition as it was found; `Unknown` since creation where the kubelet never reported. */
  readonly observed: NodeCondition;
  /** The Ready condition as it should be; undefined while a new node may still report. */
  readonly current: NodeCondition | undefined;
  /** The conditions to write; undefined when they stay. */
  readonly conditions: NodeCondition[] | undefined;
  /** When the node will count as lost unless it gives a sign of life; undefined when it does already. */
  readonly lostAtMs: number | undefined;
}

/** Conditions that only the kubelet knows. NetworkUnavailable is the network's. */
const kubeletConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export function readyCondition(node: Node): NodeCondition | undefined {
  return node.status?.conditions?.find(({ type }) => type === 'Ready');
}

/** Tells from a node, its lease and what was known of both whether it is alive. */
export function assessHealth(
  node: Node,
  lease: Lease | undefined,
  known: NodeHealth | undefined,
  nowMs: number,
  grace: GracePeriods,
): HealthFinding {
  const ready = readyCondition(node);
  const created = node.metadata.creationTimestamp ?? formatTime(nowMs);
  const observed: NodeCondition = ready ?? {
    type: 'Ready',
    status: 'Unknown',
    lastHeartbeatTime: created,
    lastTransitionTime: created,
  };
  const renewTime = lease?.spec?.renewTime;
  const renewed =
    renewTime !== undefined &&
    (known?.renewTime === undefined || parseTime(known.renewTime) < parseTime(renewTime));
  const health: NodeHealth = {
    ready,
    renewTime: renewed ? renewTime : known?.renewTime,
    probeMs: renewed ? nowMs : probeOf(known, ready, parseTime(created), nowMs),
  };
  const lostAtMs = health.probeMs + (ready === undefined ? grace.startupMs : grace.monitorMs);
  if (nowMs <= lostAtMs) return { health, observed, current: ready, conditions: undefined, lostAtMs };

  const conditions = unknownConditions(node.status?.conditions ?? [], created, nowMs);
  const current = conditions.find(({ type }) => type === 'Ready');
  const changed = ready === undefined || ready.status !== 'Unknown';
  return {
    health: { ...health, ready: current },
    observed,
    current,
    conditions: changed ? conditions : undefined,
    lostAtMs: undefined,
  };
}

function probeOf(
  known: NodeHealth | undefined,
  ready: NodeCondition | undefined,
  createdMs: number,
  nowMs: number,
): number {
  if (known === undefined) return ready === undefined ? createdMs : nowMs;
  if (ready === undefined) return known.probeMs;
  return known.ready?.lastHeartbeatTime === ready.lastHeartbeatTime ? known.probeMs : nowMs;
}

function unknownConditions(
  present: readonly NodeCondition[],
  created: string,
  nowMs: number,
): NodeCondition[] {
  const now = formatTime(nowMs);
  const lost = present.map((condition) =>
    kubeletConditions.includes(condition.type) && condition.status !== 'Unknown'
      ? {
          ...condition,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: now,
        }
      : condition,
  );
  const never = kubeletConditions
    .filter((type) => !present.some((condition) => condition.type === type))
    .map((type) => ({
      type,
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
      lastHeartbeatTime: created,
      lastTransitionTime: now,
    }));
  return [...lost, ...never];
}
