import { controllerOf } from '@drydock/base/apimachinery';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import type { CSIDriver } from '@drydock/api/storage/v1';
import { byNode, type Informer } from '@drydock/machinery/informer';
import { claimKeys } from '../shared-volumes/index.ts';
import { attachmentName, attachmentOf, needsVolumes, type Attachment } from './decisions.ts';

/** A volume that Pods of a node need. */
export interface Wanted extends Attachment {
  readonly persistentVolume: PersistentVolume;
  readonly pods: readonly Pod[];
}

export interface WantedCaches {
  readonly pods: Informer<Pod>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly drivers: Informer<CSIDriver>;
}

/** The volumes of a Pod that can be attached, whether it needs them still or not. */
export function volumesOf(
  { claims, volumes }: Pick<WantedCaches, 'claims' | 'volumes'>,
  pod: Pod,
): (Attachment & { readonly persistentVolume: PersistentVolume })[] {
  return claimKeys(pod).flatMap((key) => {
    const claim = claims.get(key);
    const persistentVolume = volumes.get(claim?.spec?.volumeName ?? '');
    if (claim === undefined || persistentVolume === undefined) return [];
    if (!isBoundFor(pod, claim, persistentVolume)) return [];
    const attachment = attachmentOf(persistentVolume, pod.spec?.nodeName ?? '');
    return attachment === undefined ? [] : [{ ...attachment, persistentVolume }];
  });
}

/** What the Pods of a node need, each volume once, by the name of its attachment. */
export function wantedOn(
  caches: WantedCaches,
  nodeName: string,
  node: Node | undefined,
): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const pod of caches.pods.byIndex(byNode.name, nodeName)) {
    if (!needsVolumes(pod, node)) continue;
    for (const volume of volumesOf(caches, pod)) {
      if (caches.drivers.get(volume.driver)?.spec.attachRequired === false) continue;
      const name = attachmentName(volume);
      const others = wanted.get(name)?.pods ?? [];
      if (!others.includes(pod)) wanted.set(name, { ...volume, pods: [...others, pod] });
    }
  }
  return wanted;
}

function isBoundFor(pod: Pod, claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  if (claim.status?.phase !== 'Bound' || volume.spec?.claimRef?.uid !== claim.metadata.uid) return false;
  const byName = pod.spec?.volumes?.some(
    ({ persistentVolumeClaim: named }) => named !== undefined && named.claimName === claim.metadata.name,
  );
  // An ephemeral volume is not to be had by a claim of its name that is somebody else's.
  return byName === true || controllerOf(claim)?.uid === pod.metadata.uid;
}
