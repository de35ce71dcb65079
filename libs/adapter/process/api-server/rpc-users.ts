import { unauthorized } from '@drydock/base/apimachinery';
import type { Transport } from '@drydock/port/transport';
import type { RpcCaller } from '@drydock/rpc';
import { alwaysAllow, createAuthorizedTransport } from '@drydock/server/authz';
import type { ApiServerCore } from '@drydock/server/core';
import type { UserInfo } from '@drydock/server/registry';

/** Users whose transports are kept. */
const maxKept = 256;

/** Who calls over gRPC; throws `unauthorized()` at callers that are nobody. */
export function rpcUser(core: ApiServerCore): (caller: RpcCaller) => UserInfo {
  return ({ certificate, token }) => {
    if (certificate !== undefined) {
      const { commonName, organizations } = certificate;
      return { name: commonName, groups: [...organizations, 'system:authenticated'] };
    }
    let user: UserInfo | undefined;
    try {
      user = token === undefined ? undefined : core.tokens.authenticate(token, [])?.user;
    } catch {
      user = undefined;
    }
    if (user === undefined) throw unauthorized();
    return user;
  };
}

/**
 * Who calls over gRPC: the user of the client certificate, or else of the bearer token; each has a transport that lets it do
 * what it may. Callers that are nobody are turned away.
 */
export function rpcUsers(core: ApiServerCore): (caller: RpcCaller) => Transport {
  const kept = new Map<string, Transport>();
  const userOf = rpcUser(core);

  return (caller) => {
    const user = userOf(caller);
    const id = JSON.stringify(user);
    let transport = kept.get(id);
    if (transport === undefined) {
      const inner = core.messageTransport(user);
      transport =
        core.authorizer === alwaysAllow ? inner : createAuthorizedTransport(inner, user, core.authorizer);
      const [oldest] = kept.keys();
      if (kept.size >= maxKept && oldest !== undefined) kept.delete(oldest);
      kept.set(id, transport);
    }
    return transport;
  };
}
