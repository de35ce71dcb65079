import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configMaps, recordEvents } from '@drydock/port/events-suite';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../rpc/certificates.spec-support.ts';
import { NatsCluster, until } from './cluster.spec-support.ts';
import type { NatsOptions } from './index.ts';
import { natsInstalled, startNats } from './nats-server.ts';

describe.skipIf(!natsInstalled())('credentials for NATS', { timeout: 30_000 }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function open(args: readonly string[]): Promise<NatsCluster> {
    const server = await startNats(args);
    cleanups.push(() => server.dispose());
    const cluster = new NatsCluster(server);
    cleanups.push(() => cluster.dispose());
    return cluster;
  }

  async function expectDelivery(cluster: NatsCluster, options: Partial<NatsOptions>): Promise<void> {
    const publisher = cluster.publisher(options);
    await publisher.start();
    await until(() => publisher.cursor() !== undefined);
    const { position } = await cluster.list(publisher.cursor());
    const seen = recordEvents(cluster.subscriber(options), configMaps(), position);
    await cluster.write({ verb: 'create', name: 'a' });
    expect((await seen.count(1)).map((event) => event.name)).toEqual(['a']);
    seen.stop();
  }

  it('may be a user and a password; others stay away', async () => {
    const cluster = await open(['--user', 'drydock', '--pass', 'secret']);
    const stranger = cluster.publisher({ user: 'drydock', password: 'wrong' });
    await stranger.start();
    await expectDelivery(cluster, { user: 'drydock', password: 'secret' });
    expect([stranger.role, stranger.ready(), stranger.cursor()]).toEqual(['away', false, undefined]);
  });

  it('may be a token', async () => {
    await expectDelivery(await open(['--auth', 'a-token']), { token: 'a-token' });
  });

  it('may be a certificate, over TLS', async () => {
    const authority = await createAuthority('cluster');
    const [server, client] = [await authority.issue('CN=nats'), await authority.issue('CN=apiserver')];
    const directory = mkdtempSync(join(tmpdir(), 'drydock-nats-tls-'));
    cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
    const file = (name: string, pem: string): string => {
      writeFileSync(join(directory, name), pem);
      return join(directory, name);
    };
    const cluster = await open([
      ...['--tlsverify', '--tlscacert', file('ca.pem', authority.certificate)],
      ...[
        '--tlscert',
        file('server.pem', server.certificate),
        '--tlskey',
        file('server-key.pem', server.key),
      ],
    ]);
    const { key, certificate } = client;
    await expectDelivery(cluster, { tls: { certificateAuthority: authority.certificate, certificate, key } });
  });
});
