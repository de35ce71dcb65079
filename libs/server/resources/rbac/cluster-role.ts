import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, required, validateLabelSelector } from '@drydock/base/apimachinery';
import type { ClusterRole } from '@drydock/api/rbac/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { createdAtColumn, nameColumn } from '../common/index.ts';
import { rbacGroup, rulesErrors } from './rules.ts';

function aggregationErrors({ aggregationRule }: ClusterRole): FieldError[] {
  if (aggregationRule === undefined) return [];
  const where = fieldPath('aggregationRule', 'clusterRoleSelectors');
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    return [required(where, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return selectors.flatMap((selector, index) => validateLabelSelector(selector, where.index(index)));
}

/** rbac.authorization.k8s.io/v1 ClusterRole: what is allowed everywhere, or wherever it is bound. */
export const clusterRoleDefinition: ResourceDefinition<ClusterRole> = {
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRole',
  resource: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
  schema: 'k8s.io.api.rbac.v1.ClusterRole',
  strategy: {
    generation: false,
    nameFormat: 'path',
    allowCreateOnUpdate: true,
    validate: (object) => [...rulesErrors(object.rules, false), ...aggregationErrors(object)],
  },
  columns: [nameColumn, createdAtColumn],
};
