import type { ResourceDefinition } from '../registry/index.ts';

export const group = 'metrics.k8s.io';
export const version = 'v1beta1';

function definition(resource: string, kind: string, namespaced: boolean): ResourceDefinition {
  return {
    group,
    version,
    kind,
    resource,
    singular: '',
    namespaced,
    verbs: ['get', 'list'],
    schema: `k8s.io.metrics.pkg.apis.metrics.${version}.${kind}`,
    strategy: {},
  };
}

/** The kinds of metrics.k8s.io, as discovery and OpenAPI tell of them. They are not stored: no registry serves them. */
export const metricsDefinitions: readonly ResourceDefinition[] = [
  definition('nodes', 'NodeMetrics', false),
  definition('pods', 'PodMetrics', true),
];
