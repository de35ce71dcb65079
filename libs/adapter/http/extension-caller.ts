import { Agent, request as httpsRequest } from 'node:https';
import type { ExtensionCaller, ExtensionResponse, ExtensionTarget } from '@drydock/port/extension';
import type { ServiceResolver } from '@drydock/port/webhook';

export interface ExtensionCallerOptions {
  /** Where the Services of the cluster are to be reached. */
  readonly resolve: ServiceResolver;
  /** Addresses that mean another one from here: the simulated nodes' gateway is this machine. */
  readonly hostAliases?: Readonly<Record<string, string>>;
  /** The front proxy's client certificate, PEM: the servers believe the users that it names. */
  readonly client?: { readonly cert: string; readonly key: string };
}

/** Calls extension API servers with Node's own client; connections are kept. */
export function createExtensionCaller(options: ExtensionCallerOptions): ExtensionCaller {
  const agents = new Map<string, Agent>();

  function agentFor(target: ExtensionTarget): Agent {
    const { caBundle = '', insecureSkipTlsVerify = false } = target;
    const id = `${insecureSkipTlsVerify} ${caBundle}`;
    let agent = agents.get(id);
    if (agent === undefined) {
      agent = new Agent({
        keepAlive: true,
        maxSockets: 256,
        rejectUnauthorized: !insecureSkipTlsVerify,
        ...(caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64') }),
        ...options.client,
      });
      agents.set(id, agent);
    }
    return agent;
  }

  return {
    request(target, sent) {
      const { namespace, service, port } = target;
      const place = options.resolve(namespace, service, port);
      if (place === undefined)
        return Promise.reject(new Error(`no endpoints available for service "${service}"`));
      return new Promise<ExtensionResponse>((resolve, reject) => {
        const call = httpsRequest(
          {
            agent: agentFor(target),
            host: options.hostAliases?.[place.host] ?? place.host,
            port: place.port,
            servername: `${service}.${namespace}.svc`,
            method: sent.method,
            path: sent.query === '' ? sent.path : `${sent.path}?${sent.query}`,
            headers: {
              ...Object.fromEntries(sent.headers),
              host: `${service}.${namespace}.svc:${port}`,
              ...(sent.body.length > 0 ? { 'content-length': sent.body.length } : {}),
            },
            ...(sent.signal === undefined ? {} : { signal: sent.signal }),
          },
          (answer) => {
            const headers: Record<string, string> = {};
            for (const [name, value] of Object.entries(answer.headers)) {
              if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
            }
            resolve({ status: answer.statusCode ?? 502, headers, body: answer });
          },
        );
        call.on('error', (error: NodeJS.ErrnoException) => {
          reject(
            error.code === 'ECONNREFUSED'
              ? new Error(`dial tcp ${place.host}:${place.port}: connect: connection refused`)
              : error,
          );
        });
        call.end(sent.body);
      });
    },
  };
}
