import type { Pod } from '@drydock/api/core/v1';
import { amountText } from './amounts.ts';
import type { PodMetric, PodMetrics } from './metrics-client.ts';
import { groupPods, type PodGroups, type ReadinessRules } from './pod-groups.ts';
import { podRequests } from './pod-requests.ts';
import { isWithin, type Tolerances } from './tolerances.ts';
import { averageRatio, utilizationRatio, type UsageRatio } from './usage-ratio.ts';

/** A count that one metric asks for, and what led to it. */
export interface Proposal {
  readonly replicas: number;
  /** What the status shows: percent for utilization, otherwise milli-units. */
  readonly current: number;
  /** Average use of a Pod in milli-units, for utilization. */
  readonly average?: number;
  /** Each rule that was applied, for people. */
  readonly steps: readonly string[];
}

export interface PodsInput {
  readonly currentReplicas: number;
  /** Every Pod that the target's selector finds. */
  readonly pods: readonly Pod[];
  readonly metrics: PodMetrics;
  readonly tolerances: Tolerances;
  readonly readiness: ReadinessRules;
  readonly nowMs: number;
}

const noPods = 'no pods returned by selector while calculating replica count';
const noSamples = 'did not receive metrics for targeted pods (pods might be unready)';
const hundred = 100;
const maxInt32 = 2 ** 31 - 1;

/** A count: whole, and no more than a count can be. */
function countOf(value: number): number {
  return Math.min(Math.ceil(value), maxInt32);
}

function figure(ratio: number): string {
  return ratio.toFixed(3);
}

function percent(fraction: number): string {
  return `${Number((fraction * hundred).toFixed(2))} %`;
}

function withinText({ scaleDown, scaleUp }: Tolerances): string {
  return `within the tolerance (${percent(scaleDown)} below, ${percent(scaleUp)} above)`;
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown}, …` : shown;
}

function tellGroups({ ready, unready, missing, ignored }: PodGroups): string[] {
  const parts = [`${ready.length} counted`];
  if (unready.length > 0) parts.push(`${unready.length} not ready (${namesOf(unready)})`);
  if (missing.length > 0) parts.push(`${missing.length} without metrics (${namesOf(missing)})`);
  if (ignored.length > 0) parts.push(`${ignored.length} ignored, failed or going (${namesOf(ignored)})`);
  return [`Pods: ${parts.join(', ')}`];
}

interface Rules {
  readonly input: PodsInput;
  readonly groups: PodGroups;
  readonly samples: Map<string, PodMetric>;
  readonly measure: (samples: ReadonlyMap<string, { readonly value: number }>) => UsageRatio;
  /** What a Pod without a sample is taken to use when there is too little use. */
  readonly fallback: (name: string) => number;
}

/** From the ratio to a count: at once where every Pod was measured, otherwise with the cautious guess for the others. */
function countFrom({ input, groups, samples, measure, fallback }: Rules, steps: string[]) {
  const { currentReplicas, tolerances } = input;
  const { ratio, ...shown } = measure(samples);
  const stay = (why: string) => {
    steps.push(`${why}: ${currentReplicas} stays`);
    return { replicas: currentReplicas, ...shown, steps };
  };
  steps.push(`use ÷ target = ${figure(ratio)}`);
  const upWithUnready = groups.unready.length > 0 && ratio > 1;
  if (!upWithUnready && groups.missing.length === 0) {
    if (isWithin(tolerances, ratio)) return stay(withinText(tolerances));
    const replicas = countOf(ratio * groups.ready.length);
    steps.push(`${figure(ratio)} × ${groups.ready.length} Pods, rounded up = ${replicas}`);
    return { replicas, ...shown, steps };
  }
  const guessed = new Map<string, { readonly value: number }>(samples);
  if (groups.missing.length > 0 && ratio !== 1) {
    for (const name of groups.missing) guessed.set(name, { value: ratio < 1 ? fallback(name) : 0 });
    steps.push(
      ratio < 1
        ? `scaling down: ${groups.missing.length} Pods without metrics count as using all that they ask for`
        : `scaling up: ${groups.missing.length} Pods without metrics count as using nothing`,
    );
  }
  if (upWithUnready) {
    for (const name of groups.unready) guessed.set(name, { value: 0 });
    steps.push(`scaling up: ${groups.unready.length} Pods that are not ready count as using nothing`);
  }
  const { ratio: cautious } = measure(guessed);
  steps.push(`use ÷ target, with them = ${figure(cautious)}`);
  if (isWithin(tolerances, cautious)) return stay(withinText(tolerances));
  if ((ratio < 1 && cautious > 1) || (ratio > 1 && cautious < 1)) return stay('the direction would change');
  const replicas = countOf(cautious * guessed.size);
  if ((cautious < 1 && replicas > currentReplicas) || (cautious > 1 && replicas < currentReplicas))
    return stay('the number of measured Pods would change the direction');
  steps.push(`${figure(cautious)} × ${guessed.size} Pods, rounded up = ${replicas}`);
  return { replicas, ...shown, steps };
}

function prepare(input: PodsInput, resource: string) {
  if (input.pods.length === 0) throw new Error(noPods);
  const groups = groupPods(input.pods, input.metrics, resource, input.readiness, input.nowMs);
  const samples = new Map(input.metrics);
  for (const name of [...groups.ignored, ...groups.unready]) samples.delete(name);
  if (samples.size === 0) throw new Error(noSamples);
  return { groups, samples, steps: tellGroups(groups) };
}

/** For a share of what the Pods ask for, in percent. @throws Error in Kubernetes' words where there is no answer */
export function utilizationReplicas(
  input: PodsInput & { readonly resource: string; readonly container?: string; readonly target: number },
): Proposal {
  const { resource, container, target, pods } = input;
  const { groups, samples, steps } = prepare(input, resource);
  const requests = podRequests(pods, container, resource);
  const assumed = Math.max(hundred, target);
  const result = countFrom(
    {
      input,
      groups,
      samples,
      measure: (measured) => utilizationRatio(measured, requests, target),
      fallback: (name) => Math.trunc(((requests.get(name) ?? 0) * assumed) / hundred),
    },
    steps,
  );
  steps.splice(
    1,
    0,
    `use: ${result.current} % of what the Pods ask for (${amountText(result.average, resource)} a Pod); target ${target} %`,
  );
  return result;
}

/** For an average over the Pods, in milli-units. `resource` is empty for metrics that are none. @throws Error */
export function averageReplicas(
  input: PodsInput & { readonly resource: string; readonly target: number },
): Proposal {
  const { resource, target } = input;
  const { groups, samples, steps } = prepare(input, resource);
  const { average: _, ...result } = countFrom(
    {
      input,
      groups,
      samples,
      measure: (measured) => averageRatio(measured, target),
      fallback: () => target,
    },
    steps,
  );
  const [use, wanted] = [amountText(result.current, resource), amountText(target, resource)];
  steps.splice(1, 0, `average use of a Pod: ${use}; target ${wanted}`);
  return result;
}

/** For one value against a target: the count follows the ratio. From zero the ratio alone decides. @throws Error */
export function valueReplicas(input: {
  readonly currentReplicas: number;
  readonly pods: readonly Pod[];
  readonly tolerances: Tolerances;
  readonly value: number;
  readonly target: number;
}): Proposal {
  const { currentReplicas, pods, tolerances, value, target } = input;
  const ratio = value / target;
  const steps = [
    `value ${amountText(value)}; target ${amountText(target)}`,
    `value ÷ target = ${figure(ratio)}`,
  ];
  if (currentReplicas === 0) {
    const replicas = countOf(ratio);
    steps.push(`from zero: the ratio, rounded up = ${replicas}`);
    return { replicas, current: value, steps };
  }
  if (isWithin(tolerances, ratio)) {
    steps.push(`${withinText(tolerances)}: ${currentReplicas} stays`);
    return { replicas: currentReplicas, current: value, steps };
  }
  if (pods.length === 0) throw new Error(`unable to calculate ready pods: ${noPods}`);
  const ready = pods.filter(
    ({ status }) =>
      status?.phase === 'Running' &&
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
  ).length;
  const replicas = countOf(ratio * ready);
  steps.push(`${figure(ratio)} × ${ready} ready Pods, rounded up = ${replicas}`);
  return { replicas, current: value, steps };
}

/** For one value that is to be shared among the Pods that there are. */
export function sharedValueReplicas(input: {
  readonly statusReplicas: number;
  readonly tolerances: Tolerances;
  readonly value: number;
  readonly target: number;
}): Proposal {
  const { statusReplicas, tolerances, value, target } = input;
  const ratio = value / (target * statusReplicas);
  const current = statusReplicas === 0 ? value : Math.ceil(value / statusReplicas);
  const steps = [
    `value ${amountText(value)}, for ${statusReplicas} Pods; target ${amountText(target)} a Pod`,
    `value ÷ (target × Pods) = ${figure(ratio)}`,
  ];
  // With no Pods at all there is no ratio: nothing to do for nothing, and infinitely much for something.
  if (isWithin(tolerances, ratio)) {
    steps.push(`${withinText(tolerances)}: ${statusReplicas} stays`);
    return { replicas: statusReplicas, current, steps };
  }
  const replicas = countOf(value / target);
  steps.push(`value ÷ target, rounded up = ${replicas}`);
  return { replicas, current, steps };
}
