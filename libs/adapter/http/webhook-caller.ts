import { request } from 'node:https';
import type { ServiceResolver, WebhookCaller, WebhookClientConfig } from '@drydock/port/webhook';
import { whyNoConnection } from './connection-error.ts';

export interface WebhookCallerOptions {
  /** Where the Services of the cluster are to be reached from here. */
  readonly resolve: ServiceResolver;
}

const maxAnswerBytes = 64 * 1024 * 1024;

interface Target {
  /** As messages show it. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The name that the certificate must be for. */
  readonly serverName: string;
}

function targetOf(config: WebhookClientConfig, timeoutMs: number, resolve: ServiceResolver): Target {
  const timeout = `timeout=${Math.ceil(timeoutMs / 1000)}s`;
  const { service } = config;
  if (service !== undefined) {
    const { namespace, name, path = '/', port = 443 } = service;
    const serverName = `${name}.${namespace}.svc`;
    const url = `https://${serverName}:${port}${path}?${timeout}`;
    const place = resolve(namespace, name, port);
    if (place === undefined) throw new Error(`Post "${url}": no endpoints available for service "${name}"`);
    return { url, host: place.host, port: place.port, path: `${path}?${timeout}`, serverName };
  }
  const parsed = new URL(config.url ?? '');
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    url: `${parsed.origin}${parsed.pathname}?${timeout}`,
    host,
    port: Number(parsed.port || 443),
    path: `${parsed.pathname}?${timeout}`,
    serverName: host,
  };
}

function post(target: Target, body: Buffer, ca: Buffer | undefined, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (text: string): void => reject(new Error(`Post "${target.url}": ${text}`));
    const signal = AbortSignal.timeout(timeoutMs);
    const call = request(
      {
        host: target.host,
        port: target.port,
        path: target.path,
        method: 'POST',
        servername: /^[\d.]+$|:/.test(target.serverName) ? '' : target.serverName,
        headers: {
          host: `${target.serverName}:${target.port}`,
          'content-type': 'application/json',
          accept: 'application/json',
          'content-length': body.length,
        },
        signal,
        ...(ca === undefined ? {} : { ca }),
      },
      (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          if (size > maxAnswerBytes) call.destroy(new Error('the answer is too big'));
          else parts.push(part);
        });
        answer.on('error', (error) => fail(error.message));
        answer.on('end', () => {
          const whole = Buffer.concat(parts);
          if (answer.statusCode === 200) resolve(whole);
          else reject(new Error(whole.toString('utf8').trim() || `the server answered ${answer.statusCode}`));
        });
      },
    );
    call.on('error', (error) =>
      fail(signal.aborted ? 'context deadline exceeded' : whyNoConnection(error, target)),
    );
    call.end(body);
  });
}

/** Calls webhooks with Node's own client. Certificates are always checked. */
export function createWebhookCaller(options: WebhookCallerOptions): WebhookCaller {
  return {
    async call(config, review, { timeoutMs }) {
      const target = targetOf(config, timeoutMs, options.resolve);
      const ca = config.caBundle ? Buffer.from(config.caBundle, 'base64') : undefined;
      const answer = await post(target, Buffer.from(JSON.stringify(review)), ca, timeoutMs);
      try {
        return JSON.parse(answer.toString('utf8')) as unknown;
      } catch (error) {
        throw new Error(
          `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        );
      }
    },
  };
}
