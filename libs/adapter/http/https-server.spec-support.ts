import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { HttpHandler, HttpResponse } from '@drydock/port/http';
import { createHttpsServer, loadCertificateMaker, type HttpServer } from './index.ts';

const maker = await loadCertificateMaker();
const now = Date.now();
export const authority = await maker.createCertificateAuthority('ca', now);
export const proxyAuthority = await maker.createCertificateAuthority('proxies', now);
const issue = (of: typeof authority, commonName: string, more: { organizations?: string[] } = {}) =>
  maker.issueCertificate(of, { commonName, hosts: ['127.0.0.1'], usage: 'both', ...more }, now);
export const serving = await issue(authority, 'x');
export const jane = await issue(authority, 'jane', { organizations: ['a', 'b'] });
export const proxy = await issue(proxyAuthority, 'front');

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (body: string, headers: HttpResponse['headers'] = {}): HttpResponse => ({
  status: 200,
  headers: { 'content-type': 'text/plain', ...headers },
  body: bytes(body),
});

export interface Answer {
  readonly message: IncomingMessage;
  readonly body: Buffer;
}

/** A server whose handler may be changed, and ways to talk to it. */
export interface Served {
  readonly server: HttpServer;
  handler: HttpHandler;
  /** A whole exchange on a connection of its own. */
  call(options?: RequestOptions, body?: string | Buffer): Promise<Answer>;
  /** A raw connection. */
  connect(): Promise<TLSSocket>;
  /** Sends these bytes and answers all that comes back until the connection closes. */
  exchange(head: string): Promise<string>;
  closeConnections(): void;
}

export async function serve(threads: number, drainMs = 100): Promise<Served> {
  const open: Socket[] = [];
  const server = createHttpsServer({
    handler: (asked) => served.handler(asked),
    tls: { ...serving, clientCa: authority.cert, frontProxyCa: proxyAuthority.cert },
    ...{ port: 0, drainMs, threads },
  });
  const place = () => ({ host: '127.0.0.1', port: server.port, ca: authority.cert });
  const served: Served = {
    server,
    handler: () => text('ok'),
    call: (options = {}, body = undefined) =>
      new Promise((resolve, reject) => {
        const sent = request({ ...place(), agent: false, ...options }, (message) => {
          const parts: Buffer[] = [];
          message.on('data', (part: Buffer) => parts.push(part));
          message.on('error', reject);
          message.on('end', () => resolve({ message, body: Buffer.concat(parts) }));
        });
        sent.on('error', reject);
        sent.end(body);
      }),
    connect: () =>
      new Promise((resolve, reject) => {
        const socket = connectTls(place(), () => resolve(socket));
        open.push(socket);
        socket.on('error', reject);
      }),
    async exchange(head) {
      const socket = await served.connect();
      let all = '';
      socket.setEncoding('latin1').on('data', (part: string) => (all += part));
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write(head);
      await closed;
      return all;
    },
    closeConnections() {
      for (const socket of open.splice(0)) socket.destroy();
    },
  };
  await server.start();
  return served;
}

/** Resolves when it is so. */
export async function until(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setTimeout(resolve, 5));
}
