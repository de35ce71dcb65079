import type { Writable } from 'node:stream';
import { BrokenPipeError, createBytePipe, type ByteChannel, type ByteSink } from '@drydock/base/streams';
import type {
  BackendRequest,
  BackendResponse,
  ContainerStreams,
  KubeletConnector,
  LogOptions,
  TerminalSize,
} from '@drydock/port/kubelet';
import type { ServerDuplexStream, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { createQueue } from './async-queue.ts';
import { readMessages, writeMessage, type MessageReader } from './call-stream.ts';
import {
  KubeletServiceService,
  type BackendRequest as WireRequest,
  type BackendResponse as WireResponse,
  type ConnectRequest,
  type ConnectResponse,
  type KubeletServiceServer,
  type LogsRequest,
  type LogsResponse,
  type PodRef,
  type RunRequest,
  type RunResponse,
  type RunStreams,
} from './gen/drydock/v1/kubelet.ts';
import { kubeletErrorToGrpc } from './kubelet-errors.ts';
import type { RpcService } from './rpc-server.ts';

const noPod: PodRef = { namespace: '', name: '', uid: '', nodeName: '' };

export function requestFromWire(request: WireRequest | undefined): BackendRequest {
  const { method = 'GET', path = '/', query = '', headers = {}, body = new Uint8Array() } = request ?? {};
  return { method, path, query, headers: new Map(Object.entries(headers)), body };
}

const responseToWire = ({ status, headers, body }: BackendResponse): WireResponse => ({
  status,
  headers: { ...headers },
  body: body as WireResponse['body'],
});

function logOptions(request: LogsRequest): LogOptions {
  const { container, follow, previous, timestamps, sinceSeconds, sinceTime, tailLines, limitBytes, stream } =
    request;
  return {
    container,
    follow,
    previous,
    timestamps,
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(stream === '' ? {} : { stream: stream as NonNullable<LogOptions['stream']> }),
  };
}

interface Cancellable {
  readonly cancelled: boolean;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** Aborts when the client has gone. */
function departure(call: Cancellable): AbortSignal {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort(new BrokenPipeError()));
  return gone.signal;
}

/** Writes into the call as messages; nobody reads any more once it is cancelled. */
const sinkInto = <T>(
  call: Writable & { readonly cancelled: boolean },
  message: (bytes: Uint8Array) => T,
): ByteSink => ({
  async write(bytes) {
    if (call.cancelled) throw new BrokenPipeError();
    await writeMessage(call, message(bytes));
  },
  end() {},
});

async function takeInput(reader: MessageReader<RunRequest>, streams: Inputs): Promise<void> {
  for (;;) {
    const message = (await reader.next())?.message;
    if (message === undefined) break;
    // A program that reads no more: what comes is dropped, the client is not held up.
    if (message.$case === 'stdin') await streams.stdin?.write(message.stdin).catch(() => undefined);
    else if (message.$case === 'stdinEnd') streams.stdin?.end();
    else if (message.$case === 'resize') streams.sizes?.push(message.resize);
  }
  streams.stdin?.end();
  streams.sizes?.end();
}

interface Inputs {
  readonly stdin: ReturnType<typeof createBytePipe> | undefined;
  readonly sizes: ReturnType<typeof createQueue<TerminalSize>> | undefined;
}

const inputsFor = (begin: RunStreams): Inputs => ({
  stdin: begin.stdin ? createBytePipe() : undefined,
  sizes: begin.resize ? createQueue<TerminalSize>() : undefined,
});

function failCall(call: NodeJS.EventEmitter, thrown: unknown): void {
  call.emit('error', kubeletErrorToGrpc(thrown));
}

/** `drydock.v1.KubeletService` over the nodes that `kubelet` keeps. */
export function createKubeletService(kubelet: KubeletConnector, nodes: () => readonly string[]): RpcService {
  async function run(call: ServerDuplexStream<RunRequest, RunResponse>): Promise<void> {
    const signal = departure(call);
    const reader = readMessages<RunRequest>(call);
    const open = (await reader.next())?.message;
    if (open?.$case !== 'open') throw new Error('the first request must open');
    const { pod = noPod, container, command, tty } = open.open;
    const session =
      command.length > 0
        ? await kubelet.exec(pod, { container, command, tty })
        : await kubelet.attach(pod, { container, tty });
    await writeMessage(call, { message: { $case: 'ready', ready: true } });
    const begin = (await reader.next())?.message;
    if (begin?.$case !== 'begin') {
      call.end();
      return;
    }
    const inputs = inputsFor(begin.begin);
    void takeInput(reader, inputs).catch(() => inputs.stdin?.end(new BrokenPipeError()));
    const streams: ContainerStreams = {
      stdin: inputs.stdin,
      resize: inputs.sizes,
      stdout: begin.begin.stdout
        ? sinkInto(call, (stdout) => ({ message: { $case: 'stdout', stdout } }) as RunResponse)
        : undefined,
      stderr: begin.begin.stderr
        ? sinkInto(call, (stderr) => ({ message: { $case: 'stderr', stderr } }) as RunResponse)
        : undefined,
    };
    try {
      const exitCode = await session.run(streams, signal);
      await writeMessage(call, { message: { $case: 'exitCode', exitCode } });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      await writeMessage(call, { message: { $case: 'failure', failure } });
    }
    call.end();
  }

  async function connect(call: ServerDuplexStream<ConnectRequest, ConnectResponse>): Promise<void> {
    const signal = departure(call);
    const reader = readMessages<ConnectRequest>(call);
    const open = (await reader.next())?.message;
    if (open?.$case !== 'open') throw new Error('the first request must open');
    const ports = await kubelet.portForward(open.open.pod ?? noPod);
    const inbound = createBytePipe();
    void (async () => {
      for (let one = await reader.next(); one !== undefined; one = await reader.next())
        if (one.message?.$case === 'data') await inbound.write(one.message.data).catch(() => undefined);
      inbound.end();
    })().catch(() => inbound.end(new BrokenPipeError()));
    const out = sinkInto(call, (data) => ({ data }) as ConnectResponse);
    const channel: ByteChannel = {
      read: () => inbound.read(),
      cancel: () => inbound.cancel(),
      write: (bytes) => out.write(bytes),
      end() {},
    };
    await ports.connect(open.open.port, channel, signal);
    call.end();
  }

  async function logs(call: ServerWritableStream<LogsRequest, LogsResponse>): Promise<void> {
    const signal = departure(call);
    const { request } = call;
    for await (const data of kubelet.logs(request.pod ?? noPod, logOptions(request), signal)) {
      if (call.cancelled) return;
      await writeMessage(call, { data });
    }
    call.end();
  }

  const unary =
    <Request, Answer>(answer: (request: Request) => Promise<Answer>) =>
    ({ request }: ServerUnaryCall<Request, Answer>, callback: sendUnaryData<Answer>): void => {
      answer(request).then(
        (value) => callback(null, value),
        (error: unknown) => callback(kubeletErrorToGrpc(error)),
      );
    };
  const streaming =
    <Call extends NodeJS.EventEmitter & Cancellable>(serve: (call: Call) => Promise<void>) =>
    (call: Call): void => {
      serve(call).catch((error: unknown) => {
        if (!call.cancelled) failCall(call, error);
      });
    };

  const implementation: KubeletServiceServer = {
    listNodes: unary(() => Promise.resolve({ nodes: [...nodes()] })),
    logs: streaming(logs),
    run: streaming(run),
    connect: streaming(connect),
    checkPod: unary(async ({ pod }) => {
      await kubelet.portForward(pod ?? noPod);
      return {};
    }),
    requestPod: unary(async ({ pod, port, request }) => ({
      response: responseToWire(await kubelet.request(pod ?? noPod, port, requestFromWire(request))),
    })),
    requestNode: unary(async ({ nodeName, request }) => ({
      response: responseToWire(await kubelet.nodeRequest(nodeName, requestFromWire(request))),
    })),
  };
  return {
    name: 'drydock.v1.KubeletService',
    definition: KubeletServiceService,
    implementation: { ...implementation },
  };
}
