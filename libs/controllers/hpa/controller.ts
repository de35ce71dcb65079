import { objectKey, semanticEqual, type ResourceType } from '@drydock/base/apimachinery';
import { HorizontalPodAutoscaler } from '@drydock/api/autoscaling/v2';
import { Pod } from '@drydock/api/core/v1';
import {
  createController,
  createEventRecorder,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { byLabel, byNamespace } from '@drydock/machinery/informer';
import { createApiMetricsClient } from './api-metrics-client.ts';
import { createDecisionLog, type Decision } from './decision.ts';
import { autoscalerEvents } from './events.ts';
import { emptyHistory, type ScaleHistory } from './history.ts';
import { actionOf, autoscalerMetrics } from './metrics.ts';
import type { MetricsClient } from './metrics-client.ts';
import { reconcileAutoscaler } from './reconcile.ts';
import { readScaleTarget, resourceOfKind } from './scale-target.ts';
import { createSelectorTable, selectPods } from './selectors.ts';

/** Flags of kube-controller-manager, `--horizontal-pod-autoscaler-*`. */
export interface HpaOptions {
  /** Time between two looks at one autoscaler. Default 15 s. */
  readonly syncPeriodMs?: number;
  /** How long a higher recommendation holds the count up. Default 5 min. */
  readonly downscaleStabilizationMs?: number;
  /** How far from the target nothing is done. Default 0.1. */
  readonly tolerance?: number;
  /** How long after its start a Pod's CPU may be that of the start. Default 5 min. */
  readonly cpuInitializationMs?: number;
  /** Until when after its start a change of readiness counts as the first. Default 30 s. */
  readonly initialReadinessDelayMs?: number;
  /** Autoscalers that are looked at at once. Default 5. */
  readonly concurrentSyncs?: number;
  /** The feature gate HPAScaleToZero. Default false. */
  readonly scaleToZero?: boolean;
  /** What the API server serves, so that targets and described objects are found. */
  readonly resources: () => readonly ResourceType[];
  /** Default: the metrics APIs, through the API server. */
  readonly metrics?: MetricsClient;
}

/** The loop, and what it decided. */
export interface HpaController extends Controller {
  /** The last decisions about an autoscaler, newest first. */
  decisions(namespace: string, name: string): readonly Decision[];
}

export const hpaControllerName = 'horizontal-pod-autoscaler-controller';
const minuteMs = 60_000;

/** `horizontal-pod-autoscaler-controller`: every autoscaler once a period, the first time one period after it is seen. */
export function createHpaController(options: HpaOptions, deps: ControllerDeps): HpaController {
  const { client, clock, informers } = deps;
  const syncPeriodMs = options.syncPeriodMs ?? 15_000;
  const logger = deps.logger.child({ controller: hpaControllerName });
  const autoscalers = informers.informer(HorizontalPodAutoscaler);
  const pods = informers.informer(Pod, {
    indexers: { [byLabel.name]: byLabel.values, [byNamespace.name]: byNamespace.values },
  });
  const events = autoscalerEvents(createEventRecorder(client, 'horizontal-pod-autoscaler', deps));
  const histories = new Map<string, ScaleHistory>();
  const selectors = createSelectorTable();
  const log = createDecisionLog();
  const scheduled = new Set<string>();
  const observed = autoscalerMetrics(deps.metrics, () => scheduled.size);
  const metrics =
    options.metrics ??
    createApiMetricsClient(client, (reference) => resourceOfKind(options.resources(), reference));
  const around = {
    rules: {
      readiness: {
        cpuInitializationMs: options.cpuInitializationMs ?? 5 * minuteMs,
        initialReadinessDelayMs: options.initialReadinessDelayMs ?? minuteMs / 2,
      },
      tolerance: options.tolerance ?? 0.1,
      downscaleStabilizationMs: options.downscaleStabilizationMs ?? 5 * minuteMs,
      scaleToZero: options.scaleToZero ?? false,
    },
    events,
    metrics,
    now: () => clock.now(),
    computed: observed.computed,
    readTarget: (hpa: HorizontalPodAutoscaler) =>
      readScaleTarget(client, options.resources(), hpa.metadata.namespace ?? '', hpa.spec.scaleTargetRef),
    selectPods: (namespace: string, selector: Parameters<typeof selectPods>[2]) =>
      selectPods(pods, namespace, selector),
    selecting(
      hpa: HorizontalPodAutoscaler,
      selector: Parameters<typeof selectPods>[2],
      selected: readonly Pod[],
    ) {
      const { namespace = '' } = hpa.metadata;
      selectors.put(objectKey(hpa), namespace, selector);
      return selectors
        .selecting(namespace, selected)
        .map((key) => `{${key.slice(namespace.length + 1)} ${namespace}}`);
    },
  };

  function forget(key: string): void {
    scheduled.delete(key);
    histories.delete(key);
    selectors.forget(key);
    log.forget(key);
  }

  async function look(key: string): Promise<void> {
    const hpa = autoscalers.get(key);
    if (hpa === undefined) return;
    const startMs = clock.now();
    const { status, history, decision, fault } = await reconcileAutoscaler(
      hpa,
      histories.get(key) ?? emptyHistory,
      startMs,
      around,
    );
    histories.set(key, history);
    log.add(key, decision);
    const { rescaled, currentReplicas, desiredReplicas } = decision;
    const action = rescaled ? actionOf(currentReplicas, desiredReplicas) : 'none';
    observed.reconciled(action, fault, clock.now() - startMs);
    if (decision.error !== undefined) logger.debug('no full decision', { key, err: decision.error });
    if (semanticEqual(hpa.status ?? {}, status)) return;
    try {
      await client
        .resource(HorizontalPodAutoscaler)
        .namespace(hpa.metadata.namespace ?? '')
        .updateStatus({ ...hpa, status });
    } catch (error) {
      events.warn(hpa, 'FailedUpdateStatus', (error as Error).message);
      throw error;
    }
  }

  const controller = createController(
    {
      name: hpaControllerName,
      workers: options.concurrentSyncs ?? 5,
      sources: [
        // Changes do not hasten the next look: each autoscaler has its own beat.
        source(HorizontalPodAutoscaler, (hpa, { deleted }) => {
          const key = objectKey(hpa);
          if (deleted) forget(key);
          else if (!scheduled.has(key)) {
            scheduled.add(key);
            controller.enqueue(key, syncPeriodMs);
          }
          return [];
        }),
        source(Pod, () => []),
      ],
      onStart: () => scheduled.clear(),
      async reconcile(key, signal) {
        try {
          await look(key);
        } catch (err) {
          if (!signal.aborted) logger.debug('autoscaler not reconciled', { key, err });
        }
        return scheduled.has(key) ? { requeueAfterMs: syncPeriodMs } : {};
      },
    },
    deps,
  );
  return { ...controller, decisions: (namespace, name) => log.of(`${namespace}/${name}`) };
}
