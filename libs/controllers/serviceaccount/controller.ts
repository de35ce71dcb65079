import { isAlreadyExists, splitKey } from '@drydock/base/apimachinery';
import { Namespace, ServiceAccount } from '@drydock/api/core/v1';
import { createController, source, type ControllerFactory } from '@drydock/machinery/controller';
import { isNamespaceTerminating } from '../shared/index.ts';

const name = 'serviceaccount-controller';

/** `serviceaccount-controller`: every active namespace has a ServiceAccount `default`. Keys are namespaces. */
export const createServiceAccountController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const namespaces = informers.informer(Namespace);
  const accounts = informers.informer(ServiceAccount);

  return createController(
    {
      name,
      sources: [
        source(Namespace, (namespace, { deleted }) => (deleted ? [] : [namespace.metadata.name ?? ''])),
        source(ServiceAccount, ({ metadata }, { deleted }) =>
          deleted && metadata.name === 'default' ? [metadata.namespace ?? ''] : [],
        ),
      ],
      async reconcile(key) {
        const { name: namespace } = splitKey(key);
        const present = namespaces.get(namespace);
        if (
          present === undefined ||
          present.status?.phase === 'Terminating' ||
          present.metadata.deletionTimestamp
        )
          return;
        if (accounts.get(`${namespace}/default`) !== undefined) return;
        try {
          await client
            .resource(ServiceAccount)
            .namespace(namespace)
            .create({ metadata: { name: 'default', namespace } });
        } catch (error) {
          if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
        }
      },
    },
    deps,
  );
};
