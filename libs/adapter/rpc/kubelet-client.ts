import { BrokenPipeError, type ByteChannel } from '@drydock/base/streams';
import {
  KubeletError,
  type BackendRequest,
  type BackendResponse,
  type ContainerSession,
  type ContainerStreams,
  type KubeletConnector,
  type PodRef,
} from '@drydock/port/kubelet';
import { Metadata, type CallOptions, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { readMessages, writeMessage, type MessageReader } from './call-stream.ts';
import { channelOptionsOf, credentialsOf, type RpcClientTls } from './channel.ts';
import {
  KubeletServiceClient,
  type BackendResponse as WireResponse,
  type ConnectRequest,
  type ConnectResponse,
  type LogsResponse,
  type RunOpen,
  type RunRequest,
  type RunResponse,
} from './gen/drydock/v1/kubelet.ts';
import { kubeletErrorFromGrpc } from './kubelet-errors.ts';

export interface RemoteKubeletsOptions {
  /** `host:port` of the process that keeps a node; undefined for nodes that nobody keeps. */
  address(nodeName: string): Promise<string | undefined>;
  /** Absent: no encryption. */
  readonly tls?: RpcClientTls;
  /** How long a node may take to answer a request, or to get a session ready. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface RemoteKubelets extends KubeletConnector {
  close(): void;
}

interface Dialed {
  readonly client: KubeletServiceClient;
  readonly address: string;
}

const requestToWire = ({ method, path, query, headers, body }: BackendRequest) => ({
  method,
  path,
  query,
  headers: Object.fromEntries(headers),
  body: body as WireResponse['body'],
});

function responseFromWire(response: WireResponse | undefined): BackendResponse {
  const { status = 502, headers = {}, body = new Uint8Array() } = response ?? {};
  return { status, headers, body };
}

/** Reaches the nodes of kubelet-sim processes over `drydock.v1.KubeletService`, one connection for each process. */
export function createRemoteKubelets(options: RemoteKubeletsOptions): RemoteKubelets {
  const { timeoutMs = 30_000 } = options;
  const clients = new Map<string, KubeletServiceClient>();

  async function dial(nodeName: string): Promise<Dialed> {
    const address = await options.address(nodeName);
    if (address === undefined)
      throw new KubeletError(`error dialing backend: dial tcp: lookup ${nodeName}: no such host`);
    let client = clients.get(address);
    if (client === undefined) {
      const channel = options.tls === undefined ? {} : { tls: options.tls };
      client = new KubeletServiceClient(address, credentialsOf(options.tls), channelOptionsOf(channel));
      clients.set(address, client);
    }
    return { client, address };
  }

  function unary<Request, Answer>(
    { client, address }: Dialed,
    method: (
      request: Request,
      metadata: Metadata,
      options: CallOptions,
      callback: (error: ServiceError | null, answer: Answer) => void,
    ) => unknown,
    request: Request,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      method.call(client, request, new Metadata(), { deadline }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(kubeletErrorFromGrpc(error, address));
      });
    });
  }

  async function open(pod: PodRef, what: Omit<RunOpen, 'pod'>): Promise<ContainerSession> {
    const { client, address } = await dial(pod.nodeName);
    const call = client.run(new Metadata());
    const messages = readMessages<RunResponse>(call);
    // A session that nobody begins is not kept for ever.
    const timer = setTimeout(() => call.cancel(), timeoutMs);
    timer.unref();
    try {
      await writeMessage(call, { message: { $case: 'open', open: { ...what, pod } } });
      const first = (await messages.next())?.message;
      if (first?.$case !== 'ready') throw new KubeletError('the node answered nothing');
    } catch (error) {
      clearTimeout(timer);
      throw kubeletErrorFromGrpc(error, address);
    }
    return {
      async run(streams, signal) {
        clearTimeout(timer);
        return await runSession(call, messages, streams, signal, address);
      },
    };
  }

  return {
    async *logs(pod, { stream = '', ...wanted }, signal) {
      const { client, address } = await dial(pod.nodeName);
      const { follow = false, previous = false, timestamps = false } = wanted;
      const call = client.logs({ ...wanted, pod, follow, previous, timestamps, stream }, new Metadata());
      const cancel = (): void => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
      try {
        for await (const { data } of call as AsyncIterable<LogsResponse>) yield data;
      } catch (error) {
        if (!signal.aborted) throw kubeletErrorFromGrpc(error, address);
      } finally {
        signal.removeEventListener('abort', cancel);
        // A reader that left in the middle.
        call.cancel();
      }
    },
    exec: (pod, { container, command, tty }) => open(pod, { container, command: [...command], tty }),
    attach: (pod, { container, tty }) => open(pod, { container, command: [], tty }),
    async portForward(pod) {
      const dialed = await dial(pod.nodeName);
      await unary(dialed, dialed.client.checkPod.bind(dialed.client), { pod });
      return {
        async connect(port, channel, signal) {
          const call = dialed.client.connect(new Metadata());
          await writeMessage(call, { message: { $case: 'open', open: { pod, port } } });
          await carry(call, channel, signal, dialed.address);
        },
      };
    },
    async request(pod, port, request) {
      const dialed = await dial(pod.nodeName);
      const wire = { pod, port, request: requestToWire(request) };
      const { response } = await unary(dialed, dialed.client.requestPod.bind(dialed.client), wire);
      return responseFromWire(response);
    },
    async nodeRequest(nodeName, request) {
      const dialed = await dial(nodeName);
      const wire = { nodeName, request: requestToWire(request) };
      const { response } = await unary(dialed, dialed.client.requestNode.bind(dialed.client), wire);
      return responseFromWire(response);
    },
    close() {
      for (const client of clients.values()) client.close();
      clients.clear();
    },
  };
}

async function runSession(
  call: ClientDuplexStream<RunRequest, RunResponse>,
  messages: MessageReader<RunResponse>,
  streams: ContainerStreams,
  signal: AbortSignal,
  address: string,
): Promise<number> {
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  const send = (message: RunRequest['message']) => writeMessage(call, { message });
  const { stdin, stdout, stderr, resize } = streams;
  const begin = {
    stdin: stdin !== undefined,
    stdout: stdout !== undefined,
    stderr: stderr !== undefined,
    resize: resize !== undefined,
  };
  try {
    await send({ $case: 'begin', begin });
    void (async () => {
      for (let bytes = await stdin?.read(); bytes !== undefined; bytes = await stdin?.read())
        await send({ $case: 'stdin', stdin: bytes });
      await send({ $case: 'stdinEnd', stdinEnd: true });
    })().catch(() => undefined);
    void (async () => {
      for await (const size of resize ?? []) await send({ $case: 'resize', resize: size });
    })().catch(() => undefined);
    for (;;) {
      const message = (await messages.next())?.message;
      // Who does not read any more is no reason to end: the program may not depend on it.
      if (message?.$case === 'stdout') await stdout?.write(message.stdout).catch(() => undefined);
      else if (message?.$case === 'stderr') await stderr?.write(message.stderr).catch(() => undefined);
      else if (message?.$case === 'exitCode') return message.exitCode;
      else if (message?.$case === 'failure') throw new KubeletError(message.failure);
      else throw new KubeletError('the node ended the session');
    }
  } catch (error) {
    throw kubeletErrorFromGrpc(error, address);
  } finally {
    signal.removeEventListener('abort', cancel);
    call.end();
  }
}

/** Both ways between a channel and a call, until both have ended. */
async function carry(
  call: ClientDuplexStream<ConnectRequest, ConnectResponse>,
  channel: ByteChannel,
  signal: AbortSignal,
  address: string,
): Promise<void> {
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  void (async () => {
    for (let data = await channel.read(); data !== undefined; data = await channel.read())
      await writeMessage(call, { message: { $case: 'data', data } });
    call.end();
  })().catch(() => call.cancel());
  try {
    for await (const { data } of call as AsyncIterable<ConnectResponse>) await channel.write(data);
    channel.end();
  } catch (error) {
    if (signal.aborted || error instanceof BrokenPipeError) return;
    throw kubeletErrorFromGrpc(error, address);
  } finally {
    signal.removeEventListener('abort', cancel);
    channel.cancel();
    call.cancel();
  }
}
