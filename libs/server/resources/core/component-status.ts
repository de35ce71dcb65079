import type { ComponentStatus } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { nameColumn, textColumn } from '../common/index.ts';

/** How one part of the control plane is. */
export interface ComponentHealth {
  /** As Kubernetes calls it: `scheduler`, `controller-manager`, `etcd-0`. */
  readonly name: string;
  readonly healthy: boolean;
  /** What it said of itself. Default `ok` where it is healthy. */
  readonly message?: string;
  readonly error?: string;
}

const condition = ({ conditions }: ComponentStatus) =>
  (conditions ?? []).find(({ type }) => type === 'Healthy');

function statusOf({ name, healthy, message, error }: ComponentHealth): ComponentStatus {
  return {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name },
    conditions: [
      {
        type: 'Healthy',
        status: healthy ? 'True' : 'False',
        ...(message === undefined && !healthy ? {} : { message: message ?? 'ok' }),
        ...(error === undefined ? {} : { error }),
      },
    ],
  };
}

/** core/v1 ComponentStatus: read from the components at the moment it is asked for, never stored. */
export function createComponentStatusDefinition(
  components: () => readonly ComponentHealth[],
): ResourceDefinition<ComponentStatus> {
  return {
    group: '',
    version: 'v1',
    kind: 'ComponentStatus',
    resource: 'componentstatuses',
    singular: 'componentstatus',
    shortNames: ['cs'],
    namespaced: false,
    verbs: ['get', 'list'],
    schema: 'k8s.io.api.core.v1.ComponentStatus',
    warning: 'v1 ComponentStatus is deprecated in v1.19+',
    strategy: { generation: false },
    virtualRead: () => components().map(statusOf),
    columns: [
      nameColumn as never,
      textColumn<ComponentStatus>('Status', 'Whether it is healthy.', (one) => {
        const found = condition(one);
        if (found === undefined) return 'Unknown';
        return found.status === 'True' ? 'Healthy' : 'Unhealthy';
      }) as never,
      textColumn<ComponentStatus>(
        'Message',
        'What it said.',
        (one) => condition(one)?.message ?? '',
      ) as never,
      textColumn<ComponentStatus>('Error', 'What went wrong.', (one) => condition(one)?.error ?? '') as never,
    ],
  };
}

/** Without components there is only the store, which answers or nothing does. */
export const componentStatusDefinition = createComponentStatusDefinition(() => [
  { name: 'etcd-0', healthy: true },
]);
