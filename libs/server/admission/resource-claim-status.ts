import type { AllocatedDeviceStatus, AllocationResult, ResourceClaim } from '@drydock/api/resource/v1';
import {
  ApiError,
  fieldPath,
  forbiddenField,
  invalid,
  semanticEqual,
  type FieldError,
} from '@drydock/base/apimachinery';
import { requireAllowed, type Authorizer } from '../authz/index.ts';
import type { UserInfo } from '../registry/types.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

const group = 'resource.k8s.io';
const resource = 'resourceclaims';
const nodeNameExtra = 'authentication.kubernetes.io/node-name';
/** Whether a change comes as an update or as a patch is not known here: leave for either will do. */
const verbs = ['update', 'patch'];

/** The one node that an allocation can be used on. */
function nodeOf(allocation: AllocationResult | undefined): string | undefined {
  const terms = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  const [{ matchExpressions = [], matchFields = [] } = {}] = terms;
  const [field] = matchFields;
  if (terms.length !== 1 || matchExpressions.length > 0 || matchFields.length !== 1) return undefined;
  const { key, operator, values = [] } = field ?? {};
  return key === 'metadata.name' && operator === 'In' && values.length === 1 ? values[0] : undefined;
}

/** Whether a service account comes from the node that an allocation is for. */
function isFromNode({ name, extra }: UserInfo, node: string | undefined): boolean {
  const nodes = extra?.[nodeNameExtra] ?? [];
  return (
    node !== undefined && name.startsWith('system:serviceaccount:') && nodes.length === 1 && nodes[0] === node
  );
}

const idOf = ({ driver, pool, device, shareID = '' }: AllocatedDeviceStatus) =>
  JSON.stringify([driver, pool, device, shareID]);

/** Drivers of devices whose state was added, changed or taken away. */
function changedDrivers(
  now: readonly AllocatedDeviceStatus[],
  before: readonly AllocatedDeviceStatus[],
): string[] {
  const old = new Map(before.map((one) => [idOf(one), one]));
  const changed = new Set<string>();
  for (const one of now) {
    const id = idOf(one);
    if (!semanticEqual(old.get(id), one)) changed.add(one.driver);
    old.delete(id);
  }
  for (const { driver } of old.values()) changed.add(driver);
  return [...changed].sort();
}

/**
 * Who may write which part of a claim's status (DRAResourceClaimGranularStatusAuthorization): what was allocated and to
 * whom, those who bind claims; the state of devices, their drivers, of which those may do less that only run on the node.
 */
export function resourceClaimStatus(authorizer: Authorizer): AdmissionPlugin {
  /** Why the user may do none of these; undefined where one is allowed. */
  async function refusal(
    user: UserInfo,
    wanted: readonly string[],
    subresource: string,
    namespace: string,
    name: string,
  ): Promise<string | undefined> {
    let first: string | undefined;
    for (const verb of wanted) {
      try {
        const asked = { group, version: 'v1', resource, subresource, namespace, name };
        await requireAllowed(authorizer, { user, verb, resource: asked });
        return undefined;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        first ??= error.message;
      }
    }
    return first;
  }

  async function problems({ object, old, context, namespace = '' }: AdmissionRequest): Promise<FieldError[]> {
    const { user } = context;
    const [now = {}, before = {}] = [object, old].map((one) => (one as ResourceClaim | undefined)?.status);
    const errors: FieldError[] = [];
    if (
      !semanticEqual(now.allocation, before.allocation) ||
      !semanticEqual(now.reservedFor, before.reservedFor)
    ) {
      const why = await refusal(user, verbs, 'binding', '', '');
      const what =
        'changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="update" permission';
      if (why !== undefined) errors.push(forbiddenField(fieldPath('status'), `${what}: ${why}`));
    }
    const places = isFromNode(user, nodeOf(now.allocation))
      ? ['associated-node', 'arbitrary-node']
      : ['arbitrary-node'];
    for (const driver of changedDrivers(now.devices ?? [], before.devices ?? [])) {
      const wanted = verbs.flatMap((verb) => places.map((place) => `${place}:${verb}`));
      const why = await refusal(user, wanted, 'driver', namespace, driver);
      const named = places.map((place) => `${place}:update`).join(' ');
      const what = `changing status.devices requires resource="resourceclaims/driver", verb="[${named}]" permission`;
      if (why !== undefined) errors.push(forbiddenField(fieldPath('status', 'devices'), `${what}: ${why}`));
    }
    return errors;
  }

  return {
    name: 'ResourceClaimStatusAuthorization',
    handles: (definition, subresource, operation) =>
      definition.group === group &&
      definition.resource === resource &&
      subresource === 'status' &&
      operation === 'UPDATE',
    // Before validation, whose complaints are no concern of who may not do it at all.
    async admit(request) {
      if (request.context.user.groups.includes('system:masters')) return;
      const errors = await problems(request);
      if (errors.length > 0) throw invalid({ group, kind: 'ResourceClaim' }, request.name, errors);
    },
  };
}
