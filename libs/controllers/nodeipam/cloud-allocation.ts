import { deepEqual, formatTime, parseCidr } from '@drydock/base/apimachinery';
import { Node } from '@drydock/api/core/v1';
import type { Clock } from '@drydock/base/clock';
import type { Client } from '@drydock/machinery/client';

/** A cloud that knows which addresses its machines' Pods have. */
export interface CloudRanges {
  /** The ranges of a node's machine, one a family; none where the cloud knows no such machine. Rejects when it cannot tell. */
  podCidrs(node: Node): Promise<readonly string[]>;
}

/** What `spec` says, one range a family. */
export function podCidrsOf({ spec }: Node): readonly string[] {
  if (spec?.podCIDRs !== undefined && spec.podCIDRs.length > 0) return spec.podCIDRs;
  return spec?.podCIDR ? [spec.podCIDR] : [];
}

const routed = {
  type: 'NetworkUnavailable',
  status: 'False',
  reason: 'RouteCreated',
  message: 'NodeController create implicit route',
};

/** Gives a node the ranges that its cloud says, and tells that its network is there. @throws Error to be tried again */
export async function allocateFromCloud(
  node: Node,
  cloud: CloudRanges,
  { client, clock }: { readonly client: Client; readonly clock: Clock },
  /** Tells of a node's state by an event. */
  tell: (state: 'CIDRNotAvailable' | 'CIDRAssignmentFailed') => void,
): Promise<void> {
  const { name = '' } = node.metadata;
  const nodes = client.resource(Node);
  let given: readonly string[];
  try {
    given = await cloud.podCidrs(node);
  } catch (error) {
    tell('CIDRNotAvailable');
    throw new Error(`failed to get cidr(s) from provider: ${(error as Error).message}`, { cause: error });
  }
  if (given.length === 0) {
    tell('CIDRNotAvailable');
    throw new Error(`failed to allocate cidr: Node ${name} has no CIDRs`);
  }
  // One of each family, at most.
  const cidrs = given.slice(0, 2);
  const families = cidrs.map((cidr) => parseCidr(cidr)?.family);
  if (families.includes(undefined)) throw new Error(`failed to parse strings [${cidrs.join(' ')}] as CIDRs`);
  if (cidrs.length === 2 && families[0] === families[1])
    throw new Error(`err: IPs are not dual stack, CIDRS: [${cidrs.join(' ')}]`);
  if (!deepEqual(podCidrsOf(node), cidrs)) {
    try {
      await nodes.patch(name, { type: 'strategic', body: { spec: { podCIDR: cidrs[0], podCIDRs: cidrs } } });
    } catch (error) {
      tell('CIDRAssignmentFailed');
      throw error;
    }
  }
  const condition = node.status?.conditions?.find(({ type }) => type === routed.type);
  if (condition?.status === 'False') return;
  const now = formatTime(clock.now());
  await nodes.patch(
    name,
    {
      type: 'strategic',
      body: { status: { conditions: [{ ...routed, lastTransitionTime: now, lastHeartbeatTime: now }] } },
    },
    { subresource: 'status' },
  );
}
