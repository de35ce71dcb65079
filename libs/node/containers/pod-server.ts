import type { Pod } from '@drydock/api/core/v1';
import { concatBytes, type ByteChannel } from '@drydock/base/streams';
import type { BackendRequest, BackendResponse } from '@drydock/port/kubelet';
import { agnhostPorts, imageName } from '../pods/index.ts';
import { agnhostAnswer, type ServedRequest } from './agnhost-server.ts';
import { podHostname } from './hostname.ts';

/** Ports on which well-known images listen though their Pods seldom declare them. */
const imagePorts: Readonly<Record<string, readonly number[]>> = {
  nginx: [80],
  httpd: [80],
  apache: [80],
  caddy: [80, 443],
  traefik: [80, 443],
  whoami: [80],
  echoserver: [8080],
  'http-echo': [5678],
  redis: [6379],
  valkey: [6379],
  postgres: [5432],
  mysql: [3306],
  mariadb: [3306],
  mongo: [27017],
  nats: [4222],
  rabbitmq: [5672],
  memcached: [11211],
};

const portsAnnotation = 'drydock.dev/ports';

/** The TCP ports on which a Pod's containers listen: declared ones, those of its probes, the annotation's, the image's. */
export function listeningPorts(pod: Pod): Set<number> {
  const ports = new Set<number>();
  for (const container of [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]) {
    for (const { containerPort, protocol } of container.ports ?? []) {
      if (containerPort !== undefined && (protocol ?? 'TCP') === 'TCP') ports.add(containerPort);
    }
    for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
      const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? probe?.grpc?.port;
      if (typeof port === 'number') ports.add(port);
    }
    for (const port of agnhostPorts(container) ?? imagePorts[imageName(container.image ?? '')] ?? [])
      ports.add(port);
  }
  for (const text of (pod.metadata.annotations?.[portsAnnotation] ?? '').split(',')) {
    const port = Number(text.trim());
    if (text.trim() !== '' && Number.isInteger(port) && port > 0 && port < 65_536) ports.add(port);
  }
  return ports;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  413: 'Content Too Large',
};
const maxHeadBytes = 64 * 1024;
const maxBodyBytes = 16 * 1024 * 1024;

/** What a simulated container answers to an HTTP request: who it is and what it was asked. */
export function answer(pod: Pod, hostname: string, port: number, request: BackendRequest): BackendResponse {
  const lines = [
    `Hostname: ${hostname}`,
    `Pod: ${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`,
    `IP: ${pod.status?.podIP ?? ''}`,
    `Port: ${port}`,
    `${request.method} ${request.path}${request.query === '' ? '' : `?${request.query}`} HTTP/1.1`,
    ...[...request.headers].map(
      ([name, value]) =>
        `${name.replace(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase())}: ${value}`,
    ),
  ];
  const head = encoder.encode(`${lines.join('\n')}\n${request.body.length > 0 ? '\n' : ''}`);
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: concatBytes([head, request.body]),
  };
}

/** The answer of a Pod to a request at one of its ports. */
export async function respond(
  served: Omit<ServedRequest, 'hostname'>,
  request: BackendRequest,
): Promise<BackendResponse> {
  const { pod } = served.runtime;
  const hostname = podHostname(pod);
  return (
    (await agnhostAnswer({ ...served, hostname }, request)) ?? answer(pod, hostname, served.port, request)
  );
}

interface Reader {
  upTo(mark: string, maxBytes: number): Promise<Uint8Array | undefined>;
  exactly(count: number): Promise<Uint8Array | undefined>;
  first(): Promise<Uint8Array | undefined>;
}

function createReader(channel: ByteChannel): Reader {
  let buffer: Uint8Array = new Uint8Array();
  const fill = async () => {
    const bytes = await channel.read();
    if (bytes !== undefined) buffer = concatBytes([buffer, bytes]);
    return bytes !== undefined;
  };
  const cut = (count: number) => {
    const part = buffer.subarray(0, count);
    buffer = buffer.subarray(count);
    return part;
  };
  return {
    async first() {
      if (buffer.length === 0 && !(await fill())) return undefined;
      return buffer;
    },
    async upTo(mark, maxBytes) {
      const wanted = encoder.encode(mark);
      for (let from = 0; ;) {
        for (let at = from; at + wanted.length <= buffer.length; at++) {
          if (wanted.every((byte, index) => buffer[at + index] === byte)) return cut(at + wanted.length);
        }
        from = Math.max(0, buffer.length - wanted.length);
        if (buffer.length > maxBytes || !(await fill())) return undefined;
      }
    },
    async exactly(count) {
      while (buffer.length < count) if (!(await fill())) return undefined;
      return cut(count);
    },
  };
}

async function readBody(
  reader: Reader,
  headers: ReadonlyMap<string, string>,
): Promise<Uint8Array | undefined> {
  if (/chunked/i.test(headers.get('transfer-encoding') ?? '')) {
    const parts: Uint8Array[] = [];
    for (let total = 0; total <= maxBodyBytes;) {
      const line = await reader.upTo('\r\n', 1_024);
      const size = line === undefined ? Number.NaN : Number.parseInt(decoder.decode(line), 16);
      if (Number.isNaN(size)) return undefined;
      const part = size === 0 ? await reader.upTo('\r\n', maxHeadBytes) : await reader.exactly(size + 2);
      if (part === undefined) return undefined;
      if (size === 0) return concatBytes(parts);
      parts.push(part.subarray(0, size));
      total += size;
    }
    return undefined;
  }
  const length = Number(headers.get('content-length') ?? 0);
  if (!Number.isInteger(length) || length < 0 || length > maxBodyBytes) return undefined;
  return length === 0 ? new Uint8Array() : reader.exactly(length);
}

async function sendResponse(
  channel: ByteChannel,
  response: BackendResponse,
  head: boolean,
  close: boolean,
): Promise<void> {
  const lines = [
    `HTTP/1.1 ${response.status} ${statusTexts[response.status] ?? 'Unknown'}`,
    ...Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${response.body.length}`,
    `connection: ${close ? 'close' : 'keep-alive'}`,
  ];
  await channel.write(encoder.encode(`${lines.join('\r\n')}\r\n\r\n`));
  if (!head && response.body.length > 0) await channel.write(response.body);
}

/** One connection to a port: HTTP/1.1 when it begins like it, else every byte comes back. */
export async function serveConnection(
  channel: ByteChannel,
  respondTo: (request: BackendRequest) => BackendResponse | Promise<BackendResponse>,
): Promise<void> {
  const reader = createReader(channel);
  const first = await reader.first();
  if (first === undefined) return;
  if (!/^[A-Z]{3,7} |^[A-Z]{1,7}$/.test(decoder.decode(first.subarray(0, 8)))) {
    await echo(reader, channel);
    return;
  }
  for (;;) {
    const head = await reader.upTo('\r\n\r\n', maxHeadBytes);
    if (head === undefined) return;
    const [requestLine = '', ...headerLines] = decoder.decode(head).trimEnd().split('\r\n');
    const [method = '', target = '/', version = ''] = requestLine.split(' ');
    const headers = new Map(
      headerLines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase().trim(), line.slice(colon + 1).trim()] as const;
      }),
    );
    if (/100-continue/i.test(headers.get('expect') ?? ''))
      await channel.write(encoder.encode('HTTP/1.1 100 Continue\r\n\r\n'));
    const body = version.startsWith('HTTP/1.') ? await readBody(reader, headers) : undefined;
    if (body === undefined) {
      const bad = {
        status: 400,
        headers: { 'content-type': 'text/plain' },
        body: encoder.encode('bad request\n'),
      };
      await sendResponse(channel, bad, false, true);
      return;
    }
    const mark = target.indexOf('?');
    const request: BackendRequest = {
      method,
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? '' : target.slice(mark + 1),
      headers,
      body,
    };
    const close = version === 'HTTP/1.0' || /close/i.test(headers.get('connection') ?? '');
    await sendResponse(channel, await respondTo(request), method === 'HEAD', close);
    if (close) return;
  }
}

async function echo(reader: Reader, channel: ByteChannel): Promise<void> {
  for (let bytes = await reader.first(); bytes !== undefined; bytes = await reader.first()) {
    const all = await reader.exactly(bytes.length);
    if (all === undefined) return;
    await channel.write(all);
  }
}
