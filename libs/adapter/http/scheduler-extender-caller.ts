import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { ExtenderCaller, ExtenderEndpoint } from '@drydock/port/scheduler-extender';
import { whyNoConnection } from './connection-error.ts';

const maxAnswerBytes = 64 * 1024 * 1024;

function tlsOptions({ tls = {} }: ExtenderEndpoint): RequestOptions {
  return {
    rejectUnauthorized: tls.insecure !== true,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(tls.ca && { ca: Buffer.from(tls.ca) }),
    ...(tls.cert && { cert: Buffer.from(tls.cert) }),
    ...(tls.key && { key: Buffer.from(tls.key) }),
  };
}

function post(endpoint: ExtenderEndpoint, verb: string, body: Buffer): Promise<Buffer> {
  const url = new URL(endpoint.url);
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port || (secure ? 443 : 80));
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(endpoint.timeoutMs);
    const fail = (text: string): void => reject(new Error(`Post "${endpoint.url}": ${text}`));
    const call = (secure ? httpsRequest : httpRequest)(
      {
        host,
        port,
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        headers: { host: url.host, 'content-type': 'application/json', 'content-length': body.length },
        signal,
        ...(secure ? tlsOptions(endpoint) : {}),
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
          if (answer.statusCode === 200) resolve(Buffer.concat(parts));
          else
            reject(
              new Error(
                `failed ${verb} with extender at URL ${endpoint.url}, code ${answer.statusCode ?? 0}`,
              ),
            );
        });
      },
    );
    call.on('error', (error) =>
      fail(
        signal.aborted
          ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
          : whyNoConnection(error, { host, port, serverName: endpoint.tls?.serverName ?? host }),
      ),
    );
    call.end(body);
  });
}

/** Calls scheduler extenders with Node's own clients. */
export function createSchedulerExtenderCaller(): ExtenderCaller {
  return {
    async post(endpoint, verb, body) {
      const answer = await post(endpoint, verb, Buffer.from(JSON.stringify(body)));
      return JSON.parse(answer.toString('utf8')) as unknown;
    },
  };
}
