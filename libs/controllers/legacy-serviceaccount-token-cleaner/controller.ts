import { isConflict, isNotFound, objectKey } from '@drydock/base/apimachinery';
import { ConfigMap, Pod, Secret, ServiceAccount } from '@drydock/api/core/v1';
import {
  createController,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { byNamespace } from '@drydock/machinery/informer';
import { dateText, invalidSinceLabel, mountedSecrets, tokenFate, trackedSinceMs } from './decisions.ts';

const name = 'legacy-serviceaccount-token-cleaner-controller';
const tokenType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
/** Says since when the API server notes the use of tokens. */
const tracking = 'kube-system/kube-apiserver-legacy-service-account-token-tracking';
const dayMs = 24 * 60 * 60 * 1000;

export interface LegacyTokenCleanerOptions {
  /** `--legacy-service-account-token-clean-up-period`. Default one year. */
  readonly periodMs?: number;
}

/** `legacy-serviceaccount-token-cleaner-controller`: tokens that nobody has used for long go (KEP-2799). */
export function createLegacyTokenCleaner(
  { periodMs = 365 * dayMs }: LegacyTokenCleanerOptions,
  deps: ControllerDeps,
): Controller {
  const { client, clock, informers } = deps;
  const secrets = informers.informer(Secret);
  const accounts = informers.informer(ServiceAccount);
  const maps = informers.informer(ConfigMap);
  const pods = informers.informer(Pod, { indexers: { [byNamespace.name]: byNamespace.values } });

  return createController(
    {
      name,
      reads: [Pod, ServiceAccount],
      sources: [
        source(Secret, (secret, { deleted }) =>
          deleted || secret.type !== tokenType ? [] : [objectKey(secret)],
        ),
        source(ConfigMap, (map) =>
          objectKey(map) === tracking
            ? secrets
                .list()
                .filter(({ type }) => type === tokenType)
                .map(objectKey)
            : [],
        ),
      ],
      async reconcile(key) {
        const secret = secrets.get(key);
        if (secret === undefined || secret.type !== tokenType) return;
        const nowMs = clock.now();
        const sinceMs = trackedSinceMs(maps.get(tracking)?.data?.['since']);
        // Before use was noted for a whole period nothing can be said.
        if (sinceMs === undefined) return;
        if (nowMs < sinceMs + periodMs) return { requeueAfterMs: sinceMs + periodMs - nowMs };
        const { namespace = '', name: secretName = '', uid = '', resourceVersion = '' } = secret.metadata;
        const account = accounts.get(`${namespace}/${secret.metadata.annotations?.[nameAnnotation] ?? ''}`);
        const mounted = mountedSecrets(pods.byIndex(byNamespace.name, namespace));
        const resource = client.resource(Secret).namespace(namespace);
        try {
          switch (tokenFate(secret, account, mounted, nowMs, periodMs)) {
            case 'invalidate':
              await resource.patch(secretName, {
                type: 'merge',
                body: { metadata: { resourceVersion, labels: { [invalidSinceLabel]: dateText(nowMs) } } },
              });
              break;
            case 'delete':
              // One that was used a moment ago has changed, and stays.
              await resource.delete(secretName, { preconditions: { uid, resourceVersion } });
              return;
            case 'keep':
          }
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        return { requeueAfterMs: dayMs };
      },
    },
    deps,
  );
}
