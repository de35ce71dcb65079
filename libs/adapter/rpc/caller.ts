import type { Transport } from '@drydock/port/transport';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';

/** What a connection shows of who is calling; checked by whoever makes the caller's `Transport`. */
export interface RpcCaller {
  /** From the metadata `authorization: Bearer …`. */
  readonly token?: string;
  /** Of the client certificate, where TLS demanded and verified one. */
  readonly certificate?: { readonly commonName: string; readonly organizations: readonly string[] };
  /** Address of the other end. */
  readonly peer: string;
}

/** Lets a caller in, or throws `unauthorized()`. */
export type Authenticate = (caller: RpcCaller) => void | Promise<void>;

/** One view for everyone, or one a caller; throw `unauthorized()` to turn a caller away. */
export type TransportSource = Transport | ((caller: RpcCaller) => Transport | Promise<Transport>);

/** What all four kinds of server calls have in common. */
export type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'getAuthContext'> & {
  readonly metadata: Metadata;
};

export function callerOf(call: Pick<AnyCall, 'getPeer' | 'getAuthContext' | 'metadata'>): RpcCaller {
  const authorization = call.metadata.get('authorization')[0]?.toString() ?? '';
  const subject = call.getAuthContext().sslPeerCertificate?.subject;
  return {
    peer: call.getPeer(),
    ...(/^bearer /i.test(authorization) ? { token: authorization.slice(7).trim() } : {}),
    ...(subject?.CN === undefined
      ? {}
      : { certificate: { commonName: [subject.CN].flat()[0]!, organizations: [subject.O ?? []].flat() } }),
  };
}

export function transportFor(source: TransportSource, call: AnyCall): Transport | Promise<Transport> {
  return typeof source === 'function' ? source(callerOf(call)) : source;
}
