import {
  isConflict,
  isNotFound,
  objectKey,
  selectorFromLabelSelector,
  semanticEqual,
  formatTime,
  formatLabelSelector,
  type ResourceType,
} from '@drydock/base/apimachinery';
import { Pod } from '@drydock/api/core/v1';
import { PodDisruptionBudget, type PodDisruptionBudgetStatus } from '@drydock/api/policy/v1';
import {
  createController,
  createEventRecorder,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { byNamespace } from '@drydock/machinery/informer';
import {
  budgetStatus,
  disruptedPods,
  expectation,
  failedStatus,
  healthyPods,
  needsScale,
  staleDisruptionInMs,
} from './budget.ts';
import { createScaleFinder, scaledTypes } from './scale.ts';

const name = 'disruption-controller';
/** Marks keys of Pods whose disruption was announced and may not come. */
const podMark = 'pod:';

export interface DisruptionOptions {
  /** What the API server serves, to find the controllers of Pods. */
  readonly resources: () => readonly ResourceType[];
}

/** `disruption-controller`: keeps count for each PodDisruptionBudget of the Pods that may be evicted now. */
export function createDisruptionController(
  { resources }: DisruptionOptions,
  deps: ControllerDeps,
): Controller {
  const { client, clock, informers } = deps;
  const budgets = informers.informer(PodDisruptionBudget, {
    indexers: { [byNamespace.name]: byNamespace.values },
  });
  const pods = informers.informer(Pod, { indexers: { [byNamespace.name]: byNamespace.values } });
  const recorder = createEventRecorder(client, 'controllermanager', deps);
  const findScale = createScaleFinder(deps, resources);

  const selects = (budget: PodDisruptionBudget, pod: Pod) =>
    budget.spec?.selector !== undefined &&
    selectorFromLabelSelector(budget.spec.selector).matches(pod.metadata.labels);
  const budgetsOf = (pod: Pod) =>
    budgets
      .byIndex(byNamespace.name, pod.metadata.namespace ?? '')
      .filter((budget) => selects(budget, pod))
      .map(objectKey);

  async function write(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
    if (semanticEqual(budget.status, status)) return;
    await client
      .resource(PodDisruptionBudget)
      .namespace(budget.metadata.namespace ?? '')
      .updateStatus({ ...budget, status });
  }

  async function count(budget: PodDisruptionBudget): Promise<number | undefined> {
    const selected = pods
      .byIndex(byNamespace.name, budget.metadata.namespace ?? '')
      .filter((pod) => selects(budget, pod));
    if (selected.length === 0) recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found');
    let scale = { replicas: 0, unmanaged: [] as readonly string[] };
    if (needsScale(budget)) {
      try {
        scale = await findScale(selected);
      } catch (error) {
        const message = (error as Error).message;
        recorder.event(
          budget,
          'Warning',
          'CalculateExpectedPodCountFailed',
          `Failed to calculate the number of expected pods: ${message}`,
        );
        throw error;
      }
    }
    if (scale.unmanaged.length > 0) {
      recorder.event(
        budget,
        'Warning',
        'UnmanagedPods',
        `Pods selected by this PodDisruptionBudget (selector: ${formatLabelSelector(budget.spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
      );
    }
    const nowMs = clock.now();
    const disrupted = disruptedPods(budget, selected, nowMs);
    for (const pod of disrupted.overdue) {
      recorder.event(
        pod,
        'Warning',
        'NotDeleted',
        `Pod was expected by PDB ${objectKey(budget)} to be deleted but it wasn't`,
      );
    }
    const healthy = healthyPods(selected, disrupted.pods, nowMs);
    const expected = expectation(budget, selected.length, scale.replicas);
    await write(budget, budgetStatus(budget, expected, healthy, disrupted.pods, nowMs));
    return disrupted.recheckAtMs;
  }

  /** Takes an announced disruption back that did not come. */
  async function callOff(pod: Pod): Promise<void> {
    const { namespace = '', name: podName = '', uid } = pod.metadata;
    const conditions = [
      { type: 'DisruptionTarget', status: 'False', lastTransitionTime: formatTime(clock.now()) },
    ];
    try {
      await client
        .resource(Pod)
        .namespace(namespace)
        .patch(
          podName,
          { type: 'strategic', body: { metadata: { uid }, status: { conditions } } },
          { subresource: 'status' },
        );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async function reconcile(key: string) {
    if (key.startsWith(podMark)) {
      const pod = pods.get(key.slice(podMark.length));
      const leftMs = pod === undefined ? undefined : staleDisruptionInMs(pod, clock.now());
      if (pod === undefined || leftMs === undefined) return;
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      return callOff(pod);
    }
    const budget = budgets.get(key);
    if (budget === undefined) return;
    try {
      const recheckAtMs = await count(budget);
      if (recheckAtMs !== undefined) return { requeueAfterMs: Math.max(1, recheckAtMs - clock.now() + 1) };
    } catch (error) {
      if (isNotFound(error)) return;
      if (isConflict(error)) throw error;
      await write(budget, failedStatus(budget, (error as Error).message, clock.now()));
      throw error;
    }
    return undefined;
  }

  return createController(
    {
      name,
      reads: scaledTypes,
      sources: [
        source(PodDisruptionBudget, (budget, { deleted }) => (deleted ? [] : [objectKey(budget)])),
        source(Pod, (pod, { previous, deleted }) => {
          const keys = new Set(budgetsOf(pod));
          if (previous !== undefined && previous.metadata.labels !== pod.metadata.labels)
            for (const key of budgetsOf(previous)) keys.add(key);
          if (!deleted && staleDisruptionInMs(pod, clock.now()) !== undefined)
            keys.add(`${podMark}${objectKey(pod)}`);
          return [...keys];
        }),
      ],
      reconcile,
    },
    deps,
  );
}
