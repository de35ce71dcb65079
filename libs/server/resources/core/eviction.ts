import type { Pod } from '@drydock/api/core/v1';
import type { PodDisruptionBudget } from '@drydock/api/policy/v1';
import {
  badRequest,
  cloneJson,
  forbidden,
  formatTime,
  fromStatus,
  selectorFromLabelSelector,
  type KubeObject,
  observed,
} from '@drydock/base/apimachinery';
import type { SubresourceHandler, SubresourceRequest } from '../../registry/types.ts';

const budgets = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' } as const;
/** Evictions that the budget's controller has not confirmed yet. */
const maxDisruptedPods = 2_000;

interface Eviction extends KubeObject {
  deleteOptions?: {
    gracePeriodSeconds?: number;
    propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
    preconditions?: { uid?: string; resourceVersion?: string };
    dryRun?: readonly string[];
  };
}

function isReady(pod: Pod): boolean {
  return (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** A Pod that serves nobody: taking it away disrupts nothing. */
function needsNoBudget({ status, metadata }: Pod): boolean {
  const phase = status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending') return true;
  return metadata.deletionTimestamp !== undefined;
}

function refusal(cause: string, retryAfterSeconds: number): Error {
  return fromStatus({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    reason: 'TooManyRequests',
    details: {
      causes: [{ reason: 'DisruptionBudget', message: cause }],
      ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
    },
    code: 429,
  });
}

function budgetsOf(pod: Pod, request: SubresourceRequest): PodDisruptionBudget[] {
  const labels = pod.metadata.labels ?? {};
  return (
    request.context.items(budgets.group, budgets.resource, request.namespace) as PodDisruptionBudget[]
  ).filter(
    ({ spec }) => spec?.selector !== undefined && selectorFromLabelSelector(spec.selector).matches(labels),
  );
}

/** Takes one disruption from the budget. @throws ApiError 429 when there is none left */
function spend(budget: PodDisruptionBudget, pod: string, now: string): void {
  const { name = '', generation = 0 } = budget.metadata;
  const status = budget.status;
  if (status === undefined || (status.observedGeneration ?? 0) < generation)
    throw refusal(`The disruption budget ${name} is still being processed by the server.`, 10);
  const refuse = (why: string) =>
    forbidden({ group: budgets.group, resource: 'poddisruptionbudget' }, name, why);
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0 } = status;
  if (disruptionsAllowed < 0) throw refuse('pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > maxDisruptedPods)
    throw refuse('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (disruptionsAllowed === 0) {
    throw refusal(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    );
  }
  status.disruptionsAllowed = disruptionsAllowed - 1;
  status.disruptedPods = { ...status.disruptedPods, [pod]: now };
  if (status.disruptionsAllowed === 0) {
    status.conditions = [
      ...(status.conditions ?? []).filter(({ type }) => type !== 'DisruptionAllowed'),
      {
        type: 'DisruptionAllowed',
        status: 'False',
        reason: 'InsufficientPods',
        message: '',
        lastTransitionTime: now,
        observedGeneration: generation,
      },
    ];
  }
}

/** Whether the Pod may go without asking its budget, because it is not healthy anyway. */
function unhealthyMayGo(pod: Pod, budget: PodDisruptionBudget): boolean {
  if (isReady(pod)) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** `pods/eviction`: deletes the Pod where its disruption budget allows. */
export const eviction: SubresourceHandler = {
  kind: 'Eviction',
  schema: 'k8s.io.api.policy.v1.Eviction',
  group: 'policy',
  version: 'v1',
  verbs: ['create'],
  async create(request, body) {
    const { deleteOptions = {}, metadata } = body as Eviction;
    if (metadata.name && metadata.name !== request.name)
      throw badRequest('name in URL does not match name in Eviction object');
    const pod = (await request.parent()) as Pod;
    const now = formatTime(request.context.clock.now());
    const found = needsNoBudget(pod) ? [] : budgetsOf(pod, request);
    if (found.length > 1) {
      throw fromStatus({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message:
          'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
        code: 500,
      });
    }
    const [budget] = found;
    const spends = budget !== undefined && !unhealthyMayGo(pod, budget);
    if ((deleteOptions.dryRun ?? []).length > 0) {
      if (spends) spend(cloneJson(budget), request.name, now);
      return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as KubeObject;
    }
    if (spends) {
      await request.updateOther(budgets, budget.metadata.name ?? '', (draft) =>
        spend(draft as PodDisruptionBudget, request.name, now),
      );
    }
    if (!needsNoBudget(pod)) await markDisrupted(request, now);
    await request.deleteParent(deleteOptions);
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as KubeObject;
  },
};

async function markDisrupted(request: SubresourceRequest, now: string): Promise<void> {
  await request.updateParent((draft) => {
    const pod = draft as Pod;
    pod.status ??= {};
    pod.status.conditions = [
      ...(pod.status.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget'),
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
        ...observed(pod),
        lastTransitionTime: now,
      },
    ];
  });
}
