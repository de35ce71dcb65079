import type { HealthCheck } from '@drydock/port/health';

/** What an API server begins once, by the names that kube-apiserver gives them in its health checks. */
const started = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
  'storage-object-count-tracker-hook',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'start-cluster-authentication-info-controller',
  'start-legacy-token-tracking-controller',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
  'apiservice-openapi-controller',
  'apiservice-openapiv3-controller',
] as const;

/** The checks of an API server, as kube-apiserver lists them. All of its start is done, or none of it. */
export function apiServerChecks(ready: () => boolean): HealthCheck[] {
  return [
    { name: 'log', healthy: () => true },
    { name: 'etcd', healthy: ready },
    { name: 'informer-sync', healthy: ready, readinessOnly: true },
    ...started.map((name) => ({ name: `poststarthook/${name}`, healthy: ready })),
  ];
}
