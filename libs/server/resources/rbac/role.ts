import type { Role } from '@drydock/api/rbac/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { createdAtColumn, nameColumn } from '../common/index.ts';
import { rbacGroup, rulesErrors } from './rules.ts';

/** rbac.authorization.k8s.io/v1 Role: what is allowed within one namespace. */
export const roleDefinition: ResourceDefinition<Role> = {
  group: rbacGroup,
  version: 'v1',
  kind: 'Role',
  resource: 'roles',
  singular: 'role',
  namespaced: true,
  schema: 'k8s.io.api.rbac.v1.Role',
  strategy: {
    generation: false,
    nameFormat: 'path',
    allowCreateOnUpdate: true,
    validate: (object) => rulesErrors(object.rules, true),
  },
  columns: [nameColumn, createdAtColumn],
};
