import { createHttpsServer, type CertificatePair, type HttpServer } from '@drydock/http';
import { APIService } from '@drydock/api/apiregistration/v1';
import { Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import { isAlreadyExists, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import type { Client } from '@drydock/machinery/client';
import type { InformerFactory } from '@drydock/machinery/informer';
import type { Component } from '@drydock/port/component';
import type { KubeletConnector } from '@drydock/port/kubelet';
import type { Logger } from '@drydock/port/observability';
import { createMetricsAdapter, metricsAdapterApis } from '@drydock/node/metric-sources';
import { createMetricsServer } from '@drydock/server/metrics-server';

export interface MetricsServiceOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kubelet: Pick<KubeletConnector, 'nodeRequest'>;
  /** Authority of its serving certificate, PEM. */
  readonly authority: string;
  /** Authorities of the front proxies that may ask, PEM. */
  readonly clientAuthority: string;
  /** Where it listens. Default 127.0.0.1, and any free port. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Its serving certificate. */
  readonly tls: CertificatePair;
  /** Under which the cluster knows this machine. */
  readonly address: string;
  readonly resolutionMs: number;
}

const namespace = 'kube-system';
const name = 'metrics-server';
const labels = { 'k8s-app': name };
const port = 443;

const apis = [{ group: 'metrics.k8s.io', version: 'v1beta1' }, ...metricsAdapterApis];
const ofAdapter = /^\/apis\/(custom|external)\.metrics\.k8s\.io(\/|$)/;

/**
 * The metrics-server beside the cluster, and what serves custom and external metrics from what is declared, registered as anybody's extension API server is: Service, slice, APIServices.
 */
export function createMetricsService(options: MetricsServiceOptions): Component {
  const { client, clock, logger, kubelet, authority, clientAuthority, tls } = options;
  const { host = '127.0.0.1', port: listenPort = 0 } = options.listen ?? {};
  const server = createMetricsServer({
    informers: options.informers,
    clock,
    logger,
    resolutionMs: options.resolutionMs,
    async scrape(node) {
      const answer = await kubelet.nodeRequest(node, {
        method: 'GET',
        path: '/metrics/resource',
        query: '',
        headers: new Map(),
        body: new Uint8Array(),
      });
      if (answer.status !== 200) throw new Error(`the kubelet answered ${answer.status}`);
      return new TextDecoder().decode(answer.body);
    },
  });
  const adapter = createMetricsAdapter({ client, informers: options.informers, clock });
  let https: HttpServer | undefined;

  async function put<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<void> {
    const resource = client.resource(type);
    try {
      await resource.create(object);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const { metadata: _, ...body } = object as KubeObject & { metadata: object };
      await (type.namespaced ? resource.namespace(namespace) : resource).patch(object.metadata.name ?? '', {
        type: 'merge',
        body,
      });
    }
  }

  return {
    name,
    ready: () => server.ready(),
    async start() {
      // Only the API server's front proxy may ask: it has a certificate of the cluster's authority.
      https = createHttpsServer({
        name,
        host,
        port: listenPort,
        logger,
        tls: { ...tls, clientCa: clientAuthority },
        handler: (request) =>
          request.clientCertificate === undefined
            ? { status: 401, headers: {}, body: new Uint8Array() }
            : ofAdapter.test(request.path)
              ? adapter.handler(request)
              : server.handler(request),
      });
      await Promise.all([https.start(), server.start()]);
      await adapter.ready();
      await put(Service, {
        metadata: { name, namespace, labels },
        spec: { ports: [{ name: 'https', port, protocol: 'TCP' }] },
      } as Service);
      await put(EndpointSlice, {
        metadata: { name, namespace, labels: { ...labels, 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [options.address], conditions: { ready: true } }],
        ports: [{ name: 'https', port: https.port, protocol: 'TCP' }],
      } as EndpointSlice);
      for (const [index, { group, version }] of apis.entries()) {
        await put(APIService, {
          metadata: { name: `${version}.${group}`, labels },
          spec: {
            group,
            version,
            groupPriorityMinimum: 100,
            versionPriority: 100 - index,
            caBundle: btoa(authority),
            service: { name, namespace, port },
          },
        } as unknown as APIService);
      }
    },
    async stop() {
      await server.stop();
      await https?.stop();
    },
  };
}
