import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Node } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createCidrSet, createNodeIpamController, createRangeAllocator, nodeIpamConfig } from './index.ts';

describe('a set of ranges', () => {
  it.each([
    ['10.0.0.0/8', 24, ['10.0.0.0/24', '10.0.1.0/24']],
    ['127.123.234.0/30', 31, ['127.123.234.0/31', '127.123.234.2/31', undefined]],
    ['127.123.234.0/24', 24, ['127.123.234.0/24', undefined]],
    ['2001:db8::/48', 64, ['2001:db8::/64', '2001:db8:0:1::/64']],
    ['beef:1234::/30', 31, ['beef:1234::/31', 'beef:1236::/31', undefined]],
  ])('%s by /%d', (cluster, mask, expected) => {
    const set = createCidrSet(cluster, mask);
    expect(expected.map(() => set.allocate())).toEqual(expected);
  });

  it('takes and frees whatever overlaps, and goes round', () => {
    const set = createCidrSet('10.0.0.0/16', 24);
    set.occupy('10.0.0.0/23');
    expect(set.allocated()).toBe(2);
    expect(set.allocate()).toBe('10.0.2.0/24');
    set.occupy('10.0.3.7/32');
    expect(set.allocate()).toBe('10.0.4.0/24');
    set.release('10.0.2.0/24');
    expect(set.allocate()).toBe('10.0.5.0/24');
    set.occupy('10.0.0.0/8');
    expect(set.allocate()).toBeUndefined();
    set.release('10.0.2.0/24');
    expect(set.allocate()).toBe('10.0.2.0/24');
    expect(() => set.occupy('11.0.0.0/24')).toThrow('out the range of cluster cidr');
  });

  it.each([
    ['10.0.0.0/24', 16],
    ['10.0.0.0/24', 33],
    ['2001:db8::/32', 64],
    ['no', 24],
  ])('refuses %s by /%d', (cluster, mask) => expect(() => createCidrSet(cluster, mask)).toThrow());
});

describe('options', () => {
  const on = { allocateNodeCidrs: true };
  it.each([
    [{ ...on, clusterCidr: '10.0.0.0/16' }, [24]],
    [{ ...on, clusterCidr: '10.0.0.0/16', nodeCidrMaskSize: 26 }, [26]],
    [{ ...on, clusterCidr: '10.0.0.0/16,fd00::/56', nodeCidrMaskSizeIpv4: 25 }, [25, 64]],
    [{ ...on, clusterCidr: 'fd00::/56,10.0.0.0/16', nodeCidrMaskSizeIpv6: 60 }, [60, 24]],
  ])('%j', (options, masks) => {
    const { config, errors } = nodeIpamConfig(options);
    expect(errors).toEqual([]);
    expect(config?.clusterCidrs.map(({ nodeMaskSize }) => nodeMaskSize)).toEqual(masks);
  });
  it.each([
    [{ ...on }],
    [{ clusterCidr: '10.0.0.0/33' }],
    [{ clusterCidr: '10.0.0.0/16,10.1.0.0/16' }],
    [{ clusterCidr: '10.0.0.0/16,fd00::/56,fd01::/56' }],
    [{ clusterCidr: '10.0.0.0/16,fd00::/56', nodeCidrMaskSize: 24 }],
    [{ clusterCidr: '10.0.0.0/16', nodeCidrMaskSizeIpv6: 64 }],
    [{ clusterCidr: 'fd00::/56', nodeCidrMaskSizeIpv4: 24 }],
    [{ clusterCidr: '10.0.0.0/16', nodeCidrMaskSize: 8 }],
    [{ clusterCidr: 'fd00::/32' }],
    [{ clusterCidr: '10.0.0.0/16', nodeCidrMaskSize: 24, nodeCidrMaskSizeIpv4: 24 }],
    [{ clusterCidr: '10.0.0.0/16', cidrAllocatorType: 'Other' }],
    [{ clusterCidr: '10.0.0.0/16', serviceClusterIpRange: 'x' }],
  ])('refuses %j', (options) => expect(nodeIpamConfig(options).errors).toHaveLength(1));
});

describe('the allocator', () => {
  const make = (clusterCidr: string, serviceClusterIpRange = '') => {
    const { config } = nodeIpamConfig({ allocateNodeCidrs: true, clusterCidr, serviceClusterIpRange });
    if (config === undefined) throw new Error('no configuration');
    return createRangeAllocator(config);
  };
  it('leaves the addresses of Services out, for good', () => {
    const ranges = make('10.10.0.0/22', '10.10.0.0/23');
    expect(ranges.allocate()).toEqual(['10.10.2.0/24']);
    ranges.release(['10.10.0.0/24']);
    expect(ranges.allocate()).toEqual(['10.10.3.0/24']);
    expect(ranges.allocate()).toBeUndefined();
  });
  it('takes nothing when one family is exhausted', () => {
    const ranges = make('10.0.0.0/24,fd00::/56');
    expect(ranges.allocate()).toEqual(['10.0.0.0/24', 'fd00::/64']);
    expect(ranges.allocate()).toBeUndefined();
    expect(ranges.sets().map((set) => set.allocated())).toEqual([1, 1]);
  });
});

describe('the loop', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.stop());
  const run = () =>
    cluster.run((deps) => {
      const loop = createNodeIpamController(
        { allocateNodeCidrs: true, clusterCidr: '10.1.0.0/23', serviceClusterIpRange: '10.96.0.0/12' },
        deps,
      );
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
});
