import { fieldPath, invalidValue } from '@drydock/base/apimachinery';
import type { Namespace } from '@drydock/api/core/v1';
import { namespaceFinalize } from '../../registry/namespaces.ts';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';

/** core/v1 Namespace. */
export const namespaceDefinition: ResourceDefinition<Namespace> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  schema: 'k8s.io.api.core.v1.Namespace',
  status: true,
  subresources: { finalize: namespaceFinalize },
  strategy: {
    generation: false,
    nameFormat: 'dns1123label',
    defaults(namespace) {
      const { name } = namespace.metadata;
      if (name)
        namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': name };
    },
    prepareForCreate(namespace) {
      namespace.status = { phase: 'Active' };
      const finalizers = namespace.spec?.finalizers ?? [];
      if (!finalizers.includes('kubernetes'))
        namespace.spec = { ...namespace.spec, finalizers: [...finalizers, 'kubernetes'] };
    },
    validateStatusUpdate({ metadata, status }) {
      const wanted = metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating';
      if (status?.phase === wanted) return [];
      const when = wanted === 'Active' ? 'empty' : 'not empty';
      const detail = `may only be '${wanted}' if \`deletionTimestamp\` is ${when}`;
      return [invalidValue(fieldPath('status', 'Phase'), status?.phase ?? '', detail)];
    },
    prepareForUpdate(namespace, old) {
      namespace.spec = { ...namespace.spec, finalizers: old.spec?.finalizers };
    },
  },
  selectableFields: {
    'status.phase': (namespace) => namespace.status?.phase ?? '',
    name: (namespace) => namespace.metadata.name ?? '',
  },
  columns: [
    nameColumn as never,
    textColumn(
      'Status',
      'Active, or Terminating while it is deleted.',
      (namespace) => namespace.status?.phase ?? '',
    ),
    ageColumn as never,
  ],
};
