import type { Binding } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';

/** core/v1 Binding: the older way to give a Pod its node, the Pod being named in the body. */
export const bindingDefinition: ResourceDefinition<Binding> = {
  group: '',
  version: 'v1',
  kind: 'Binding',
  resource: 'bindings',
  singular: 'binding',
  namespaced: true,
  verbs: ['create'],
  schema: 'k8s.io.api.core.v1.Binding',
  strategy: { generation: false },
  createsThrough: { resource: 'pods', subresource: 'binding' },
};
