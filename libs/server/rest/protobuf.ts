import { parseApiVersion, type KubeObject } from '@drydock/base/apimachinery';
import { encodeMessage, sealEnvelope, sealList } from '@drydock/api/protobuf';
import { findKind, lookupSchema } from '@drydock/api/scheme';
import type { StoredList } from '../registry/index.ts';
import type { StoredObject } from '../watch-cache/index.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';

/** Messages of kinds that have no path of their own. */
const others: Readonly<Record<string, string>> = {
  'autoscaling/v1 Scale': 'k8s.io.api.autoscaling.v1.Scale',
  'policy/v1 Eviction': 'k8s.io.api.policy.v1.Eviction',
  'v1 Binding': 'k8s.io.api.core.v1.Binding',
  'authentication.k8s.io/v1 TokenRequest': 'k8s.io.api.authentication.v1.TokenRequest',
  'apidiscovery.k8s.io/v2 APIGroupDiscoveryList': 'k8s.io.api.apidiscovery.v2.APIGroupDiscoveryList',
  'apidiscovery.k8s.io/v2beta1 APIGroupDiscoveryList':
    'k8s.io.api.apidiscovery.v2beta1.APIGroupDiscoveryList',
};
/** Kinds that stand in every group version. */
const everywhere = new Set(['DeleteOptions', 'Status', 'WatchEvent']);

/** The message that describes a kind, or undefined: custom resources have none. */
export function messageOf(apiVersion: string, kind: string): string | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  const found = findKind(group, version, kind)?.schema ?? others[`${apiVersion} ${kind}`];
  if (found !== undefined) return found;
  if (!everywhere.has(kind) && group !== 'meta.k8s.io' && apiVersion !== 'v1' && apiVersion !== '')
    return undefined;
  const own = `${version === 'v1beta1' ? meta.replace(/v1$/, 'v1beta1') : meta}.${kind}`;
  return [own, `${meta}.${kind}`].find((message) => lookupSchema(message) !== undefined);
}

/** The message of a stored object, encoded once for all who ask. */
function rawOf(stored: StoredObject): Uint8Array {
  if (stored.protobuf !== undefined) return stored.protobuf;
  const { object } = stored;
  const message = messageOf(object.apiVersion ?? '', object.kind ?? '');
  if (message === undefined) throw new TypeError(`${object.kind} has no protobuf form`);
  return (stored.protobuf = encodeMessage(message, object));
}

/** A stored object as it goes over the wire. */
export function objectInProtobuf(stored: StoredObject): Uint8Array {
  const { kind, apiVersion } = stored.object;
  return sealEnvelope(apiVersion ?? '', kind ?? '', rawOf(stored));
}

/** Any object of a kind that has a message. */
export function valueInProtobuf(value: { readonly kind?: string; readonly apiVersion?: string }): Uint8Array {
  const { kind = '', apiVersion = '' } = value;
  const message = messageOf(apiVersion, kind);
  if (message === undefined) throw new TypeError(`${kind} has no protobuf form`);
  return sealEnvelope(apiVersion, kind, encodeMessage(message, value));
}

/** A list whose items' messages are copied together. */
export function listInProtobuf(list: StoredList, metadata: object): Uint8Array {
  return sealList(
    list.apiVersion,
    list.kind,
    encodeMessage(`${meta}.ListMeta`, metadata),
    list.items.map(rawOf),
  );
}

/** The same objects reduced to their metadata, as `meta.k8s.io/v1` or `v1beta1`. */
export function partialListInProtobuf(
  items: readonly KubeObject[],
  metadata: object,
  apiVersion: string,
): Uint8Array {
  return valueInProtobuf({ kind: 'PartialObjectMetadataList', apiVersion, ...{ metadata, items } });
}
