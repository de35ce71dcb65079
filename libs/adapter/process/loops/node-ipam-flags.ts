import { nodeIpamConfig, type NodeIpamOptions } from '@drydock/controllers/all';
import type { Command } from 'commander';
import { flag, integer } from '../flags.ts';

/** 0 counts as not given. */
const mask = integer(0, 128);

/** kube-controller-manager's flags about the addresses of nodes' Pods. */
export function addNodeIpamFlags(command: Command): void {
  command
    .addOption(
      flag(
        '--allocate-node-cidrs',
        "give nodes their Pods' ranges from the cluster's",
        'ALLOCATE_NODE_CIDRS',
      ).default(false),
    )
    .addOption(
      flag('--cluster-cidr <cidrs>', 'addresses of Pods: one range, or one of each family', 'CLUSTER_CIDR'),
    )
    .addOption(
      flag('--node-cidr-mask-size <n>', "mask of a node's range", 'NODE_CIDR_MASK_SIZE').argParser(mask),
    )
    .addOption(
      flag(
        '--node-cidr-mask-size-ipv4 <n>',
        '… for IPv4 (default: 24)',
        'NODE_CIDR_MASK_SIZE_IPV4',
      ).argParser(mask),
    )
    .addOption(
      flag(
        '--node-cidr-mask-size-ipv6 <n>',
        '… for IPv6 (default: 64)',
        'NODE_CIDR_MASK_SIZE_IPV6',
      ).argParser(mask),
    )
    .addOption(
      flag(
        '--cidr-allocator-type <type>',
        'who gives the ranges: RangeAllocator or CloudAllocator',
        'CIDR_ALLOCATOR_TYPE',
      ).default('RangeAllocator'),
    );
}

/** What the flags above gave, and what is wrong with them. */
export function nodeIpamOptions(given: Record<string, unknown>): {
  readonly options: NodeIpamOptions;
  readonly errors: readonly string[];
} {
  const named = given as NodeIpamOptions;
  const options: NodeIpamOptions = {
    allocateNodeCidrs: named.allocateNodeCidrs === true,
    ...(named.clusterCidr === undefined ? {} : { clusterCidr: named.clusterCidr }),
    ...(named.serviceClusterIpRange === undefined
      ? {}
      : { serviceClusterIpRange: named.serviceClusterIpRange }),
    ...(named.nodeCidrMaskSize === undefined ? {} : { nodeCidrMaskSize: named.nodeCidrMaskSize }),
    ...(named.nodeCidrMaskSizeIpv4 === undefined ? {} : { nodeCidrMaskSizeIpv4: named.nodeCidrMaskSizeIpv4 }),
    ...(named.nodeCidrMaskSizeIpv6 === undefined ? {} : { nodeCidrMaskSizeIpv6: named.nodeCidrMaskSizeIpv6 }),
    ...(named.cidrAllocatorType === undefined ? {} : { cidrAllocatorType: named.cidrAllocatorType }),
  };
  return { options, errors: nodeIpamConfig(options).errors };
}
