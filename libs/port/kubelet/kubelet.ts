import type { ByteChannel, ByteSink, ByteSource } from '@drydock/base/streams';

export interface PodRef {
  namespace: string;
  name: string;
  uid: string;
  nodeName: string;
}

/** The query of `pods/log`, as Kubernetes' PodLogOptions. */
export interface LogOptions {
  container: string;
  follow?: boolean;
  previous?: boolean;
  sinceSeconds?: number;
  /** RFC 3339. */
  sinceTime?: string;
  timestamps?: boolean;
  tailLines?: number;
  limitBytes?: number;
  /** Default `All`: both as they came. */
  stream?: 'All' | 'Stdout' | 'Stderr';
}

export interface ExecOptions {
  container: string;
  /** The program and its arguments; no shell in between. */
  command: readonly string[];
  /** A terminal: standard error goes to standard output. */
  tty: boolean;
}

export interface AttachOptions {
  container: string;
  tty: boolean;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** The streams that the client asked for; those it did not are absent. The session ends its sinks itself. */
export interface ContainerStreams {
  readonly stdin?: ByteSource | undefined;
  readonly stdout?: ByteSink | undefined;
  readonly stderr?: ByteSink | undefined;
  /** Sizes of the client's terminal, the first when it is known. */
  readonly resize?: AsyncIterable<TerminalSize> | undefined;
}

/** A command or container that is ready to be connected to. */
export interface ContainerSession {
  /**
   * Connects the streams; resolves with the exit code. Rejects with an error whose message says, in the words of the
   * container runtime, why it could not start. When `signal` aborts, the client has gone: what it started is ended.
   */
  run(streams: ContainerStreams, signal: AbortSignal): Promise<number>;
}

/** The ports of a Pod. */
export interface PodPorts {
  /** Connects one stream with a port; resolves when both ways have ended. Rejects with the reason when it cannot. */
  connect(port: number, channel: ByteChannel, signal: AbortSignal): Promise<void>;
}

/** A request to a Pod's or a node's own HTTP server. */
export interface BackendRequest {
  readonly method: string;
  /** Begins with `/`, percent-encoded, without the query. */
  readonly path: string;
  readonly query: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface BackendResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a node refuses before anything is connected: the answer of the kubelet's own HTTP server. */
export class KubeletError extends Error {
  override readonly name = 'KubeletError';
  readonly statusCode: number;

  constructor(message: string, statusCode = 500) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Nothing takes connections at that address and port. */
export class ConnectionRefusedError extends Error {
  override readonly name = 'ConnectionRefusedError';
}

/**
 * How the API server reaches the node of a Pod, whatever carries it. Streams are pulled by their readers: a slow client
 * makes the container wait, nothing is buffered without bound.
 */
export interface KubeletConnector {
  /**
   * Log bytes (whole lines) in chunks; ends at the end of the log or, with `follow`, when the container is gone or
   * `signal` aborts. Rejects with an ApiError when the container or its log is not there.
   */
  logs(pod: PodRef, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Rejects with a KubeletError when the container does not run. */
  exec(pod: PodRef, options: ExecOptions): Promise<ContainerSession>;
  /** Connects to the container's own process. Rejects as `exec` does. */
  attach(pod: PodRef, options: AttachOptions): Promise<ContainerSession>;
  /** Rejects with a KubeletError when the Pod does not run. */
  portForward(pod: PodRef): Promise<PodPorts>;
  /** An HTTP request to a port of a Pod. Rejects with ConnectionRefusedError when nothing answers there. */
  request(pod: PodRef, port: number, request: BackendRequest): Promise<BackendResponse>;
  /** A request to the kubelet's own server. */
  nodeRequest(nodeName: string, request: BackendRequest): Promise<BackendResponse>;
}
