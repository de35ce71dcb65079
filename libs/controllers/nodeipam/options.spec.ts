import { describe, expect, it } from 'vitest';
import { nodeIpamConfig, type NodeIpamOptions } from './index.ts';

const on = { allocateNodeCidrs: true };

describe('options of node IPAM', () => {
  it.each<[NodeIpamOptions, number[]]>([
    [{ clusterCidr: '10.0.0.0/16' }, [24]],
    [{ clusterCidr: 'fd00::/56' }, [64]],
    [{ clusterCidr: '10.0.0.0/16', nodeCidrMaskSize: 26 }, [26]],
    [{ clusterCidr: 'fd00::/56', nodeCidrMaskSize: 70 }, [70]],
    [{ clusterCidr: '10.0.0.0/16', nodeCidrMaskSizeIpv4: 25 }, [25]],
    [{ clusterCidr: 'fd00::/56', nodeCidrMaskSizeIpv6: 60 }, [60]],
    [{ clusterCidr: '10.0.0.0/16,fd00::/56', nodeCidrMaskSizeIpv4: 25 }, [25, 64]],
    [{ clusterCidr: 'fd00::/56,10.0.0.0/16', nodeCidrMaskSizeIpv6: 60 }, [60, 24]],
    [{ clusterCidr: '10.0.0.0/16', serviceClusterIpRange: 'nonsense' }, [24]],
    [{ cidrAllocatorType: 'CloudAllocator' }, []],
    [{ cidrAllocatorType: 'CloudAllocator', clusterCidr: '10.0.0.0/26' }, [24]],
  ])('%j', (options, masks) => {
    const { config, errors } = nodeIpamConfig({ ...on, ...options });
    expect(errors).toEqual([]);
    expect(config?.clusterCidrs.map(({ nodeMaskSize }) => nodeMaskSize)).toEqual(masks);
  });

  it.each<[NodeIpamOptions, string]>([
    [{}, 'Controller: Must specify --cluster-cidr if --allocate-node-cidrs is set'],
    [{ clusterCidr: '10.0.0.0/33' }, 'invalid CIDR[0]: <nil> (invalid CIDR address: 10.0.0.0/33)'],
    [
      { clusterCidr: '10.0.0.0/16,10.1.0.0/16' },
      'len of ClusterCIDRs==2 and they are not configured as dual stack (at least one from each IPFamily',
    ],
    [
      { clusterCidr: '10.0.0.0/16,fd00::/56,fd01::/56' },
      'length of clusterCIDRs is:3 more than max allowed of 2',
    ],
    [
      { clusterCidr: '10.0.0.0/16', serviceClusterIpRange: '10.96.0.0/12,10.112.0.0/12' },
      'serviceCIDR and secondaryServiceCIDR are not dualstack (from different IPfamiles)',
    ],
    [
      { clusterCidr: '10.0.0.0/16,fd00::/56', nodeCidrMaskSize: 24 },
      'usage of --node-cidr-mask-size is not allowed with dual-stack clusters',
    ],
    [
      { clusterCidr: '10.0.0.0/16', nodeCidrMaskSizeIpv6: 64 },
      'usage of --node-cidr-mask-size-ipv6 is not allowed for a single-stack IPv4 cluster',
    ],
    [
      { clusterCidr: 'fd00::/56', nodeCidrMaskSizeIpv4: 24 },
      'usage of --node-cidr-mask-size-ipv4 is not allowed for a single-stack IPv6 cluster',
    ],
    [
      { clusterCidr: '10.0.0.0/16', nodeCidrMaskSize: 24, nodeCidrMaskSizeIpv4: 24 },
      'usage of --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6 is not allowed if --node-cidr-mask-size is set. For dual-stack clusters please unset it and use IPFamily specific flags',
    ],
    [
      { clusterCidr: '10.0.0.0/26' },
      'Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family',
    ],
    [{ clusterCidr: 'fd00::/32' }, 'New CIDR set failed; the node CIDR size is too big'],
    [
      { clusterCidr: '10.0.0.0/16', nodeCidrMaskSize: 33 },
      'the node mask size 33 is more than the 32 bits of an IPv4 address',
    ],
    [{ clusterCidr: '10.0.0.0/16', cidrAllocatorType: 'Other' }, 'invalid CIDR allocator type: Other'],
  ])('refuses %j', (options, message) =>
    expect(nodeIpamConfig({ ...on, ...options }).errors).toEqual([message]),
  );

  it('looks at little while nothing is allocated', () => {
    expect(nodeIpamConfig({ clusterCidr: 'x', nodeCidrMaskSize: 1 })).toEqual({
      config: undefined,
      errors: [],
    });
    expect(nodeIpamConfig({ serviceClusterIpRange: 'a,b,c' }).errors).toEqual([
      '--service-cluster-ip-range can not contain more than two entries',
    ]);
  });
});
