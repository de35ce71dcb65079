import type { ResourceDefinition } from '../../registry/types.ts';
import { clusterRoleBindingDefinition } from './cluster-role-binding.ts';
import { clusterRoleDefinition } from './cluster-role.ts';
import { roleBindingDefinition } from './role-binding.ts';
import { roleDefinition } from './role.ts';

/** All of rbac.authorization.k8s.io/v1. */
export const rbacDefinitions: ResourceDefinition[] = [
  clusterRoleBindingDefinition,
  clusterRoleDefinition,
  roleBindingDefinition,
  roleDefinition,
];
