import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Node } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createNodeIpamController, type CloudRanges, type NodeIpamOptions } from './index.ts';

describe('the loop', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.stop());
  const ranges = { clusterCidr: '10.1.0.0/23', serviceClusterIpRange: '10.96.0.0/12' };
  const run = (options: NodeIpamOptions & { cloud?: CloudRanges } = ranges) =>
    cluster.run((deps) => {
      const loop = createNodeIpamController({ allocateNodeCidrs: true, ...options }, deps);
      if (loop === undefined) throw new Error('no loop');
      return loop;
    });
  const nodes = () => cluster.client.resource(Node);
  const add = (name: string, spec: object = {}) => nodes().create({ metadata: { name }, spec } as Node);
  const cidrs = async () =>
    Object.fromEntries(
      (await cluster.list(Node)).map(({ metadata, spec }) => [metadata.name, spec?.podCIDRs?.join()]),
    );

  it('gives, keeps over a restart, tells of exhaustion, and gives again what came free', async () => {
    await add('old', { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24'] });
    const stop = run();
    await add('a');
    await cluster.until(async () => (await cidrs())['a'] === '10.1.1.0/24');
    await add('b');
    await cluster.until(async () => (await cluster.events('b')).length > 0);
    expect((await cluster.events('b'))[0]).toBe(
      'Normal CIDRNotAvailable Node b status is now: CIDRNotAvailable',
    );
    await stop();
    run();
    await nodes().delete('old');
    await cluster.until(async () => (await cidrs())['b'] === '10.1.0.0/24', 120_000);
    expect(await cidrs()).toEqual({ a: '10.1.1.0/24', b: '10.1.0.0/24' });
  });

  it('gives the ranges of a node that is going to others', async () => {
    run({ ...ranges, clusterCidr: '10.1.0.0/24' });
    await nodes().create({ metadata: { name: 'old', finalizers: ['example.com/kept'] }, spec: {} } as Node);
    await cluster.until(async () => (await cidrs())['old'] === '10.1.0.0/24');
    await add('new');
    await cluster.until(async () => (await cluster.events('new')).length > 0);
    await nodes().delete('old');
    await cluster.until(async () => (await cidrs())['new'] === '10.1.0.0/24', 120_000);
    // It is still there, and gets nothing more; nor is anything given twice when it goes for good.
    await nodes().patch('old', { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.until(async () => (await cidrs())['old'] === undefined);
    await add('third');
    await cluster.until(async () => (await cluster.events('third')).length > 0);
  });

  it('ends at its start where a node has a range of somewhere else', async () => {
    await add('old', { podCIDR: '172.10.0.0/24', podCIDRs: ['172.10.0.0/24'] });
    const loop = createNodeIpamController({ allocateNodeCidrs: true, ...ranges }, cluster.deps);
    await expect(loop?.run(new AbortController().signal)).rejects.toThrow(
      'failed to mark cidr[172.10.0.0/24] at idx [0] as occupied for node: old: cidr 172.10.0.0/24 is out the range of cluster cidr 10.1.0.0/23',
    );
  });

  it('writes what the cloud says, and tells of nodes that it does not know', async () => {
    const known: Record<string, string[]> = { a: ['10.9.1.0/24', 'fd00:9::/64'] };
    run({
      cidrAllocatorType: 'CloudAllocator',
      cloud: { podCidrs: (node) => Promise.resolve(known[node.metadata.name ?? ''] ?? []) },
    });
    await add('a');
    await add('b');
    await cluster.until(async () => (await cidrs())['a'] === '10.9.1.0/24,fd00:9::/64');
    await cluster.until(async () => (await nodes().get('a')).status?.conditions !== undefined);
    expect((await nodes().get('a')).status?.conditions).toMatchObject([
      { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' },
    ]);
    await cluster.until(async () => (await cluster.events('b')).length > 0);
    expect((await cluster.events('b'))[0]).toContain('Normal CIDRNotAvailable Node b status is now');
    known['b'] = ['10.9.2.0/24'];
    await cluster.until(async () => (await cidrs())['b'] === '10.9.2.0/24', 120_000);
  });

  it('needs a cloud for that', () => {
    expect(() =>
      createNodeIpamController(
        { allocateNodeCidrs: true, cidrAllocatorType: 'CloudAllocator' },
        cluster.deps,
      ),
    ).toThrow("--cidr-allocator-type is set to 'CloudAllocator' but cloud provider is not configured");
  });
});
