import { StoreError } from '@drydock/port/store';
import type { CallOptions, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import { connectivityState, credentials, Metadata, status } from '@grpc/grpc-js';
import { AuthClient, KVClient, WatchClient } from './gen/etcd.ts';
import { zero } from './keys.ts';
import { createTokens, isTokenRefused, noTokens, type EtcdUser, type Pass } from './tokens.ts';

export interface EtcdTls {
  /** PEM of the authorities to trust. Default: those of the system. */
  readonly certificateAuthority?: Uint8Array;
  /** PEM, for mutual TLS. */
  readonly key?: Uint8Array;
  readonly certificate?: Uint8Array;
}

export interface ConnectionOptions {
  /** `host:port` or `http://host:port` without encryption, `https://host:port` with; tried in turn. */
  readonly endpoints: readonly string[];
  /** With `https` endpoints. */
  readonly tls?: EtcdTls | undefined;
  /** Where etcd knows users by their passwords. */
  readonly user?: EtcdUser | undefined;
  /** How long a call may take, reconnecting included. */
  readonly timeoutMs: number;
}

type Answer<T> = (error: ServiceError | null, value: T) => void;
/** Starts one unary call on a client. */
export type Call<T> = (
  kv: KVClient,
  metadata: Metadata,
  options: Partial<CallOptions>,
  answer: Answer<T>,
) => ClientUnaryCall;

export interface EtcdConnection {
  /** Repeated on the next member while members fail or keep silent and time is left. */
  read<T>(call: Call<T>): Promise<T>;
  /** Sent once, to a member that is connected; a failure after that is `ambiguous` unless etcd says that nothing was done. */
  write<T>(call: Call<T>): Promise<T>;
  /** A client for a long stream, on a connected member. `leave`: that member does not serve, the next is to be used. */
  watcher(): Promise<{ client: WatchClient; pass: Pass; leave(): void }>;
  close(): void;
}

interface Member {
  readonly kv: KVClient;
  readonly watch: WatchClient;
  readonly auth: AuthClient;
}

/** What etcd refuses before it proposes anything, though its code alone does not say so. */
const harmless = /not enough|raft: stopped|no such member/i;

/** What etcd says of a value that is too big for it: at its own bound, or at that of messages to it. */
const tooLarge = /request is too large|message larger than max/i;
const noRoom = /space exceeded/i;

const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.enable_http_proxy': 0,
};

/** How long one member is waited for before the next is tried. */
const memberWaitMs = 1_000;
/** For a call that is only to tell why it cannot be made. */
const reasonWaitMs = 2_000;

/** Connections to the members of one etcd cluster; one member is used at a time. */
export function connectEtcd(options: ConnectionOptions): EtcdConnection {
  const { endpoints, tls, timeoutMs } = options;
  if (endpoints.length === 0) throw new StoreError('Unavailable', 'no etcd endpoint is given');
  const buffer = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : Buffer.from(bytes));
  const members = endpoints.map((endpoint): Member => {
    const [, scheme, address = endpoint] = /^(?:(https?):\/\/)?(.+?)\/?$/.exec(endpoint) ?? [];
    const secure = scheme === 'https';
    const credential = secure
      ? credentials.createSsl(buffer(tls?.certificateAuthority), buffer(tls?.key), buffer(tls?.certificate))
      : credentials.createInsecure();
    const kv = new KVClient(address, credential, channelOptions);
    const shared = { channelOverride: kv.getChannel() };
    return {
      kv,
      watch: new WatchClient(address, credential, shared),
      auth: new AuthClient(address, credential, shared),
    };
  });
  const tokens = options.user === undefined ? noTokens : createTokens(options.user);
  let current = 0;
  let closed = false;

  const unavailable = (error: unknown, ambiguous: boolean) =>
    new StoreError('Unavailable', `etcd: ${(error as ServiceError).details || String(error)}`, {
      ambiguous,
      cause: error,
    });

  function connected(member: Member, deadline: number): Promise<boolean> {
    if (member.kv.getChannel().getConnectivityState(true) === connectivityState.READY) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) =>
      member.kv.waitForReady(deadline, (error) => resolve(error === undefined)),
    );
  }

  /** The member in use, or the next that can be reached before `deadline`; and how to say that it is of no use. */
  async function reach(deadline: number): Promise<{ member: Member; leave(): void }> {
    for (;;) {
      const tried = current;
      const member = members[tried % members.length];
      if (closed || member === undefined) throw new StoreError('Closed', 'the store is closed');
      const patience = members.length === 1 ? deadline : Math.min(deadline, Date.now() + memberWaitMs);
      // Of many calls that fail on one member only the first moves on.
      const leave = (): void => {
        if (current === tried) current++;
      };
      if (await connected(member, patience)) return { member, leave };
      if (closed) throw new StoreError('Closed', 'the store is closed');
      leave();
      if (Date.now() >= deadline) {
        const reason = await whyNot(member);
        throw new StoreError('Unavailable', `etcd: no connection to ${endpoints.join(', ')}${reason}`);
      }
    }
  }

  function unary<T>(member: Member, call: Call<T>, metadata: Metadata, deadline: number): Promise<T> {
    return new Promise((resolve, reject) => {
      call(member.kv, metadata, { deadline }, (error, value) => {
        if (error === null) resolve(value);
        else reject(error);
      });
    });
  }

  /** As `reach`, with what calls show to that member; nothing has been sent where this fails. */
  async function admitted(deadline: number): Promise<{ member: Member; pass: Pass; leave(): void }> {
    const { member, leave } = await reach(deadline);
    try {
      return { member, leave, pass: await tokens.pass(member.auth, deadline) };
    } catch (error) {
      if (isLost(error as ServiceError)) leave();
      throw unavailable(error, false);
    }
  }

  return {
    async read(call) {
      const deadline = Date.now() + timeoutMs;
      let renewed = false;
      for (;;) {
        const { member, leave } = await reach(deadline);
        // A member that is connected and does not answer is not worth all of the time, where there are others.
        const attempt = members.length === 1 ? deadline : Math.min(deadline, Date.now() + timeoutMs / 2);
        let pass: Pass | undefined;
        try {
          pass = await tokens.pass(member.auth, attempt);
          return await unary(member, call, pass.metadata, attempt);
        } catch (error) {
          if (pass !== undefined && !renewed && isTokenRefused(error as ServiceError)) {
            renewed = true;
            pass.forget();
            continue;
          }
          const { code } = error as ServiceError;
          if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) leave();
          else throw unavailable(error, false);
          if (Date.now() >= deadline || closed) throw unavailable(error, false);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    },
    async write(call) {
      const deadline = Date.now() + timeoutMs;
      for (let renewed = false; ; renewed = true) {
        const { member, pass, leave } = await admitted(deadline);
        try {
          return await unary(member, call, pass.metadata, deadline);
        } catch (error) {
          if (!renewed && isTokenRefused(error as ServiceError)) {
            pass.forget();
            continue;
          }
          const { code, details } = error as ServiceError;
          const refusal = refused(error as ServiceError);
          // The one write that reaches the bound of its size is made by etcd, and refused all the same.
          if (refusal !== undefined)
            throw new StoreError('Refused', refusal, { ambiguous: noRoom.test(refusal), cause: error });
          const lost = isLost(error as ServiceError);
          if (lost) leave();
          throw unavailable(error, !harmless.test(details) && (lost || code === status.UNKNOWN));
        }
      }
    },
    async watcher() {
      const { member, pass, leave } = await admitted(Date.now() + timeoutMs);
      return { client: member.watch, pass, leave };
    },
    close() {
      closed = true;
      for (const { kv, watch, auth } of members) {
        watch.close();
        auth.close();
        kv.close();
      }
    },
  };
}

/** Why the last attempt to connect failed, as a call that waits for nothing is told: `: <reason>`, or nothing. */
function whyNot({ kv }: Member): Promise<string> {
  const one = { key: zero, rangeEnd: new Uint8Array(), limit: 1, revision: 0 };
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + reasonWaitMs };
    kv.range({ ...one, serializable: true, keysOnly: true }, new Metadata(), options, (error) => {
      const details = error?.details ?? '';
      const [, reason = 'null'] =
        /Last error: (?:Error: )?(.*?)(?:\. Resolution note:.*)?$/.exec(details) ?? [];
      if (details.startsWith('Name resolution failed')) resolve(': no such host');
      else resolve(reason === 'null' ? '' : `: ${reason}`);
    });
  });
}

/** The member, or the way to it, was lost: whether it did what it was asked is not known. */
const isLost = ({ code }: ServiceError): boolean =>
  code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || code === status.CANCELLED;

/** etcd's words for a write that it does not take as it is, or has no room for; undefined for every other failure. */
function refused({ code, details }: ServiceError): string | undefined {
  if (code !== status.INVALID_ARGUMENT && code !== status.RESOURCE_EXHAUSTED) return undefined;
  if (tooLarge.test(details)) return 'etcdserver: request is too large';
  return noRoom.test(details) ? details : undefined;
}
