import { ApiError, isAlreadyExists } from '@drydock/base/apimachinery';
import { ConfigMap, Namespace } from '@drydock/api/core/v1';
import {
  createController,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { exponentialBuckets } from '@drydock/port/observability';
import { isNamespaceTerminating } from '../shared/index.ts';

const name = 'root-ca-certificate-publisher-controller';
const configMapName = 'kube-root-ca.crt';
const description = 'kubernetes.io/description';
const annotations = {
  [description]:
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
};

export interface RootCaPublisherOptions {
  /** PEM of the authority that signed the API server's certificate. */
  readonly rootCa: string;
}

/** `root-ca-certificate-publisher-controller`: the authority's certificate as a ConfigMap in every active namespace. */
export function createRootCaPublisher({ rootCa }: RootCaPublisherOptions, deps: ControllerDeps): Controller {
  const { client, clock, informers } = deps;
  const namespaces = informers.informer(Namespace);
  const configMaps = informers.informer(ConfigMap);
  const data = { 'ca.crt': rootCa };
  const help = 'Number of namespace syncs happened in root ca cert publisher.';
  const syncs = deps.metrics.counter({ name: 'root_ca_cert_publisher_sync_total', help, labels: ['code'] });
  const durations = deps.metrics.histogram({
    name: 'root_ca_cert_publisher_sync_duration_seconds',
    help,
    labels: ['code'],
    buckets: exponentialBuckets(0.001, 2, 15),
  });

  async function publish(namespace: string): Promise<void> {
    const home = namespaces.get(namespace);
    if (home === undefined || home.metadata.deletionTimestamp || home.status?.phase === 'Terminating') return;
    const present = configMaps.get(`${namespace}/${configMapName}`);
    const resource = client.resource(ConfigMap).namespace(namespace);
    if (present === undefined) {
      try {
        await resource.create({ metadata: { name: configMapName, namespace, annotations }, data });
      } catch (error) {
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
      }
      return;
    }
    const told = Boolean(present.metadata.annotations?.[description]);
    if (told && present.data?.['ca.crt'] === rootCa && Object.keys(present.data).length === 1) return;
    const metadata = {
      ...present.metadata,
      annotations: { ...present.metadata.annotations, ...annotations },
    };
    await resource.update({ ...present, metadata, data });
  }

  return createController(
    {
      name,
      sources: [
        source(Namespace, ({ metadata }, { deleted }) => (deleted ? [] : [metadata.name ?? ''])),
        source(ConfigMap, ({ metadata }) =>
          metadata.name === configMapName ? [metadata.namespace ?? ''] : [],
        ),
      ],
      async reconcile(namespace) {
        const startMs = clock.now();
        let code = '200';
        try {
          await publish(namespace);
        } catch (error) {
          code = error instanceof ApiError ? String(error.code || 500) : '500';
          throw error;
        } finally {
          syncs.inc([code]);
          durations.observe((clock.now() - startMs) / 1000, [code]);
        }
      },
    },
    deps,
  );
}
