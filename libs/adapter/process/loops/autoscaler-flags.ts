import { InvalidArgumentError, type Command } from 'commander';
import type { FeatureGates } from '@drydock/server/resources';
import { duration, flag, integer } from '../flags.ts';

/** kube-controller-manager's flags about the HorizontalPodAutoscaler. */
export interface AutoscalerOptions {
  readonly syncPeriodMs: number;
  readonly downscaleStabilizationMs: number;
  readonly tolerance: number;
  readonly cpuInitializationMs: number;
  readonly initialReadinessDelayMs: number;
  readonly concurrentSyncs: number;
  readonly scaleToZero: boolean;
}

function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < 100))
    throw new InvalidArgumentError('It must be a number such as 0.1.');
  return value;
}

function positive(text: string): number {
  const ms = duration(text);
  if (ms <= 0) throw new InvalidArgumentError('It must be more than nothing.');
  return ms;
}

function workers(text: string): number {
  const count = integer(0, 1000)(text);
  if (count < 1)
    throw new InvalidArgumentError(
      `concurrent-horizontal-pod-autoscaler-syncs must be greater than 0, but got ${count}`,
    );
  return count;
}

const prefix = '--horizontal-pod-autoscaler';
const env = 'HORIZONTAL_POD_AUTOSCALER';

export function addAutoscalerFlags(command: Command): void {
  command
    .addOption(
      flag('--metric-resolution <duration>', 'time between two readings of the nodes', 'METRIC_RESOLUTION')
        .argParser(positive)
        .default(15_000, '15s'),
    )
    .addOption(
      flag(`${prefix}-sync-period <duration>`, 'time between two looks at one', `${env}_SYNC_PERIOD`)
        .argParser(positive)
        .default(15_000, '15s'),
    )
    .addOption(
      flag(
        `${prefix}-downscale-stabilization <duration>`,
        'how long a higher recommendation holds the count up',
        `${env}_DOWNSCALE_STABILIZATION`,
      )
        .argParser(duration)
        .default(300_000, '5m0s'),
    )
    .addOption(
      flag(`${prefix}-tolerance <n>`, 'how far from the target nothing is done', `${env}_TOLERANCE`)
        .argParser(fraction)
        .default(0.1),
    )
    .addOption(
      flag(
        `${prefix}-cpu-initialization-period <duration>`,
        "how long a Pod's CPU may be that of its start",
        `${env}_CPU_INITIALIZATION_PERIOD`,
      )
        .argParser(duration)
        .default(300_000, '5m0s'),
    )
    .addOption(
      flag(
        `${prefix}-initial-readiness-delay <duration>`,
        'until when a change of readiness counts as the first',
        `${env}_INITIAL_READINESS_DELAY`,
      )
        .argParser(duration)
        .default(30_000, '30s'),
    )
    .addOption(
      flag(
        '--concurrent-horizontal-pod-autoscaler-syncs <n>',
        'autoscalers that are looked at at once',
        `CONCURRENT_${env}_SYNCS`,
      )
        .argParser(workers)
        .default(5),
    );
}

/** What the flags above gave, and `--feature-gates`. */
export function autoscalerOptions(given: Record<string, unknown>): AutoscalerOptions {
  const of = (name: string) => given[`horizontalPodAutoscaler${name}`] as number;
  return {
    syncPeriodMs: of('SyncPeriod'),
    downscaleStabilizationMs: of('DownscaleStabilization'),
    tolerance: of('Tolerance'),
    cpuInitializationMs: of('CpuInitializationPeriod'),
    initialReadinessDelayMs: of('InitialReadinessDelay'),
    concurrentSyncs: given['concurrentHorizontalPodAutoscalerSyncs'] as number,
    scaleToZero: (given['featureGates'] as FeatureGates).hpaScaleToZero,
  };
}
