import type { Pod } from '@drydock/api/core/v1';
import { badRequest, methodNotSupported } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import {
  KubeletError,
  type ContainerSession,
  type KubeletConnector,
  type PodRef,
} from '@drydock/port/kubelet';
import type { Logger } from '@drydock/port/observability';
import type { ResourceRef } from '@drydock/port/transport';
import type { Registry, RequestContext } from '../registry/index.ts';
import {
  commandOverSpdy,
  commandOverWebSocket,
  commandProtocols,
  portForwardOverChannels,
  portForwardOverSpdy,
  portForwardProtocol,
  runCommand,
  spdyCommandProtocols,
  tunnelledPortForwardProtocol,
  type WantedStreams,
} from '../streaming/index.ts';
import { noKubelet } from './no-kubelet.ts';
import { requireConnection } from './node-connection.ts';
import { textAnswer } from './answer.ts';
import { chooseContainer } from './container-choice.ts';
import { proxy } from './proxy.ts';
import type { ResourcePath } from './resource-path.ts';
import { listHeader, offeredProtocols } from './socket-protocols.ts';

export interface ConnectDeps {
  readonly registry: Registry;
  readonly kubelet: KubeletConnector | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const proxied = new Set(['pods', 'services', 'nodes']);
const interactive = new Set(['exec', 'attach', 'portforward']);

/** Subresources that connect a client with a node, rather than read or write an object. */
export function isConnect(ref: ResourceRef): boolean {
  if (ref.group !== '' || ref.subresource === undefined) return false;
  if (ref.subresource === 'proxy') return proxied.has(ref.resource);
  return ref.resource === 'pods' && interactive.has(ref.subresource);
}

/** What a client asks of a connection, as its options' kind has it. */
function optionsOf(
  { resource, subresource }: ResourceRef,
  query: URLSearchParams,
  rest: string,
): { readonly kind: string } & Record<string, unknown> {
  switch (subresource) {
    case 'exec':
    case 'attach': {
      const container = query.get('container') ?? '';
      const flags = ['stdin', 'stdout', 'stderr', 'tty'].filter((name) => flag(query, name));
      return {
        kind: subresource === 'exec' ? 'PodExecOptions' : 'PodAttachOptions',
        ...Object.fromEntries(flags.map((name) => [name, true])),
        ...(container === '' ? {} : { container }),
        ...(subresource === 'exec' ? { command: query.getAll('command') } : {}),
      };
    }
    case 'portforward': {
      const ports = query.getAll('ports').map(Number);
      return { kind: 'PodPortForwardOptions', ...(ports.length === 0 ? {} : { ports }) };
    }
    default: {
      const kinds: Readonly<Record<string, string>> = { pods: 'Pod', services: 'Service' };
      return { kind: `${kinds[resource] ?? 'Node'}ProxyOptions`, ...(rest === '' ? {} : { path: rest }) };
    }
  }
}

export async function connect(
  deps: ConnectDeps,
  request: HttpRequest,
  path: ResourcePath,
  context: RequestContext,
): Promise<HttpResponse> {
  const { ref } = path;
  const kubelet = deps.kubelet ?? noKubelet;
  const admit = () =>
    deps.registry.connect(
      ref,
      optionsOf(ref, new URLSearchParams(request.query), path.rest.join('/')),
      context,
    );
  if (ref.subresource === 'proxy') {
    await admit();
    return proxy(deps.registry, kubelet, request, path, context);
  }
  if (request.method !== 'GET' && request.method !== 'POST') {
    throw methodNotSupported(
      { group: '', resource: `pods/${ref.subresource}` },
      request.method.toLowerCase(),
    );
  }
  await admit();
  return interact(deps, kubelet, request, ref, context);
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && !['0', 'f', 'false'].includes(value.toLowerCase());
}

/** The first that the client names and the server knows; undefined when there is none. */
function choose<T extends { readonly name: string }>(
  offered: readonly string[],
  known: readonly T[],
): T | undefined {
  for (const name of offered) {
    const found = known.find((one) => one.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function refuseSpdy(offered: readonly string[], known: readonly { readonly name: string }[]): HttpResponse {
  const names = known.map(({ name }) => name);
  return textAnswer(
    403,
    `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${names.join(' ')}]\n`,
    { 'accepted-stream-protocol-versions': names },
  );
}

function refuseWebSocket(offered: readonly string[], known: readonly { readonly name: string }[]): never {
  const names = known.map(({ name }) => name).filter((name) => name !== '');
  throw badRequest(
    `requested protocol(s) are not supported: [${offered.join(' ')}]; supports [${names.join(' ')}]`,
  );
}

async function interact(
  deps: ConnectDeps,
  kubelet: KubeletConnector,
  request: HttpRequest,
  ref: ResourceRef,
  context: RequestContext,
): Promise<HttpResponse> {
  const { subresource, ...podRef } = ref;
  const pod = (await deps.registry.get(podRef, {}, context)).object as Pod;
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  const query = new URLSearchParams(request.query);
  const forwards = subresource === 'portforward';
  const container = forwards ? '' : chooseContainer(pod, query.get('container') ?? undefined);
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') throw badRequest(`pod ${name} does not have a host assigned`);
  await requireConnection(deps.registry, nodeName, context);
  if (request.upgrade === undefined) throw badRequest('Upgrade request required');
  const target = { namespace, name, uid, nodeName };
  try {
    if (forwards) return await portForward(deps, kubelet, request, target, query);
    const tty = flag(query, 'tty');
    const wanted: WantedStreams = {
      stdin: flag(query, 'stdin'),
      stdout: flag(query, 'stdout'),
      stderr: flag(query, 'stderr') && !tty,
      tty,
    };
    if (!wanted.stdin && !wanted.stdout && !wanted.stderr)
      return textAnswer(400, 'you must specify at least 1 of stdin, stdout, stderr\n');
    const command = subresource === 'exec' ? query.getAll('command') : [];
    const open = () =>
      subresource === 'exec'
        ? kubelet.exec(target, { container, command, tty })
        : kubelet.attach(target, { container, tty });
    return await serveCommand(deps, request, wanted, command, open);
  } catch (error) {
    // What the kubelet's server refuses comes through as it is, and is no Status.
    if (error instanceof KubeletError) return textAnswer(error.statusCode, `${error.message}\n`);
    throw error;
  }
}

async function serveCommand(
  deps: ConnectDeps,
  request: HttpRequest,
  wanted: WantedStreams,
  command: readonly string[],
  open: () => Promise<ContainerSession>,
): Promise<HttpResponse> {
  if (request.upgrade === 'spdy/3.1') {
    const offered = listHeader(request.header('x-stream-protocol-version'));
    const protocol =
      offered.length === 0 ? { name: '', version: 1 as const } : choose(offered, spdyCommandProtocols);
    if (protocol === undefined) return refuseSpdy(offered, spdyCommandProtocols);
    const session = await open();
    return {
      status: 101,
      headers: protocol.name === '' ? {} : { 'X-Stream-Protocol-Version': protocol.name },
      body: undefined,
      upgrade: {
        kind: 'streams',
        async serve(connection) {
          const streams = await commandOverSpdy(connection, protocol.version, wanted, deps.clock);
          if (streams !== undefined) await runCommand(session, command, streams);
        },
      },
    };
  }
  const offered = offeredProtocols(request);
  const protocol =
    offered.length === 0
      ? { name: '', version: 1 as const, base64: false }
      : choose(offered, commandProtocols);
  if (protocol === undefined) refuseWebSocket(offered, commandProtocols);
  // From version 5 on the API server answers the WebSocket itself, and tells of the kubelet's refusal inside it.
  const session =
    protocol.version >= 5
      ? () =>
          open().catch((error: unknown) => {
            throw error instanceof KubeletError
              ? new Error(`unable to upgrade connection: ${error.message}`)
              : error;
          })
      : await open();
  return {
    status: 101,
    headers: {},
    body: undefined,
    upgrade: {
      kind: 'messages',
      ...(protocol.name === '' ? {} : { subprotocol: protocol.name }),
      serve: async (socket) =>
        runCommand(session, command, await commandOverWebSocket(socket, protocol, wanted)),
    },
  };
}

async function portForward(
  deps: ConnectDeps,
  kubelet: KubeletConnector,
  request: HttpRequest,
  pod: PodRef,
  query: URLSearchParams,
): Promise<HttpResponse> {
  if (request.upgrade === 'spdy/3.1') {
    const known = [{ name: portForwardProtocol }];
    const offered = listHeader(request.header('x-stream-protocol-version'));
    if (offered.length > 0 && choose(offered, known) === undefined) return refuseSpdy(offered, known);
    const ports = await kubelet.portForward(pod);
    return {
      status: 101,
      headers: { 'X-Stream-Protocol-Version': portForwardProtocol },
      body: undefined,
      upgrade: { kind: 'streams', serve: (session) => portForwardOverSpdy(session, ports, pod, deps.clock) },
    };
  }
  const known = [
    { name: tunnelledPortForwardProtocol },
    ...commandProtocols.filter(({ version }) => version === 4),
  ];
  const offered = offeredProtocols(request);
  const protocol = offered.length === 0 ? { name: '' } : choose(offered, known);
  if (protocol === undefined) refuseWebSocket(offered, known);
  if (protocol.name === tunnelledPortForwardProtocol) {
    const ports = await kubelet.portForward(pod);
    return {
      status: 101,
      headers: {},
      body: undefined,
      upgrade: {
        kind: 'streams',
        subprotocol: protocol.name,
        serve: (session) => portForwardOverSpdy(session, ports, pod, deps.clock),
      },
    };
  }
  const texts = query.getAll('ports').flatMap((text) => text.split(','));
  if (texts.length === 0) throw new KubeletError('query parameter "port" is required', 400);
  const numbers = texts.map((text) => {
    if (!/^\d+$/.test(text) || Number(text) > 65_535)
      throw new KubeletError(`unable to parse ${JSON.stringify(text)} as a port`, 400);
    if (Number(text) < 1) throw new KubeletError(`port ${text} must be > 0`, 400);
    return Number(text);
  });
  const ports = await kubelet.portForward(pod);
  const base64 = protocol.name.includes('base64');
  return {
    status: 101,
    headers: {},
    body: undefined,
    upgrade: {
      kind: 'messages',
      ...(protocol.name === '' ? {} : { subprotocol: protocol.name }),
      serve: (socket) => portForwardOverChannels(socket, base64, numbers, ports, pod),
    },
  };
}
