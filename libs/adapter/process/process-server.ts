import {
  createHttpsServer,
  loadCertificateMaker,
  type CertificatePair,
  type HttpServer,
  type TlsMaterial,
} from '@drydock/http';
import { answerHealth, healthPath, versionInfo, type HealthCheck } from '@drydock/port/health';
import type { HttpHandler, HttpResponse } from '@drydock/port/http';
import { readPem } from './pem.ts';
import type { ProcessDeps } from './run.ts';
import type { ServingOptions } from './serving-flags.ts';

export interface ProcessServerOptions {
  readonly name: string;
  readonly options: ServingOptions;
  readonly deps: ProcessDeps;
  readonly checks: readonly HealthCheck[];
  /** What else is served; it does its own authentication. Default: nothing. */
  readonly handler?: HttpHandler | undefined;
  /** Answers under way may take this long to end. Default 500. */
  readonly drainMs?: number;
}

const encoder = new TextEncoder();

function answer(status: number, text: string, type = 'text/plain; charset=utf-8'): HttpResponse {
  return {
    status,
    headers: { 'content-type': type, 'cache-control': 'no-cache, private' },
    body: encoder.encode(text),
  };
}

/** A certificate for this run only, as Kubernetes' processes make one when they are given none. */
async function ownCertificate(name: string, host: string, nowMs: number): Promise<CertificatePair> {
  const maker = await loadCertificateMaker();
  const authority = await maker.createCertificateAuthority(`${name}-ca`, nowMs);
  const hosts = [...new Set(['localhost', '127.0.0.1', ...(/^(0\.0\.0\.0|::)$/.test(host) ? [] : [host])])];
  return maker.issueCertificate(authority, { commonName: name, hosts, usage: 'server' }, nowMs);
}

/** The certificate that the flags name, or one made for this run. Both files must be given, or none. */
export async function servingTls(
  name: string,
  options: Pick<ServingOptions, 'tlsCertFile' | 'tlsPrivateKeyFile' | 'clientCaFile' | 'bindAddress'>,
  nowMs: number,
): Promise<TlsMaterial> {
  const { tlsCertFile, tlsPrivateKeyFile, clientCaFile } = options;
  const clientCa = clientCaFile === undefined ? {} : { clientCa: readPem(clientCaFile, '--client-ca-file') };
  if (tlsCertFile === undefined && tlsPrivateKeyFile === undefined)
    return { ...(await ownCertificate(name, options.bindAddress, nowMs)), ...clientCa };
  if (tlsCertFile === undefined || tlsPrivateKeyFile === undefined)
    throw new Error('--tls-cert-file and --tls-private-key-file go together');
  return {
    cert: readPem(tlsCertFile, '--tls-cert-file'),
    key: readPem(tlsPrivateKeyFile, '--tls-private-key-file'),
    ...clientCa,
  };
}

/** `host:port`, with brackets where they are needed; the wildcard addresses as a loopback address that reaches them. */
export function addressOf(bindAddress: string, port: number): string {
  const host = bindAddress === '0.0.0.0' || bindAddress === '::' ? '127.0.0.1' : bindAddress;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Health, version and metrics over HTTPS, for every process; and whatever else `handler` serves. */
export async function createProcessServer(given: ProcessServerOptions): Promise<HttpServer> {
  const { name, options, deps, checks, handler } = given;
  const tls = await servingTls(name, options, deps.clock.now());
  return createHttpsServer({
    name,
    host: options.bindAddress,
    port: options.securePort,
    tls,
    logger: deps.logger,
    ...(given.drainMs === undefined ? {} : { drainMs: given.drainMs }),
    handler(request) {
      const { path } = request;
      const reads = request.method === 'GET' || request.method === 'HEAD';
      const own = path === '/metrics' || path === '/version' || healthPath(path) !== undefined;
      if (!own) return handler?.(request) ?? answer(404, '404 page not found\n');
      if (!reads) return answer(405, 'method not allowed\n');
      if (path === '/version')
        return answer(200, `${JSON.stringify(versionInfo, undefined, 2)}\n`, 'application/json');
      if (path !== '/metrics') return answerHealth(request, checks) ?? answer(404, '404 page not found\n');
      // With authorities given, figures are for those who show a certificate of one.
      if (tls.clientCa !== undefined && request.clientCertificate === undefined)
        return answer(401, 'Unauthorized\n');
      return deps.metrics
        .expose()
        .then((text) => answer(200, text, 'text/plain; version=0.0.4; charset=utf-8'));
    },
  });
}
