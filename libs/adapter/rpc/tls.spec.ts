import { silentLogger } from '@drydock/port/observability';
import { createFakeTransport } from '@drydock/port/transport-suite';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Authority, KeyPair } from './certificates.spec-support.ts';
import { createAuthority } from './certificates.spec-support.ts';
import type { RpcCaller, RpcClientTls, RpcServer } from './index.ts';
import { createRpcServer, createRpcTransport } from './index.ts';

const maps = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };

describe('rpc over TLS', () => {
  let authority: Authority;
  let stranger: Authority;
  let serverPair: KeyPair;
  let server: RpcServer;
  let callers: RpcCaller[];
  beforeAll(async () => {
    authority = await createAuthority('cluster');
    stranger = await createAuthority('stranger');
    serverPair = await authority.issue('CN=apiserver');
  });
  afterEach(() => server.stop());

  async function serve(clientCertificateAuthority?: string): Promise<void> {
    callers = [];
    server = createRpcServer({
      port: 0,
      transport: (caller) => {
        callers.push(caller);
        return createFakeTransport();
      },
      logger: silentLogger,
      tls: {
        ...serverPair,
        ...(clientCertificateAuthority === undefined ? {} : { clientCertificateAuthority }),
      },
    });
    await server.start();
  }

  async function list(tls: RpcClientTls | undefined): Promise<string> {
    const transport = createRpcTransport({
      address: `127.0.0.1:${server.port}`,
      patienceMs: 0,
      ...(tls === undefined ? {} : { tls }),
    });
    try {
      return `${(await transport.list(maps)).items.length} items`;
    } catch (error) {
      return (error as { reason: string }).reason;
    } finally {
      await transport.close();
    }
  }

  it('serves clients that trust its authority, and only those', async () => {
    await serve();
    expect(await list({ certificateAuthority: authority.certificate })).toBe('0 items');
    expect(await list({ certificateAuthority: authority.certificate, serverName: 'apiserver' })).toBe(
      '0 items',
    );
    expect(await list({ certificateAuthority: authority.certificate, serverName: 'other' })).toBe(
      'ServiceUnavailable',
    );
    expect(await list({ certificateAuthority: stranger.certificate })).toBe('ServiceUnavailable');
    expect(await list(undefined)).toBe('ServiceUnavailable');
  });

  it('demands a certificate of its clients, and tells who they are', async () => {
    await serve(authority.certificate);
    const trust = { certificateAuthority: authority.certificate };
    const scheduler = await authority.issue('CN=system:kube-scheduler,O=system:masters');
    expect(await list({ ...trust, ...scheduler })).toBe('0 items');
    expect(callers.map((caller) => caller.certificate)).toEqual([
      { commonName: 'system:kube-scheduler', organizations: ['system:masters'] },
    ]);
    expect(await list(trust)).toBe('ServiceUnavailable');
    expect(await list({ ...trust, ...(await stranger.issue('CN=system:kube-scheduler')) })).toBe(
      'ServiceUnavailable',
    );
    expect(callers.length).toBe(1);
  });
});
