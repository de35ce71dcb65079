import { parseCidr, type Cidr } from '@drydock/base/apimachinery';

export type CidrAllocatorType = 'RangeAllocator' | 'CloudAllocator' | 'IPAMFromCluster' | 'IPAMFromCloud';

/** kube-controller-manager's flags, as they were given. */
export interface NodeIpamOptions {
  /** `--allocate-node-cidrs`. Default false. */
  readonly allocateNodeCidrs?: boolean;
  /** `--cluster-cidr`: one, or one of each family, separated by a comma. */
  readonly clusterCidr?: string;
  /** `--service-cluster-ip-range`: one, or one of each family. */
  readonly serviceClusterIpRange?: string;
  /** `--node-cidr-mask-size`: for the only family. */
  readonly nodeCidrMaskSize?: number;
  readonly nodeCidrMaskSizeIpv4?: number;
  readonly nodeCidrMaskSizeIpv6?: number;
  /** `--cidr-allocator-type`. Default RangeAllocator. */
  readonly cidrAllocatorType?: string;
}

/** What the options mean, once they are found to fit. */
export interface NodeIpamConfig {
  readonly type: CidrAllocatorType;
  readonly clusterCidrs: readonly { readonly cidr: string; readonly nodeMaskSize: number }[];
  /** Never given to nodes. */
  readonly serviceCidrs: readonly string[];
}

const types: readonly string[] = ['RangeAllocator', 'CloudAllocator', 'IPAMFromCluster', 'IPAMFromCloud'];
const defaultMask = { 4: 24, 6: 64 } as const;
/** What a node's mask may be longer than the cluster's, at most. */
const maxSpan = { 4: 32, 6: 16 } as const;

function split(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function parseAll(flag: string, texts: readonly string[], errors: string[]): Cidr[] {
  const parsed = texts.map(parseCidr);
  const bad = texts.find((_, index) => parsed[index] === undefined);
  if (bad !== undefined) errors.push(`${flag}: invalid CIDR address: ${bad}`);
  const good = parsed.filter((one) => one !== undefined);
  if (good.length > 2) errors.push(`${flag}: expected at most 2 CIDRs, got ${good.length}`);
  else if (good.length === 2 && good[0]?.family === good[1]?.family)
    errors.push(`${flag}: expected one CIDR from each IP family, both are IPv${good[0]?.family ?? 4}`);
  return good;
}

/**
 * Validates the options as kube-controller-manager does at its start. Gives the configuration, undefined where no ranges
 * are to be allocated, or what is wrong, one line each.
 */
export function nodeIpamConfig(options: NodeIpamOptions): {
  readonly config: NodeIpamConfig | undefined;
  readonly errors: readonly string[];
} {
  const errors: string[] = [];
  const type = options.cidrAllocatorType ?? 'RangeAllocator';
  if (!types.includes(type))
    errors.push(`--cidr-allocator-type: ${JSON.stringify(type)} is not one of ${types.join(', ')}`);
  const clusterTexts = split(options.clusterCidr);
  const cluster = parseAll('--cluster-cidr', clusterTexts, errors);
  const serviceTexts = split(options.serviceClusterIpRange);
  parseAll('--service-cluster-ip-range', serviceTexts, errors);

  const { nodeCidrMaskSize: any, nodeCidrMaskSizeIpv4: v4, nodeCidrMaskSizeIpv6: v6 } = options;
  const dual = cluster.length === 2;
  if (dual && any !== undefined)
    errors.push(
      '--node-cidr-mask-size: usage of --node-cidr-mask-size is not allowed with dual-stack clusters',
    );
  if (any !== undefined && (v4 !== undefined || v6 !== undefined))
    errors.push(
      '--node-cidr-mask-size: it is not allowed together with --node-cidr-mask-size-ipv4 or --node-cidr-mask-size-ipv6',
    );
  if (!dual && cluster.length === 1) {
    if (cluster[0]?.family === 4 && v6 !== undefined)
      errors.push('--node-cidr-mask-size-ipv6: usage is not allowed if cluster-cidr is an IPv4 CIDR');
    if (cluster[0]?.family === 6 && v4 !== undefined)
      errors.push('--node-cidr-mask-size-ipv4: usage is not allowed if cluster-cidr is an IPv6 CIDR');
  }
  const clusterCidrs = cluster.map(({ family, prefixLength }, index) => {
    const nodeMaskSize = (dual ? undefined : any) ?? (family === 4 ? v4 : v6) ?? defaultMask[family];
    const bits = family === 4 ? 32 : 128;
    const flag = `--node-cidr-mask-size-ipv${family}`;
    if (!Number.isInteger(nodeMaskSize) || nodeMaskSize < 1 || nodeMaskSize > bits)
      errors.push(`${flag}: ${nodeMaskSize} is not from 1 to ${bits}`);
    else if (nodeMaskSize < prefixLength)
      errors.push(`${flag}: ${nodeMaskSize} is smaller than the cluster CIDR's mask size ${prefixLength}`);
    else if (nodeMaskSize - prefixLength > maxSpan[family])
      errors.push(
        `${flag}: ${nodeMaskSize} is more than ${maxSpan[family]} longer than the cluster CIDR's ${prefixLength}`,
      );
    return { cidr: clusterTexts[index] ?? '', nodeMaskSize };
  });
  if (options.allocateNodeCidrs !== true) return { config: undefined, errors };
  if (clusterTexts.length === 0 && type !== 'CloudAllocator')
    errors.push('--cluster-cidr: it must be given with --allocate-node-cidrs');
  if (errors.length > 0) return { config: undefined, errors };
  return {
    config: { type: type as CidrAllocatorType, clusterCidrs, serviceCidrs: serviceTexts },
    errors,
  };
}
