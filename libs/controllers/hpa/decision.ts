/** One decision about one autoscaler: what it saw, each rule it applied, and what came of it. */
export interface Decision {
  readonly namespace: string;
  readonly name: string;
  readonly atMs: number;
  /** `Deployment/default/web`. */
  readonly target: string;
  /** Could the target's scale be read? If not, nothing is known of its replicas. */
  readonly found: boolean;
  readonly currentReplicas: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly metrics: readonly MetricDecision[];
  /** What the metrics ask for together; absent where they were not asked or gave no answer. */
  readonly metricReplicas?: number;
  /** Rules after the metrics: stabilization, rates, bounds. */
  readonly rules: readonly string[];
  readonly desiredReplicas: number;
  readonly rescaled: boolean;
  /** Why it was rescaled, as the event says. */
  readonly reason?: string;
  readonly error?: string;
}

export interface MetricDecision {
  readonly name: string;
  readonly steps: readonly string[];
  readonly replicas?: number;
  readonly error?: string;
}

/** Keeps the last decisions of each autoscaler. */
export interface DecisionLog {
  add(key: string, decision: Decision): void;
  /** Newest first. */
  of(key: string): readonly Decision[];
  forget(key: string): void;
}

export function createDecisionLog(perAutoscaler = 20): DecisionLog {
  const kept = new Map<string, Decision[]>();
  return {
    add(key, decision) {
      const list = kept.get(key) ?? [];
      list.unshift(decision);
      if (list.length > perAutoscaler) list.pop();
      kept.set(key, list);
    },
    of: (key) => kept.get(key) ?? [],
    forget: (key) => void kept.delete(key),
  };
}

/** A decision as a person would want to read it: what was found, what each metric asked for and why, what came of it. */
export function explainDecision(decision: Decision): string {
  const { namespace, name, target, found, currentReplicas, desiredReplicas, minReplicas, maxReplicas } =
    decision;
  const lines = [
    `HorizontalPodAutoscaler ${namespace}/${name}, ${new Date(decision.atMs).toISOString()}`,
    `  Target:   ${target}${found ? `, ${currentReplicas} replicas` : ''} (min ${minReplicas}, max ${maxReplicas})`,
  ];
  for (const metric of decision.metrics) {
    lines.push(`  Metric:   ${metric.name}`);
    for (const step of metric.steps) lines.push(`    - ${step}`);
    if (metric.error !== undefined) lines.push(`    - failed: ${metric.error}`);
    else if (metric.replicas !== undefined) lines.push(`    = asks for ${metric.replicas}`);
  }
  const answers = decision.metrics.filter(({ replicas }) => replicas !== undefined);
  if (answers.length > 1 && decision.metricReplicas !== undefined)
    lines.push(`  Metrics:  the one that asks for most counts: ${decision.metricReplicas}`);
  if (decision.rules.length > 0) lines.push('  Rules:', ...decision.rules.map((rule) => `    - ${rule}`));
  // What a metric failed of is said there; that the count could not be written is not.
  const isSaid = decision.metrics.some(({ error }) => error !== undefined);
  const unwritten = decision.reason !== undefined && !decision.rescaled;
  if (decision.error !== undefined && (!isSaid || unwritten)) lines.push(`  Error:    ${decision.error}`);
  const outcome = decision.rescaled
    ? `${currentReplicas} → ${desiredReplicas}${decision.reason ? ` (${decision.reason})` : ''}`
    : found
      ? `stays at ${currentReplicas}`
      : 'nothing can be done';
  lines.push(`  Outcome:  ${outcome}`);
  return lines.join('\n');
}

/** A decision with nothing left out and its text, as it leaves the process. */
export interface DecisionRecord {
  readonly atMs: number;
  readonly target: string;
  readonly currentReplicas: number;
  readonly desiredReplicas: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly rescaled: boolean;
  readonly reason: string;
  readonly error: string;
  readonly metrics: { name: string; steps: string[]; replicas?: number; error: string }[];
  readonly rules: string[];
  readonly text: string;
}

export function decisionRecord(decision: Decision): DecisionRecord {
  const { atMs, target, currentReplicas, desiredReplicas, minReplicas, maxReplicas, rescaled } = decision;
  return {
    ...{ atMs, target, currentReplicas, desiredReplicas, minReplicas, maxReplicas, rescaled },
    reason: decision.reason ?? '',
    error: decision.error ?? '',
    metrics: decision.metrics.map(({ name, steps, replicas, error = '' }) => ({
      name,
      steps: [...steps],
      ...(replicas === undefined ? {} : { replicas }),
      error,
    })),
    rules: [...decision.rules],
    text: explainDecision(decision),
  };
}
