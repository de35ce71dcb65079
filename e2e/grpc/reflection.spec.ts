import { createReflectionClient, type ReflectionClient } from '@drydock/rpc/reflection-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, removeDataDir, startClusterProcess, type ClusterProcess } from '../support/index.ts';

const service = 'drydock.v1.ResourceService';
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
interface Decoded {
  metadata: { name: string; resourceVersion: string; deletionTimestamp?: string };
  status: { readyReplicas?: number };
}
const decode = (bytes: string): Decoded => JSON.parse(Buffer.from(bytes, 'base64').toString()) as Decoded;

/** As grpcurl does it: all that the client knows of the service it was told by the running cluster. */
describe('a client that knows only the reflection service', () => {
  let cluster: ClusterProcess;
  let client: ReflectionClient;
  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    client = createReflectionClient(`127.0.0.1:${cluster.grpcPort}`, 'v1');
  });
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  async function list(ref: Record<string, string>): Promise<Decoded[]> {
    const items: string[] = [];
    for await (const chunk of client.stream(`${service}/List`, { ref }))
      items.push(...((chunk as { items?: string[] }).items ?? []));
    return items.map(decode);
  }

  it('finds the services and that they are healthy', async () => {
    expect(await client.listServices()).toEqual(expect.arrayContaining([service, 'grpc.health.v1.Health']));
    expect(await client.call('grpc.health.v1.Health/Check', {})).toEqual({ status: 'SERVING' });
  });

  it('lists the nodes', async () => {
    const nodes = await list({ version: 'v1', resource: 'nodes' });
    expect(nodes.map(({ metadata }) => metadata.name)).toEqual(['node-0', 'node-1', 'node-2']);
  });

  it('creates a Deployment whose Pods the loops, the scheduler and the kubelets bring to run', async () => {
    const ref = { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'default' };
    await client.call(`${service}/Create`, {
      ref,
      object: encode({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'c', image: 'nginx' }] },
          },
        },
      }),
    });
    const get = async () => {
      const answer = await client.call(`${service}/Get`, { ref: { ...ref, name: 'web' } });
      return decode((answer as { object: string }).object);
    };
    await eventually(async () => (await get()).status.readyReplicas === 2);

    const patched = (await client.call(`${service}/Patch`, {
      ref: { ...ref, name: 'web' },
      type: 'PATCH_TYPE_MERGE',
      body: encode({ spec: { replicas: 1 } }),
    })) as { object: string };
    expect(decode(patched.object)).toMatchObject({ spec: { replicas: 1 } });
    await eventually(async () => (await get()).status.readyReplicas === 1);

    await client.call(`${service}/Delete`, { ref: { ...ref, name: 'web' } });
    await eventually(
      async () =>
        (await list({ version: 'v1', resource: 'pods', namespace: 'default' })).filter(
          ({ metadata }) => metadata.deletionTimestamp === undefined,
        ).length === 0,
    );
  });

  it('gets errors as Kubernetes words them', async () => {
    await expect(
      client.call(`${service}/Get`, {
        ref: { version: 'v1', resource: 'pods', namespace: 'x', name: 'none' },
      }),
    ).rejects.toMatchObject({ details: 'pods "none" not found' });
    await expect(
      client.call(`${service}/Get`, { ref: { version: 'v1', resource: 'ships', name: 'none' } }),
    ).rejects.toMatchObject({ details: 'the server could not find the requested resource' });
  });
});
