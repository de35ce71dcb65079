import type { Container, Probe } from '@drydock/api/core/v1';
import { formatDuration } from '@drydock/base/apimachinery';
import { durationMs } from './knobs.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

/** What one run of a probe finds. A warning is a success that is told of; an error says nothing of the container and counts neither way. */
export type ProbeOutcome =
  | { readonly result: 'success' }
  | { readonly result: 'warning' | 'failure' | 'error'; readonly output: string };

export const probeSucceeds: ProbeOutcome = { result: 'success' };

interface Step {
  /** Since the start of the container. */
  readonly fromMs: number;
  readonly word: string;
}

const known = /^(success|failure|timeout|refused|[1-5]\d\d)$/;

/**
 * A script of outcomes, each from a time after the container's start: `failure,success@10s,503@1m`. Words: `success`,
 * `failure`, `timeout`, `refused` and HTTP statuses. What cannot be read is left out.
 */
function parseScript(text: string): Step[] {
  const steps: Step[] = [];
  for (const part of text.split(',')) {
    const [word = '', at = '0s'] = part.split('@').map((one) => one.trim());
    const fromMs = durationMs(at);
    if (known.test(word) && fromMs !== undefined) steps.push({ fromMs, word });
  }
  return steps.sort((a, b) => a.fromMs - b.fromMs);
}

/** What a script says of a moment, and when it next says something else. Before its first entry all is well. */
export function scripted(text: string, sinceStartMs: number): { word: string; nextMs: number | undefined } {
  let word = 'success';
  for (const step of parseScript(text)) {
    if (step.fromMs > sinceStartMs) return { word, nextMs: step.fromMs };
    word = step.word;
  }
  return { word, nextMs: undefined };
}

/** The number behind a probe's port: named ports are those of its container. */
export function probePort(container: Container, port: unknown): number | undefined {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name !== undefined && name === port)?.containerPort;
  return named ?? (/^\d+$/.test(String(port)) ? Number(port) : undefined);
}

function portOf(probe: Probe): unknown {
  return probe.httpGet?.port ?? probe.tcpSocket?.port ?? probe.grpc?.port;
}

/** The error of a probe whose port has a name that its container does not know. */
export function unresolvedPort(container: Container, probe: Probe): ProbeOutcome | undefined {
  const port = portOf(probe);
  if (port === undefined || probePort(container, port) !== undefined) return undefined;
  return { result: 'error', output: `strconv.Atoi: parsing ${JSON.stringify(String(port))}: invalid syntax` };
}

/** `host:port` as the kubelet dials it. */
function addressOf(container: Container, probe: Probe, podIp: string): string {
  const host = probe.httpGet?.host || probe.tcpSocket?.host || podIp;
  return `${host.includes(':') ? `[${host}]` : host}:${probePort(container, portOf(probe)) ?? 0}`;
}

export function execTimeout(command: readonly string[], seconds: number): ProbeOutcome {
  const output = `command ${JSON.stringify(command.join(' '))} timed out after ${formatDuration(seconds * 1000)}`;
  return { result: 'failure', output };
}

/** The kubelet's words for an outcome of that kind of probe. */
export function outcomeOf(word: string, container: Container, probe: Probe, podIp: string): ProbeOutcome {
  const failure = (output: string): ProbeOutcome => ({ result: 'failure', output });
  const status = Number(word);
  if (word === 'success' || (status >= 200 && status < 400)) return probeSucceeds;
  const address = addressOf(container, probe, podIp);
  const seconds = probe.timeoutSeconds ?? 1;
  const { httpGet } = probe;
  if (httpGet !== undefined) {
    if (word !== 'timeout' && word !== 'refused')
      return failure(`HTTP probe failed with statuscode: ${word === 'failure' ? 500 : status}`);
    const path = httpGet.path || '/';
    const url = `${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${address}${path.startsWith('/') ? '' : '/'}${path}`;
    const why =
      word === 'refused'
        ? `dial tcp ${address}: connect: connection refused`
        : 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
    return failure(`Get ${JSON.stringify(url)}: ${why}`);
  }
  if (probe.tcpSocket !== undefined)
    return failure(
      `dial tcp ${address}: ${word === 'timeout' ? 'i/o timeout' : 'connect: connection refused'}`,
    );
  if (probe.grpc !== undefined) {
    const within = formatDuration(seconds * 1000);
    if (word === 'timeout') return failure(`timeout: health rpc did not complete within ${within}`);
    if (word === 'refused')
      return failure(
        `timeout: failed to connect service ${JSON.stringify(address)} within ${within}: context deadline exceeded`,
      );
    return failure('service unhealthy (responded with "NOT_SERVING")');
  }
  return word === 'timeout' ? execTimeout(probe.exec?.command ?? [], seconds) : failure('');
}
