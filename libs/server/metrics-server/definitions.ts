import { addQuantities, parseQuantity, type KubeObject } from '@drydock/base/apimachinery';
import type { ResourceDefinition, TableColumn } from '../registry/index.ts';
import { nameColumn } from '../resources/common/index.ts';

export const group = 'metrics.k8s.io';
export const version = 'v1beta1';

type Usage = Readonly<Record<string, string>>;
/** What is in a NodeMetrics, and in a PodMetrics. */
type Metrics = KubeObject & {
  readonly window?: string;
  readonly usage?: Usage;
  readonly containers?: readonly { readonly usage?: Usage }[];
};

/** What is used of a resource, by all containers of a Pod together. */
function used(resource: string): (object: KubeObject) => string {
  return (object) => {
    const { usage, containers = [] } = object as Metrics;
    const amounts = [usage, ...containers.map((container) => container.usage)]
      .map((one) => one?.[resource])
      .filter((amount) => amount !== undefined)
      .map(parseQuantity);
    return amounts.length === 0 ? '0' : amounts.reduce(addQuantities).toString();
  };
}

const column = (
  name: string,
  format: string,
  description: string,
  cell: TableColumn['cell'],
): TableColumn => ({ name, type: 'string', format, description, priority: 0, cell });

const columns: readonly TableColumn[] = [
  nameColumn,
  column('cpu', 'quantity', 'CPU in use, on average over the window.', used('cpu')),
  column('memory', 'quantity', 'Memory in use.', used('memory')),
  column(
    'Window',
    'duration',
    'Time that the figures are taken over.',
    (object) => (object as Metrics).window ?? '',
  ),
];

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
    columns,
  };
}

export const nodeMetricsDefinition = definition('nodes', 'NodeMetrics', false);
export const podMetricsDefinition = definition('pods', 'PodMetrics', true);

/** The kinds of metrics.k8s.io, as discovery and OpenAPI tell of them. They are not stored: no registry serves them. */
export const metricsDefinitions: readonly ResourceDefinition[] = [
  nodeMetricsDefinition,
  podMetricsDefinition,
];
