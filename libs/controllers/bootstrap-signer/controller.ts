import { deepEqual, objectKey } from '@drydock/base/apimachinery';
import { ConfigMap, Secret } from '@drydock/api/core/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';
import { isBootstrapToken, signingToken } from '@drydock/api/bootstrap-tokens';
import { signed } from './signatures.ts';

const name = 'bootstrap-signer-controller';
const target = 'kube-public/cluster-info';

/**
 * `bootstrap-signer-controller`: signs the kubeconfig in the ConfigMap `cluster-info` with each bootstrap token, so that who
 * knows one of them can trust it. There is one key, that of the ConfigMap.
 */
export const createBootstrapSigner: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const secrets = informers.informer(Secret);
  const maps = informers.informer(ConfigMap);
  return createController(
    {
      name,
      sources: [
        source(ConfigMap, (map, { deleted }) => (deleted || objectKey(map) !== target ? [] : [target])),
        source(Secret, (secret) => (isBootstrapToken(secret) ? [target] : [])),
      ],
      async reconcile() {
        const map = maps.get(target);
        const nowMs = clock.now();
        const tokens = secrets
          .list()
          .filter(isBootstrapToken)
          .flatMap((secret) => signingToken(secret, nowMs) ?? []);
        const data = signed(map?.data, tokens);
        if (map === undefined || data === undefined || deepEqual(data, map.data)) return;
        await client.resource(ConfigMap).update({ ...map, data });
      },
    },
    deps,
  );
};
