import { humanDuration } from '@drydock/base/apimachinery';
import { systemClock } from '@drydock/base/clock';
import {
  explainAutoscaler,
  explainPod,
  type AutoscalerDecision,
  type ExplainPodResponse,
  type NodeVerdict,
} from '@drydock/rpc';

export interface ExplainOptions {
  /** What is to be explained. */
  readonly about: 'pod' | 'hpa';
  readonly name: string;
  readonly namespace: string;
  /** `host:port` of the gRPC door. */
  readonly grpcAddress: string;
  readonly output: 'text' | 'json';
  /** Nodes or decisions to show at most; 0 shows all. */
  readonly limit: number;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

function verdictOf({ refusedBy, reasons, resolvable, total }: NodeVerdict): string {
  if (refusedBy === '') return String(total);
  return `${reasons.join(', ')} (${refusedBy}${resolvable ? ', evicting Pods may help' : ''})`;
}

/** A decision as a person would want to read it. */
export function explanationText(decision: ExplainPodResponse, nowMs: number, limit: number): string {
  const rated = decision.nodes.filter(({ refusedBy }) => refusedBy === '');
  const refused = decision.nodes.filter(({ refusedBy }) => refusedBy !== '');
  const first = <T>(list: readonly T[]) => (limit === 0 ? list : list.slice(0, limit));
  const more = (list: readonly unknown[]) =>
    limit > 0 && list.length > limit ? [`… and ${list.length - limit} more (--limit 0 shows all)`] : [];
  const plugins = [...new Set(rated.flatMap(({ scores }) => Object.keys(scores)))];
  const lines = [
    table([
      ['Pod:', decision.pod],
      ['Scheduler:', decision.schedulerName],
      ['Outcome:', decision.outcome],
      ...(decision.node === ''
        ? []
        : [[decision.outcome === 'scheduled' ? 'Node:' : 'Promised:', decision.node]]),
      ['Message:', decision.message],
      ['Attempt:', `${decision.attempt}, ${humanDuration(nowMs - decision.timeMs)} ago`],
      ['Looked at:', `${decision.evaluated} of ${decision.nodeCount} nodes`],
      ...(decision.victims.length === 0 ? [] : [['Evicts:', decision.victims.join(', ')]]),
    ]),
  ];
  if (plugins.length > 0) {
    const rows = first(rated).map(({ node, scores, total }) => [
      node,
      ...plugins.map((plugin) => String(scores[plugin] ?? 0)),
      String(total),
    ]);
    lines.push(
      '',
      'Scores (with their weights):',
      table([['NODE', ...plugins, 'TOTAL'], ...rows]),
      ...more(rated),
    );
  } else if (rated.length > 0) lines.push('', 'It was the only node that would do.');
  if (refused.length > 0) {
    const rows = first(refused).map((verdict) => [verdict.node, verdictOf(verdict)]);
    lines.push('', 'Refused:', table([['NODE', 'WHY'], ...rows]), ...more(refused));
  }
  return `${lines.join('\n')}\n`;
}

/** Decisions as a person would want to read them, newest first. */
export function decisionsText(decisions: readonly AutoscalerDecision[]): string {
  return `${decisions.map(({ text }) => text).join('\n\n')}\n`;
}

async function answer(options: ExplainOptions): Promise<string> {
  const { about, name, namespace, grpcAddress, limit } = options;
  const asJson = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
  const text = options.output === 'text';
  if (about === 'pod') {
    const decision = await explainPod(grpcAddress, { namespace, name });
    return text ? explanationText(decision, systemClock.now(), limit) : asJson(decision);
  }
  const all = 2 ** 31 - 1;
  const decisions = await explainAutoscaler(grpcAddress, {
    namespace,
    name,
    limit: limit === 0 ? all : limit,
  });
  if (decisions.length === 0)
    throw new Error(
      `nothing was decided about HorizontalPodAutoscaler ${namespace}/${name}: there is none, or it was not looked at yet (that is once a sync period)`,
    );
  return text ? decisionsText(decisions) : asJson(decisions);
}

/** `drydock explain pod|hpa NAME`: answers the exit code. */
export async function explain(
  options: ExplainOptions,
  output: { out(text: string): void; err(text: string): void },
): Promise<number> {
  try {
    output.out(await answer(options));
    return 0;
  } catch (error) {
    output.err(`drydock: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
