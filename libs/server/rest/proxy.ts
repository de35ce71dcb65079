import type { Endpoints, Pod, Service } from '@drydock/api/core/v1';
import { badRequest, serviceUnavailable } from '@drydock/base/apimachinery';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import {
  ConnectionRefusedError,
  KubeletError,
  type BackendRequest,
  type BackendResponse,
  type KubeletConnector,
} from '@drydock/port/kubelet';
import type { Registry, RequestContext } from '../registry/index.ts';
import { textAnswer } from './answer.ts';
import { requireConnection } from './node-connection.ts';
import type { ResourcePath } from './resource-path.ts';

const maxBodyBytes = 16 * 1024 * 1024;
/** Headers that belong to one connection, or that are the client's secret. */
const notForwarded = new Set([
  'authorization',
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

interface Target {
  readonly name: string;
  /** A number, a name, or '' for the default. */
  readonly port: string;
}

/** `name`, `name:port` or `scheme:name:port`. */
function parseTarget(id: string, what: string): Target {
  const parts = id.split(':');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) return { name: first, port: '' };
  if (parts.length === 2) return { name: first, port: second };
  if (parts.length === 3 && ['', 'http', 'https'].includes(first) && second !== '')
    return { name: second, port: third };
  throw badRequest(`invalid ${what} request ${JSON.stringify(id)}`);
}

type Send = (request: BackendRequest) => Promise<BackendResponse>;

function toPod(kubelet: KubeletConnector, pod: Pod, port: number): Send {
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  const nodeName = pod.spec?.nodeName ?? '';
  const address = `${pod.status?.podIP ?? ''}:${port}`;
  return async (request) => {
    try {
      return await kubelet.request({ namespace, name, uid, nodeName }, port, request);
    } catch (error) {
      if (error instanceof ConnectionRefusedError || error instanceof KubeletError) {
        throw serviceUnavailable(
          `error trying to reach service: dial tcp ${address}: connect: connection refused`,
        );
      }
      throw error;
    }
  };
}

interface Place {
  readonly registry: Registry;
  readonly kubelet: KubeletConnector;
  readonly namespace: string;
  readonly context: RequestContext;
}

async function getCore<T>(
  { registry, namespace, context }: Place,
  resource: string,
  name: string,
): Promise<T> {
  return (await registry.get({ group: '', version: 'v1', resource, namespace, name }, {}, context))
    .object as unknown as T;
}

async function podTarget(place: Place, id: string): Promise<Send> {
  const { name, port } = parseTarget(id, 'pod');
  const pod = await getCore<Pod>(place, 'pods', name);
  if (pod.status?.podIP === undefined || pod.status.podIP === '') throw badRequest('address not allowed');
  const containers = pod.spec?.containers ?? [];
  const declared = containers.flatMap(({ ports }) => ports ?? []);
  const number = port === '' ? (declared[0]?.containerPort ?? 80) : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw serviceUnavailable(`error trying to reach service: dial tcp: lookup tcp/${port}: unknown port`);
  }
  return toPod(place.kubelet, pod, number);
}

async function serviceTarget(place: Place, id: string): Promise<Send> {
  const { name, port } = parseTarget(id, 'service');
  const service = await getCore<Service>(place, 'services', name);
  const ports = service.spec?.ports ?? [];
  const chosen =
    port === ''
      ? ports.length === 1
        ? ports[0]
        : ports.find((one) => (one.name ?? '') === '')
      : ports.find((one) => one.name === port || String(one.port) === port);
  if (port !== '' && chosen === undefined) {
    throw serviceUnavailable(
      `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
    );
  }
  const none = () => serviceUnavailable(`no endpoints available for service ${JSON.stringify(id)}`);
  const endpoints = await getCore<Endpoints>(place, 'endpoints', name).catch(() => undefined);
  for (const subset of endpoints?.subsets ?? []) {
    const found = (subset.ports ?? []).find((one) => (one.name ?? '') === (chosen?.name ?? ''));
    if (found?.port === undefined) continue;
    for (const address of subset.addresses ?? []) {
      if (address.targetRef?.kind !== 'Pod') continue;
      const pod = await getCore<Pod>(place, 'pods', address.targetRef.name ?? '').catch(() => undefined);
      if (pod !== undefined) return toPod(place.kubelet, pod, found.port);
    }
  }
  throw none();
}

async function nodeTarget(place: Place, id: string): Promise<Send> {
  const { name } = parseTarget(id, 'node');
  await requireConnection(place.registry, name, place.context);
  return (request) => place.kubelet.nodeRequest(name, request);
}

/** `proxy` of Pods, Services and nodes: the request goes on to them, and their answer comes back. */
export async function proxy(
  registry: Registry,
  kubelet: KubeletConnector,
  request: HttpRequest,
  path: ResourcePath,
  context: RequestContext,
): Promise<HttpResponse> {
  const { resource, name: id = '', namespace = '' } = path.ref;
  const marker = '/proxy';
  const start = request.path.indexOf(marker, request.path.indexOf(`/${resource}/`) + resource.length + 2);
  const rest = request.path.slice(start + marker.length);
  const place: Place = { registry, kubelet, namespace, context };
  const send =
    resource === 'pods'
      ? await podTarget(place, id)
      : resource === 'services'
        ? await serviceTarget(place, id)
        : await nodeTarget(place, id);
  const reads = request.method === 'GET' || request.method === 'HEAD';
  // Relative links in the answer need the slash.
  if (rest === '' && reads) {
    const location = `${request.path}/${request.query === '' ? '' : `?${request.query}`}`;
    return { status: 301, headers: { location }, body: undefined };
  }
  const headers = new Map([...(request.headers ?? [])].filter(([name]) => !notForwarded.has(name)));
  headers.set('x-forwarded-for', request.remoteAddress);
  headers.set('x-forwarded-uri', request.path);
  const backend: BackendRequest = {
    method: request.method,
    path: rest === '' ? '/' : rest,
    query: request.query,
    headers,
    body: reads ? new Uint8Array() : await request.body(maxBodyBytes),
  };
  try {
    const { status, headers: answered, body } = await send(backend);
    return { status, headers: answered, body };
  } catch (error) {
    if (error instanceof KubeletError) return textAnswer(error.statusCode, `${error.message}\n`);
    throw error;
  }
}
