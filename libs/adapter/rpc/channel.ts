import { ChannelCredentials, Metadata, type ChannelOptions, type Client } from '@grpc/grpc-js';

export interface RpcClientTls {
  /** PEM of the authorities to trust. Default: those of the system. */
  readonly certificateAuthority?: string | Uint8Array;
  /** PEM, for mutual TLS. */
  readonly key?: string | Uint8Array;
  readonly certificate?: string | Uint8Array;
  /** Name the server's certificate is checked against, where it differs from the address. */
  readonly serverName?: string;
}

export function credentialsOf(tls: RpcClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure();
  const pem = (value: string | Uint8Array | undefined): Buffer | null =>
    value === undefined ? null : Buffer.from(value);
  return ChannelCredentials.createSsl(pem(tls.certificateAuthority), pem(tls.key), pem(tls.certificate));
}

export function channelOptionsOf({
  tls,
  ownConnection,
}: {
  readonly tls?: RpcClientTls;
  readonly ownConnection?: boolean;
}): ChannelOptions {
  return {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': 5_000,
    'grpc.keepalive_timeout_ms': 3_000,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 5_000,
    'grpc-node.flow_control_window': 1024 * 1024,
    ...(ownConnection === true ? { 'grpc.use_local_subchannel_pool': 1 } : {}),
    ...(tls?.serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }),
  };
}

/** For a call that is only to tell why it cannot be made. */
const reasonWaitMs = 500;

/** Why the last attempt to connect failed, as a call that waits for nothing is told: `: <reason>`, or nothing. */
export function whyNotConnected(client: Client): Promise<string> {
  const bytes = (value: Buffer): Buffer => value;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      bytes,
      bytes,
      Buffer.alloc(0),
      new Metadata(),
      { deadline: Date.now() + reasonWaitMs },
      (error) => {
        const details = error?.details ?? '';
        const [, reason = 'null'] =
          /Last error: (?:Error: )?(.*?)(?:\. Resolution note:.*)?$/.exec(details) ?? [];
        if (details.startsWith('Name resolution failed')) resolve(': no such host');
        else resolve(reason === 'null' ? '' : `: ${reason}`);
      },
    );
  });
}
