import { isConflict, isNotFound, objectKey } from '@drydock/base/apimachinery';
import { Secret } from '@drydock/api/core/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';
import { isBootstrapToken, leftMs, tokenNamespace } from '@drydock/api/bootstrap-tokens';

const name = 'token-cleaner-controller';

/** `token-cleaner-controller`: deletes bootstrap tokens that have expired. */
export const createTokenCleaner: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const secrets = informers.informer(Secret);
  return createController(
    {
      name,
      sources: [
        source(Secret, (secret, { deleted }) =>
          deleted || !isBootstrapToken(secret) ? [] : [objectKey(secret)],
        ),
      ],
      async reconcile(key) {
        const secret = secrets.get(key);
        if (secret === undefined || !isBootstrapToken(secret)) return;
        const left = leftMs(secret, clock.now());
        if (left === undefined) return;
        if (left > 0) return { requeueAfterMs: left };
        const { name: secretName = '', uid = '', resourceVersion = '' } = secret.metadata;
        try {
          // One whose time was prolonged a moment ago stays.
          const preconditions = { uid, resourceVersion };
          await client.resource(Secret).namespace(tokenNamespace).delete(secretName, { preconditions });
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        return undefined;
      },
    },
    deps,
  );
};
