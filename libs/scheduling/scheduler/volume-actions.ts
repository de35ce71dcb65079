import { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import type { Clock } from '@drydock/base/clock';
import type { Client } from '@drydock/machinery/client';
import type { InformerFactory } from '@drydock/machinery/informer';
import { isBound, type VolumeActions } from '../plugins/index.ts';

/** Volume binding through the API: the volume controller sees the promise or the chosen node, and does the rest. */
export function createVolumeActions(client: Client, informers: InformerFactory, clock: Clock): VolumeActions {
  return {
    async bindVolume(volume, claim) {
      const { name = '', namespace, uid, resourceVersion } = claim.metadata;
      if (volume.spec?.claimRef?.uid === uid) return;
      await client.resource(PersistentVolume).patch(volume.metadata.name ?? '', {
        type: 'merge',
        body: {
          metadata: {
            resourceVersion: volume.metadata.resourceVersion,
            annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' },
          },
          spec: {
            claimRef: {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              namespace,
              name,
              uid,
              resourceVersion,
            },
          },
        },
      });
    },
    async selectNode(claim, nodeName) {
      const { namespace = '', name = '', uid } = claim.metadata;
      await client
        .resource(PersistentVolumeClaim)
        .namespace(namespace)
        .patch(name, {
          type: 'merge',
          body: { metadata: { uid, annotations: { 'volume.kubernetes.io/selected-node': nodeName } } },
        });
    },
    untilBound(namespace, claims, timeoutMs) {
      const informer = informers.informer(PersistentVolumeClaim);
      return new Promise<void>((resolve, reject) => {
        let ended = false;
        const end = (error?: Error) => {
          if (ended) return;
          ended = true;
          timer.cancel();
          queueMicrotask(() => remove());
          if (error === undefined) resolve();
          else reject(error);
        };
        const look = () => {
          const found = claims.map((name) => informer.get(`${namespace}/${name}`));
          const gone = claims.find((_, at) => found[at] === undefined);
          if (gone !== undefined) end(new Error(`persistentvolumeclaim ${JSON.stringify(gone)} not found`));
          else if (found.every((claim) => claim !== undefined && isBound(claim))) end();
        };
        const timer = clock.setTimeout(
          () => end(new Error('timed out waiting for the condition')),
          timeoutMs,
        );
        const remove = informer.addHandler({ updated: look, deleted: look });
        look();
      });
    },
  };
}
