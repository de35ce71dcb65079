import type { Node } from '@drydock/api/core/v1';
import { unclassified } from '@drydock/base/apimachinery';
import type { Registry, RequestContext } from '../registry/index.ts';

/** kube-apiserver's `--kubelet-preferred-address-types`, by default. */
const preferred = new Set(['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP']);

/**
 * Before a kubelet is connected to: its Node must be there, and tell an address.
 * @throws ApiError 404 for a node that is not there, 500 for one without an address, in kube-apiserver's words
 */
export async function requireConnection(
  registry: Registry,
  name: string,
  context: RequestContext,
): Promise<void> {
  const ref = { group: '', version: 'v1', resource: 'nodes', name };
  const { status } = (await registry.get(ref, {}, context)).object as Node;
  const addresses = status?.addresses ?? [];
  if (addresses.some(({ type }) => preferred.has(type))) return;
  const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ');
  throw unclassified(`no preferred addresses found; known addresses: [${known}]`);
}
