import type { Node, NodeSelector, NodeSelectorRequirement } from '@drydock/api/core/v1';
import type {
  AllocationResult,
  Device,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  ResourceClaim,
  ResourceSlice,
} from '@drydock/api/resource/v1';
import type { Amounts } from './allocated.ts';
import { wishName, type Wish } from './wishes.ts';

/** A device that was found for a wish. */
export interface Grant {
  readonly wish: Wish;
  readonly slice: ResourceSlice;
  readonly device: Device;
  /** Of a device that is shared: what is taken of it. */
  readonly consumed?: Amounts;
}

function resultOf(
  { wish, slice, device, consumed }: Grant,
  shareId: () => string,
): DeviceRequestAllocationResult {
  const { bindingConditions = [], bindingFailureConditions = [] } = device;
  return {
    request: wishName(wish),
    driver: slice.spec.driver,
    pool: slice.spec.pool.name,
    device: device.name,
    ...(wish.adminAccess ? { adminAccess: true } : {}),
    ...(wish.tolerations.length > 0 ? { tolerations: [...wish.tolerations] } : {}),
    ...(bindingConditions.length > 0 ? { bindingConditions: [...bindingConditions] } : {}),
    ...(bindingFailureConditions.length > 0
      ? { bindingFailureConditions: [...bindingFailureConditions] }
      : {}),
    ...(consumed === undefined
      ? {}
      : {
          shareID: shareId(),
          consumedCapacity: Object.fromEntries([...consumed].map(([name, amount]) => [name, String(amount)])),
        }),
  };
}

/** Of the classes first, then of the claim, where it is for a request or an alternative that was granted. */
function configurations(claim: ResourceClaim, chosen: readonly Wish[]): DeviceAllocationConfiguration[] {
  const ofClasses = chosen.flatMap(({ deviceClass }) =>
    (deviceClass?.spec?.config ?? []).map((one) => ({ source: 'FromClass', ...one })),
  );
  const names = new Set(chosen.flatMap((wish) => [wish.request, wishName(wish)]));
  const ofClaim = (claim.spec?.devices?.config ?? [])
    .filter(({ requests = [] }) => requests.length === 0 || requests.some((name) => names.has(name)))
    .map((one) => ({ source: 'FromClaim', ...one }));
  return [...ofClasses, ...ofClaim];
}

const onlyOn = (nodeName: string): NodeSelector => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }],
});

/** Where devices that are not tied to one node can be used; undefined: anywhere. */
function nodeSelectorOf(grants: readonly Grant[], node: Node): NodeSelector | undefined {
  const fields: NodeSelectorRequirement[] = [];
  const expressions: NodeSelectorRequirement[] = [];
  const add = (into: NodeSelectorRequirement[], more: readonly NodeSelectorRequirement[] | undefined) => {
    const text = (one: NodeSelectorRequirement) =>
      JSON.stringify([one.key, one.operator, [...(one.values ?? [])].sort()]);
    for (const one of more ?? []) if (!into.some((known) => text(known) === text(one))) into.push(one);
  };
  for (const { slice, device } of grants) {
    const { nodeName, nodeSelector } = slice.spec.perDeviceNodeSelection === true ? device : slice.spec;
    if (nodeName) return onlyOn(nodeName);
    if (device.bindsToNode === true) return onlyOn(node.metadata.name ?? '');
    const term = nodeSelector?.nodeSelectorTerms?.[0];
    add(fields, term?.matchFields);
    add(expressions, term?.matchExpressions);
  }
  if (fields.length + expressions.length === 0) return undefined;
  return {
    nodeSelectorTerms: [
      {
        ...(expressions.length > 0 ? { matchExpressions: expressions } : {}),
        ...(fields.length > 0 ? { matchFields: fields } : {}),
      },
    ],
  };
}

/** What the status of a claim says of the devices that were found for it. */
export function allocationResult(
  claim: ResourceClaim,
  node: Node,
  chosen: readonly Wish[],
  grants: readonly Grant[],
  shareId: () => string,
): AllocationResult {
  const config = configurations(claim, chosen);
  const nodeSelector = nodeSelectorOf(grants, node);
  return {
    devices: {
      results: grants.map((grant) => resultOf(grant, shareId)),
      ...(config.length > 0 ? { config } : {}),
    },
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
  };
}
