import { parseCidr, type Cidr } from '@drydock/base/apimachinery';
import { tooBig } from './cidr-set.ts';

export type CidrAllocatorType = 'RangeAllocator' | 'CloudAllocator';

/** kube-controller-manager's flags, as they were given. Sizes of 0 count as not given. */
export interface NodeIpamOptions {
  /** `--allocate-node-cidrs`. Default false: then nothing but the count of `serviceClusterIpRange` is looked at. */
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

const types: readonly string[] = ['RangeAllocator', 'CloudAllocator'];
const defaultMask = { 4: 24, 6: 64 } as const;
/** What a node's mask may be longer than the cluster's, at most. */
const maxSpan = { 4: 32, 6: 16 } as const;

class Refused extends Error {}

function isDualStack(cidrs: readonly Cidr[]): boolean {
  return cidrs.some(({ family }) => family === 4) && cidrs.some(({ family }) => family === 6);
}

function clusterRanges(text: string): { texts: readonly string[]; cidrs: readonly Cidr[] } {
  if (text.trim() === '')
    throw new Refused('Controller: Must specify --cluster-cidr if --allocate-node-cidrs is set');
  const texts = text.trim().split(',');
  const cidrs = texts.map((one, index) => {
    const cidr = parseCidr(one);
    if (cidr === undefined) throw new Refused(`invalid CIDR[${index}]: <nil> (invalid CIDR address: ${one})`);
    return cidr;
  });
  if (cidrs.length > 1 && !isDualStack(cidrs)) {
    throw new Refused(
      `len of ClusterCIDRs==${cidrs.length} and they are not configured as dual stack (at least one from each IPFamily`,
    );
  }
  if (cidrs.length > 2)
    throw new Refused(`length of clusterCIDRs is:${cidrs.length} more than max allowed of 2`);
  return { texts, cidrs };
}

/** Those that are no ranges are left out: kube-controller-manager warns of them, and goes on. */
function serviceRanges(texts: readonly string[]): readonly string[] {
  const given = texts.filter((text) => parseCidr(text) !== undefined);
  const cidrs = given.map(parseCidr).filter((cidr) => cidr !== undefined);
  if (cidrs.length > 1 && !isDualStack(cidrs)) {
    throw new Refused('serviceCIDR and secondaryServiceCIDR are not dualstack (from different IPfamiles)');
  }
  return given;
}

/** The mask of a node's range in each of the cluster's. */
function maskSizes(options: NodeIpamOptions, cidrs: readonly Cidr[]): readonly number[] {
  const { nodeCidrMaskSize: any = 0, nodeCidrMaskSizeIpv4: v4 = 0, nodeCidrMaskSizeIpv6: v6 = 0 } = options;
  if (cidrs.length > 1) {
    if (any !== 0)
      throw new Refused('usage of --node-cidr-mask-size is not allowed with dual-stack clusters');
  } else if (any !== 0) {
    if (v4 !== 0 || v6 !== 0) {
      throw new Refused(
        'usage of --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6 is not allowed if --node-cidr-mask-size is set. For dual-stack clusters please unset it and use IPFamily specific flags',
      );
    }
    return cidrs.map(() => any);
  } else if (v4 !== 0 && cidrs[0]?.family === 6) {
    throw new Refused('usage of --node-cidr-mask-size-ipv4 is not allowed for a single-stack IPv6 cluster');
  } else if (v6 !== 0 && cidrs[0]?.family === 4) {
    throw new Refused('usage of --node-cidr-mask-size-ipv6 is not allowed for a single-stack IPv4 cluster');
  }
  return cidrs.map(({ family }) => (family === 4 ? v4 : v6) || defaultMask[family]);
}

function checkFit({ family, prefixLength }: Cidr, nodeMaskSize: number): void {
  const bits = family === 4 ? 32 : 128;
  if (nodeMaskSize > bits)
    throw new Refused(
      `the node mask size ${nodeMaskSize} is more than the ${bits} bits of an IPv${family} address`,
    );
  if (nodeMaskSize < prefixLength) {
    throw new Refused(
      'Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family',
    );
  }
  if (nodeMaskSize - prefixLength > maxSpan[family]) throw new Refused(tooBig);
}

function read(options: NodeIpamOptions): NodeIpamConfig | undefined {
  const serviceTexts = (options.serviceClusterIpRange ?? '').split(',').map((one) => one.trim());
  if (serviceTexts.length > 2)
    throw new Refused('--service-cluster-ip-range can not contain more than two entries');
  if (options.allocateNodeCidrs !== true) return undefined;
  const type = options.cidrAllocatorType ?? 'RangeAllocator';
  if (!types.includes(type)) throw new Refused(`invalid CIDR allocator type: ${type}`);
  // The cloud knows its ranges itself.
  if (type === 'CloudAllocator' && (options.clusterCidr ?? '').trim() === '')
    return { type, clusterCidrs: [], serviceCidrs: [] };
  const { texts, cidrs } = clusterRanges(options.clusterCidr ?? '');
  const serviceCidrs = serviceRanges(serviceTexts);
  const masks = maskSizes(options, cidrs);
  if (type !== 'CloudAllocator') cidrs.forEach((cidr, index) => checkFit(cidr, masks[index] ?? 0));
  return {
    type: type as CidrAllocatorType,
    clusterCidrs: texts.map((cidr, index) => ({ cidr, nodeMaskSize: masks[index] ?? 0 })),
    serviceCidrs,
  };
}

/**
 * Validates the options as kube-controller-manager does at its start, in its order and words. Gives the configuration,
 * undefined where no ranges are to be allocated, or the first thing that is wrong.
 */
export function nodeIpamConfig(options: NodeIpamOptions): {
  readonly config: NodeIpamConfig | undefined;
  readonly errors: readonly string[];
} {
  try {
    return { config: read(options), errors: [] };
  } catch (problem) {
    if (!(problem instanceof Refused)) throw problem;
    return { config: undefined, errors: [problem.message] };
  }
}
