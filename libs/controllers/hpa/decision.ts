/** One decision about one autoscaler: what it saw, each rule it applied, and what came of it. */
export interface Decision {
  readonly namespace: string;
  readonly name: string;
  readonly atMs: number;
  /** `Deployment/default/web`. */
  readonly target: string;
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

/** A decision as a person would want to read it. */
export function explainDecision(decision: Decision): string {
  const { namespace, name, target, currentReplicas, desiredReplicas, minReplicas, maxReplicas } = decision;
  const lines = [
    `${namespace}/${name}  ${new Date(decision.atMs).toISOString()}`,
    `  target ${target}: ${currentReplicas} replicas, to stay from ${minReplicas} to ${maxReplicas}`,
  ];
  for (const metric of decision.metrics) {
    lines.push(`  ${metric.name}`);
    for (const step of metric.steps) lines.push(`    ${step}`);
    if (metric.error !== undefined) lines.push(`    failed: ${metric.error}`);
    else if (metric.replicas !== undefined) lines.push(`    asks for ${metric.replicas}`);
  }
  if (decision.metrics.length > 1 && decision.metricReplicas !== undefined)
    lines.push(`  the highest counts: ${decision.metricReplicas}`);
  for (const rule of decision.rules) lines.push(`  ${rule}`);
  if (decision.error !== undefined) lines.push(`  error: ${decision.error}`);
  lines.push(
    decision.rescaled
      ? `  outcome: ${currentReplicas} → ${desiredReplicas} (${decision.reason ?? ''})`
      : `  outcome: stays at ${currentReplicas}`,
  );
  return lines.join('\n');
}
