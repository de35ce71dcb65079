import type { Clock } from '@drydock/base/clock';
import type { BackendRequest, BackendResponse } from '@drydock/port/kubelet';
import { consuming, type ContainerRuntime } from '../pods/index.ts';
import { UnreachableError, type PodNetwork } from '../shell/index.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function text(body: string, status = 200): BackendResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: encoder.encode(body),
  };
}

/** A request that is answered with what is wrong with it. */
class Refused extends Error {
  readonly status: number;
  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** What a form says, in the query and in the body. */
function formOf(request: BackendRequest): URLSearchParams {
  const form = new URLSearchParams(request.query);
  if ((request.headers.get('content-type') ?? '').startsWith('application/x-www-form-urlencoded'))
    for (const [name, value] of new URLSearchParams(decoder.decode(request.body))) form.append(name, value);
  return form;
}

function texts(form: URLSearchParams, ...names: readonly string[]): string[] {
  const values = names.map((name) => form.get(name) ?? '');
  if (values.includes('')) throw new Refused('not given function argument');
  return values;
}

function number(value: string, isWhole = true): number {
  if (!(isWhole ? /^[+-]?\d+$/ : /^[+-]?\d+(\.\d+)?$/).test(value))
    throw new Refused('incorrect function argument');
  return Number(value);
}

function wholes(form: URLSearchParams, ...names: readonly string[]): number[] {
  return texts(form, ...names).map((value) => number(value));
}

/** Metrics that were bumped: by how much, and until when. */
const bumps = new WeakMap<ContainerRuntime, { metric: string; delta: number; untilMs: number }[]>();

function metricsText(container: ContainerRuntime, nowMs: number): string {
  const values = new Map<string, number>();
  for (const { metric, delta, untilMs } of bumps.get(container) ?? [])
    values.set(metric, (values.get(metric) ?? 0) + (nowMs < untilMs ? delta : 0));
  return [...values]
    .map(
      ([name, value]) => `# HELP ${name} info message.\n# TYPE ${name} gauge\n${name} ${value.toFixed(6)}\n`,
    )
    .join('');
}

async function answered(of: () => string | Promise<string>): Promise<BackendResponse> {
  try {
    return text(await of());
  } catch (error) {
    if (error instanceof Refused) return text(`${error.message}\n`, error.status);
    throw error;
  }
}

/** The `resource-consumer` of Kubernetes' own tests: uses what it is asked to, for as long. */
export function resourceConsumer(
  container: ContainerRuntime,
  request: BackendRequest,
  clock: Clock,
): Promise<BackendResponse> {
  const nowMs = clock.now();
  return answered(() => {
    if (request.path === '/metrics') return metricsText(container, nowMs);
    if (request.method !== 'POST') throw new Refused('Bad request. Not a POST request');
    const form = formOf(request);
    const use = (cpu: number, memory: number, seconds: number) => {
      const one = { cpu, memory, fromMs: nowMs, untilMs: nowMs + seconds * 1000 };
      container.consumption = consuming(container.consumption, one, nowMs);
    };
    switch (request.path) {
      case '/ConsumeCPU': {
        const [seconds = 0, millicores = 0] = wholes(form, 'durationSec', 'millicores');
        use(millicores / 1000, 0, seconds);
        return `ConsumeCPU\n${millicores} millicores\n${seconds} durationSec\n`;
      }
      case '/ConsumeMem': {
        const [seconds = 0, megabytes = 0] = wholes(form, 'durationSec', 'megabytes');
        use(0, megabytes * 2 ** 20, seconds);
        return `ConsumeMem\n${megabytes} megabytes\n${seconds} durationSec\n`;
      }
      case '/BumpMetric': {
        const [metric = '', by = '', duration = ''] = texts(form, 'metric', 'delta', 'durationSec');
        const [seconds, delta] = [number(duration), number(by, false)];
        const all = bumps.get(container) ?? [];
        all.push({ metric, delta, untilMs: nowMs + seconds * 1000 });
        bumps.set(container, all);
        return `BumpMetric\n${metric} metric\n${delta} delta\n${seconds} durationSec\n`;
      }
      case '/GetCurrentStatus':
        return 'Warning: not implemented!\nGetCurrentStatus';
      default:
        throw new Refused(`unknown function: ${request.path}`, 404);
    }
  });
}

interface Portions {
  /** What the amount is called, here and by the consumers, and what that of one portion is. */
  readonly amount: string;
  readonly size: string;
  readonly tells: (count: number, size: number, rest: number) => string;
  readonly done: (amount: number, metric: string) => string;
}

const portions: Readonly<Record<string, Portions>> = {
  '/ConsumeCPU': {
    amount: 'millicores',
    size: 'requestSizeMillicores',
    tells: (count, size, rest) =>
      `sending ${count} requests to consume ${size} millicores each and 1 request to consume ${rest} millicores`,
    done: (amount) => `Consumed ${amount} millicores`,
  },
  '/ConsumeMem': {
    amount: 'megabytes',
    size: 'requestSizeMegabytes',
    tells: (count, size, rest) =>
      `sending ${count} requests to consume ${size} MB each and 1 request to consume ${rest} MB`,
    done: (amount) => `Consumed ${amount} megabytes`,
  },
  '/BumpMetric': {
    amount: 'delta',
    size: 'requestSizeMetrics',
    tells: (count, size, rest) =>
      `sending ${count} requests to bump custom metric by ${size} each and 1 request to bump by ${rest}`,
    done: (amount, metric) => `Bumped metric ${metric} by ${amount}`,
  },
};

/** agnhost's `resource-consumer-controller`: cuts a load into portions, and asks a Service's consumers for each. */
export function resourceConsumerController(
  flags: { readonly service: string; readonly namespace: string; readonly port: number },
  network: PodNetwork | undefined,
  request: BackendRequest,
): Promise<BackendResponse> {
  return answered(async () => {
    if (request.method !== 'POST') throw new Refused('Bad request. Not a POST request');
    const kind = Object.hasOwn(portions, request.path) ? portions[request.path] : undefined;
    if (kind === undefined) throw new Refused('unknown function', 404);
    const form = formOf(request);
    const metric = request.path === '/BumpMetric' ? texts(form, 'metric') : [];
    const [seconds = 0, total = 0, size = 0] = wholes(form, 'durationSec', kind.amount, kind.size);
    if (size <= 0) throw new Refused('incorrect function argument');
    const count = Math.trunc(total / size);
    const rest = total - count * size;
    const lines = [`RC manager: ${kind.tells(count, size, rest)}`];
    const host = `${flags.service}.${flags.namespace}.svc.cluster.local`;
    const send = async (amount: number) => {
      const body = new URLSearchParams([
        [kind.amount, String(amount)],
        ['durationSec', String(seconds)],
        ...metric.map((name): [string, string] => ['metric', name]),
      ]);
      try {
        const [address] = (await network?.resolve(host)) ?? [];
        if (network === undefined || address === undefined) throw new UnreachableError('timeout');
        await network.request(address, flags.port, {
          method: 'POST',
          path: request.path,
          query: '',
          headers: new Map([['content-type', 'application/x-www-form-urlencoded']]),
          body: encoder.encode(body.toString()),
        });
        lines.push(kind.done(amount, metric[0] ?? ''));
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        lines.push(`Failed to connect to consumer: ${error.message}`);
      }
    };
    await Promise.all(
      [...Array.from({ length: Math.max(0, count) }, () => size), ...(rest > 0 ? [rest] : [])].map(send),
    );
    return `${lines.join('\n')}\n`;
  });
}
