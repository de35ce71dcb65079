import type { PersistentVolume } from '@drydock/api/core/v1';
import type { StorageClass } from '@drydock/api/storage/v1';
import { semanticEqual } from '@drydock/base/apimachinery';
import { skip, unresolvable, type Plugin } from '../framework/index.ts';
import type { Listers } from './listers.ts';
import { classNameOf, namedClaims, waitsForConsumer } from './volume-claims.ts';

const stable: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
};
const topologyLabels = [...Object.keys(stable), ...Object.values(stable)];
const noZone = unresolvable('node(s) had no available volume zone');

interface Wanted {
  readonly key: string;
  readonly values: ReadonlySet<string>;
}

/** What the labels of a volume ask of a node. */
function topologiesOf({ metadata }: PersistentVolume): Wanted[] {
  return topologyLabels.flatMap((key) => {
    const zones = metadata.labels?.[key]?.split('__').map((zone) => zone.trim());
    return zones === undefined || zones.includes('') ? [] : [{ key, values: new Set(zones) }];
  });
}

/** Volumes with zone or region labels are used in that zone. */
export function volumeZone(listers: Pick<Listers, 'claim' | 'volume' | 'storageClass'>): Plugin {
  const name = 'VolumeZone';
  return {
    name,
    preFilter(state, pod) {
      const wanted: Wanted[] = [];
      for (const claimName of namedClaims(pod.pod)) {
        const claim = listers.claim(pod.namespace, claimName);
        if (claim === undefined)
          return { status: unresolvable(`persistentvolumeclaim ${JSON.stringify(claimName)} not found`) };
        const volumeName = claim.spec?.volumeName ?? '';
        if (volumeName === '') {
          const className = classNameOf(claim);
          if (className === '')
            return {
              status: unresolvable('PersistentVolumeClaim had no pv name and storageClass name'),
            };
          const storageClass = listers.storageClass(className);
          if (storageClass === undefined)
            return {
              status: unresolvable(`storageclass.storage.k8s.io ${JSON.stringify(className)} not found`),
            };
          if (storageClass.volumeBindingMode === undefined)
            return {
              status: unresolvable(`VolumeBindingMode not set for StorageClass ${JSON.stringify(className)}`),
            };
          if (waitsForConsumer(storageClass)) continue;
          return { status: unresolvable('PersistentVolume had no name') };
        }
        const volume = listers.volume(volumeName);
        if (volume === undefined)
          return { status: unresolvable(`persistentvolume ${JSON.stringify(volumeName)} not found`) };
        wanted.push(...topologiesOf(volume));
      }
      if (wanted.length === 0) return { status: skip };
      state.set(name, wanted);
      return undefined;
    },
    filter(state, _, { node }) {
      const wanted = state.get(name) as readonly Wanted[] | undefined;
      const labels = node.metadata.labels;
      if (wanted === undefined || !topologyLabels.some((key) => labels?.[key] !== undefined))
        return undefined;
      const fits = wanted.every(({ key, values }) => {
        const value = labels?.[key] ?? labels?.[stable[key] ?? ''];
        return value !== undefined && values.has(value);
      });
      return fits ? undefined : noZone;
    },
    events: [
      {
        resource: 'StorageClass',
        actions: ['Add'],
        hint: (_, { object }) => waitsForConsumer(object as StorageClass),
      },
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'] },
      {
        resource: 'PersistentVolumeClaim',
        actions: ['Add', 'Update'],
        hint: ({ pod, namespace }, { object }) =>
          object?.metadata.namespace === namespace && namedClaims(pod).includes(object.metadata.name ?? ''),
      },
      {
        resource: 'PersistentVolume',
        actions: ['Add', 'Update'],
        hint(_, { object, previous }) {
          const [now, before] = [object, previous].map((one) =>
            one === undefined
              ? undefined
              : topologiesOf(one as PersistentVolume).map(({ key, values }) => [key, ...values].sort()),
          );
          return before === undefined || !semanticEqual(now, before);
        },
      },
    ],
  };
}
