import type { RoleBinding } from '@drydock/api/rbac/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';
import { bindingErrors, defaultBinding, rbacGroup, roleRefChangeErrors, subjectNames } from './rules.ts';

/** rbac.authorization.k8s.io/v1 RoleBinding: gives a role to subjects within one namespace. */
export const roleBindingDefinition: ResourceDefinition<RoleBinding> = {
  group: rbacGroup,
  version: 'v1',
  kind: 'RoleBinding',
  resource: 'rolebindings',
  singular: 'rolebinding',
  namespaced: true,
  schema: 'k8s.io.api.rbac.v1.RoleBinding',
  strategy: {
    generation: false,
    nameFormat: 'path',
    allowCreateOnUpdate: true,
    defaults: defaultBinding,
    validate: (object) => bindingErrors(object, true),
    validateUpdate: roleRefChangeErrors,
  },
  columns: [
    nameColumn,
    textColumn('Role', 'Kind and name of the role.', (object) => {
      return `${object.roleRef?.kind ?? ''}/${object.roleRef?.name ?? ''}`;
    }),
    ageColumn,
    textColumn('Users', 'Users that get the role.', (object) => subjectNames(object, 'User'), 1),
    textColumn('Groups', 'Groups that get the role.', (object) => subjectNames(object, 'Group'), 1),
    textColumn(
      'ServiceAccounts',
      'ServiceAccounts that get the role.',
      (object) => {
        return subjectNames(object, 'ServiceAccount');
      },
      1,
    ),
  ],
};
