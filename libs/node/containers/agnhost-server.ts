import type { Clock } from '@drydock/base/clock';
import type { BackendRequest, BackendResponse } from '@drydock/port/kubelet';
import {
  agnhostFlag,
  agnhostPorts,
  argumentsOf,
  imageName,
  type ContainerRuntime,
  type PodRuntime,
} from '../pods/index.ts';
import { UnreachableError, type PodNetwork } from '../shell/index.ts';
import { createOutputLog, type OutputLog } from './output-log.ts';
import { resourceConsumer, resourceConsumerController } from './resource-consumer.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface ServedRequest {
  readonly runtime: PodRuntime;
  readonly port: number;
  readonly hostname: string;
  /** Who asks. */
  readonly client: string;
  readonly network: PodNetwork | undefined;
  readonly clock: Clock;
}

function text(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): BackendResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: encoder.encode(body),
  };
}

/** What it logs. A server that logs nothing but what it is asked begins its log with the first request. */
function logOf(container: ContainerRuntime, clock: Clock): (line: string) => void {
  const log = (container.output ??= createOutputLog()) as OutputLog;
  return (line) => {
    const [date = '', time = ''] = new Date(clock.now()).toISOString().split(/[TZ.]/);
    log.append('stderr', encoder.encode(`${date.replaceAll('-', '/')} ${time} ${line}\n`), clock.now());
  };
}

function parameters(query: string): URLSearchParams {
  return new URLSearchParams(query);
}

/** Asks others on behalf of whoever asks, over HTTP or what stands for UDP here: the same answers. */
async function dial(query: URLSearchParams, network: PodNetwork | undefined): Promise<BackendResponse> {
  const [host = '', request = '', protocol = 'http'] = ['host', 'request', 'protocol'].map(
    (name) => query.get(name) ?? undefined,
  );
  const tries = Number(query.get('tries') || 1);
  if (request === '') return text('request parameter not specified. <nil>\n', 400);
  if (!['http', 'udp'].includes(protocol.toLowerCase()))
    return text(`unsupported protocol. ${protocol}\n`, 400);
  const responses: string[] = [];
  const errors: string[] = [];
  for (let at = 0; at < tries; at++) {
    try {
      const [address] = (await network?.resolve(host)) ?? [];
      if (network === undefined || address === undefined) throw new UnreachableError('timeout');
      const [path = '', more = ''] = `/${request}`.split('?');
      const answer = await network.request(address, Number(query.get('port')), {
        method: 'GET',
        path,
        query: more,
        headers: new Map(),
        body: new Uint8Array(),
      });
      responses.push(decoder.decode(answer.body));
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      errors.push(error.message.toLowerCase());
    }
  }
  return text(
    JSON.stringify({
      ...(errors.length > 0 ? { errors } : {}),
      ...(responses.length > 0 ? { responses } : {}),
    }),
  );
}

async function netexec(served: ServedRequest, container: ContainerRuntime, request: BackendRequest) {
  const log = logOf(container, served.clock);
  const query = parameters(request.query);
  const value = (name: string) => query.get(name) ?? '';
  switch (request.path) {
    case '/echo': {
      log(`GET /echo?msg=${value('msg')}&code=${value('code')}`);
      const status = value('code') === '' ? 200 : Number(value('code'));
      if (!Number.isInteger(status))
        return text(`argument 'code' must be an integer or empty, got ${JSON.stringify(value('code'))}\n`);
      return text(value('msg'), status);
    }
    case '/clientip':
      log('GET /clientip');
      return text(`${served.client}:${32_768 + (served.clock.now() % 28_000)}`);
    case '/header': {
      log(`GET /header?key=${value('key')}`);
      return text(request.headers.get(value('key').toLowerCase()) ?? '');
    }
    case '/dial':
      log(`GET /dial?${request.query}`);
      return dial(query, served.network);
    case '/healthz':
      log('GET /healthz');
      return text('');
    case '/hostname':
    case '/hostName':
      log(`GET ${request.path}`);
      return text(served.hostname);
    case '/redirect': {
      const status = Number(value('code') || 302);
      log(`${request.method} /redirect?msg=${value('location')}&code=${value('code')}`);
      return text('', status, { location: value('location') });
    }
    case '/exit':
    case '/shutdown':
      log(`GET ${request.path}?code=${value('code')}&timeout=${value('timeout')}&wait=${value('wait')}`);
      container.exited = { exitCode: Number(value('code') || 0), atMs: served.clock.now() };
      return text('');
    default:
      log('GET /');
      return text(`NOW: ${new Date(served.clock.now()).toISOString()}`);
  }
}

/** Whom a `nettest` has heard from, and how often. */
const heard = new WeakMap<ContainerRuntime, Map<string, number>>();

function nettest(
  { hostname }: ServedRequest,
  container: ContainerRuntime,
  request: BackendRequest,
): BackendResponse {
  const received = heard.get(container) ?? new Map<string, number>();
  heard.set(container, received);
  if (request.path === '/read') {
    const empty = { Sent: {}, Errors: null, Log: null, StillContactingPeers: false };
    return text(
      `${JSON.stringify({ Hostname: hostname, Received: Object.fromEntries(received), ...empty })}\n`,
    );
  }
  if (request.path === '/write') {
    const [, source = ''] = /"Source"\s*:\s*"([^"]*)"/.exec(decoder.decode(request.body)) ?? [];
    received.set(source, (received.get(source) ?? 0) + 1);
    return text(`${JSON.stringify({ Hostname: hostname })}\n`);
  }
  return request.path === '/status' ? text('pass') : text('');
}

/** The answer of a server of agnhost, the image of Kubernetes' own tests; undefined where none listens there. */
export async function agnhostAnswer(
  served: ServedRequest,
  request: BackendRequest,
): Promise<BackendResponse | undefined> {
  const container = served.runtime.containers.find(
    ({ spec, state }) => state.kind === 'running' && agnhostPorts(spec)?.includes(served.port) === true,
  );
  if (container === undefined) return undefined;
  if (imageName(container.spec.image ?? '') === 'resource-consumer')
    return resourceConsumer(container, request, served.clock);
  switch (argumentsOf(container.spec)[1]) {
    case 'resource-consumer-controller': {
      const flag = (name: string) => agnhostFlag(container.spec, name);
      return resourceConsumerController(
        {
          service: flag('consumer-service-name') ?? 'resource-consumer',
          namespace: flag('consumer-service-namespace') ?? 'default',
          port: Number(flag('consumer-port') ?? 8080),
        },
        served.network,
        request,
      );
    }
    case 'netexec':
      return netexec(served, container, request);
    case 'serve-hostname':
      return text(served.hostname);
    case 'nettest':
      return nettest(served, container, request);
    case 'liveness': {
      const upMs = container.state.kind === 'running' ? served.clock.now() - container.state.startedAtMs : 0;
      const bad = request.path === '/healthz' && upMs > 10_000;
      return bad
        ? text(`error: ${upMs / 1000}`, 500)
        : text(request.path === '/healthz' ? 'ok' : `${upMs / 1000}s`);
    }
    default:
      return undefined;
  }
}
