import type { Container, KeyToPath, Pod } from '@drydock/api/core/v1';

/** A ConfigMap or Secret, of the Pod's namespace, without which it cannot go on. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** Keys that it must have. */
  readonly keys: readonly string[];
}

/** What a volume is filled from. */
export interface VolumeNeeds {
  readonly volume: string;
  /** Several sources are told of in one list. */
  readonly projected: boolean;
  readonly references: readonly Reference[];
}

const keysOf = (items: readonly KeyToPath[] | undefined) => (items ?? []).map(({ key = '' }) => key);

function needed(
  kind: Reference['kind'],
  name: string | undefined,
  optional: boolean | undefined,
  keys: readonly string[],
): Reference[] {
  return optional === true || name === undefined || name === '' ? [] : [{ kind, name, keys }];
}

/** The volume through which a Pod reaches the API: the simulator itself fills it. */
const isApiAccess = (name: string) => name.startsWith('kube-api-access-');

/** The objects that a Pod's volumes wait for. Empty for most Pods: nothing is asked for them. */
export function volumeNeeds(pod: Pod): VolumeNeeds[] {
  const all: VolumeNeeds[] = [];
  for (const { name = '', configMap, secret, projected } of pod.spec?.volumes ?? []) {
    if (isApiAccess(name)) continue;
    const references = [
      ...needed('ConfigMap', configMap?.name, configMap?.optional, keysOf(configMap?.items)),
      ...needed('Secret', secret?.secretName, secret?.optional, keysOf(secret?.items)),
      ...(projected?.sources ?? []).flatMap(({ configMap: map, secret: hidden }) => [
        ...needed('ConfigMap', map?.name, map?.optional, keysOf(map?.items)),
        ...needed('Secret', hidden?.name, hidden?.optional, keysOf(hidden?.items)),
      ]),
    ];
    if (references.length > 0) all.push({ volume: name, projected: projected !== undefined, references });
  }
  return all;
}

/** The objects that a container's environment needs, in the order in which they are looked at. */
export function environmentNeeds(container: Container): Reference[] {
  const all: Reference[] = [];
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    all.push(...needed('ConfigMap', configMapRef?.name, configMapRef?.optional, []));
    all.push(...needed('Secret', secretRef?.name, secretRef?.optional, []));
  }
  for (const { valueFrom } of container.env ?? []) {
    const { configMapKeyRef: map, secretKeyRef: secret } = valueFrom ?? {};
    all.push(...needed('ConfigMap', map?.name, map?.optional, [map?.key ?? '']));
    all.push(...needed('Secret', secret?.name, secret?.optional, [secret?.key ?? '']));
  }
  return all;
}

export const missingObject = ({ kind, name }: Reference) => `${kind.toLowerCase()} "${name}" not found`;

export const missingVolumeKey = ({ kind }: Reference, key: string) =>
  `references non-existent ${kind === 'Secret' ? 'secret' : 'config'} key: ${key}`;

export const missingVariable = ({ kind, name }: Reference, key: string, namespace: string) =>
  `couldn't find key ${key} in ${kind} ${namespace}/${name}`;
