import { readFileSync } from 'node:fs';
import { Agent, request, type RequestOptions } from 'node:https';
import { parse } from 'yaml';

/** An object as it stands on the wire. */
export type Loose = Record<string, unknown> & {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
};

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. */
  json<T = Loose>(): T;
}

export interface RawRequest {
  readonly body?: unknown;
  /** Default: `application/json`. */
  readonly contentType?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RawWatch {
  /** All events so far. */
  readonly events: readonly { readonly type: string; readonly object: Loose }[];
  stop(): void;
}

/** HTTP as it is, with the administrator's certificate: nothing between the test and the wire. */
export interface RawClient {
  send(method: string, path: string, request?: RawRequest): Promise<Answer>;
  /** The object that a request answers; throws when it fails. */
  ask(method: string, path: string, body?: unknown): Promise<Loose>;
  patch(path: string, body: unknown, type?: 'merge' | 'strategic-merge' | 'json'): Promise<Loose>;
  watch(path: string): Promise<RawWatch>;
  close(): void;
}

interface Kubeconfig {
  readonly clusters: readonly { cluster: { server: string; 'certificate-authority-data': string } }[];
  readonly users: readonly { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

/** A client of the first cluster of a kubeconfig. `timeoutMs`: of a request that is not a watch; default none. */
export function createRawClient(kubeconfig: string, { timeoutMs = 0 } = {}): RawClient {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const { cluster } = config.clusters[0]!;
  const { user } = config.users[0]!;
  const pem = (text: string) => Buffer.from(text, 'base64');
  const server = new URL(cluster.server);
  const agent = new Agent({ keepAlive: true });
  const common: RequestOptions = {
    agent,
    host: server.hostname,
    port: server.port,
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  };

  function send(method: string, path: string, asked: RawRequest = {}): Promise<Answer> {
    const { body, contentType = 'application/json', accept = 'application/json' } = asked;
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const headers = {
      accept,
      ...(sent === undefined
        ? {}
        : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(sent)) }),
      ...asked.headers,
    };
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...common, method, path, headers }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text,
            json: <T>() => JSON.parse(text) as T,
          }),
        );
      });
      outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
      outgoing.on('error', reject);
      outgoing.end(sent);
    });
  }

  async function ask(method: string, path: string, body?: unknown, contentType?: string): Promise<Loose> {
    const answer = await send(method, path, {
      ...(body === undefined ? {} : { body }),
      ...(contentType === undefined ? {} : { contentType }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json();
  }

  return {
    send,
    ask,
    patch: (path, body, type = 'merge') => ask('PATCH', path, body, `application/${type}-patch+json`),
    watch(path) {
      const events: { type: string; object: Loose }[] = [];
      return new Promise((resolve, reject) => {
        const outgoing = request({ ...common, method: 'GET', path }, (incoming) => {
          let rest = '';
          incoming.setEncoding('utf8').on('data', (part: string) => {
            const lines = (rest + part).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines)
              if (line !== '') events.push(JSON.parse(line) as { type: string; object: Loose });
          });
          incoming.on('error', () => undefined);
          resolve({ events, stop: () => outgoing.destroy() });
        });
        outgoing.on('error', reject);
        outgoing.end();
      });
    },
    close: () => agent.destroy(),
  };
}
