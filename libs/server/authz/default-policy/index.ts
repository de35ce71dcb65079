import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '@drydock/api/rbac/v1';
import { controllerRoles } from './controller-roles.ts';
import { namespaceRoles } from './namespace-roles.ts';
import { systemRoles } from './system-roles.ts';
import { adminRules, editRules, userRoles, viewRules } from './user-roles.ts';

/** Who may do what in every cluster, as kube-apiserver makes it. */
export interface DefaultPolicy {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

const apiGroup = 'rbac.authorization.k8s.io';
const apiVersion = `${apiGroup}/v1`;
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
const controllerPrefix = 'system:controller:';

const aggregates = (to: string) => ({ [`${apiGroup}/aggregate-to-${to}`]: 'true' });

function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  more: Readonly<Record<string, string>> = {},
): ClusterRole {
  const metadata = { name, labels: { ...labels, ...more }, annotations };
  return { apiVersion, kind: 'ClusterRole', metadata, rules: [...rules] };
}

/** A role whose rules are those of others, found by label; they stand here too, so that it is whole from the start. */
function aggregated(name: string, rules: readonly PolicyRule[], to?: string): ClusterRole {
  const role = clusterRole(name, rules, to === undefined ? {} : aggregates(to));
  return { ...role, aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregates(name) }] } };
}

function clusterRoleBinding(name: string, ...subjects: Subject[]): ClusterRoleBinding {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels, annotations },
    roleRef: { apiGroup, kind: 'ClusterRole', name },
    ...(subjects.length === 0 ? {} : { subjects }),
  };
}

const group = (name: string): Subject => ({ apiGroup, kind: 'Group', name });
const user = (name: string): Subject => ({ apiGroup, kind: 'User', name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

const clusterRoles: readonly ClusterRole[] = [
  aggregated('admin', [...adminRules, ...editRules, ...viewRules]),
  aggregated('edit', [...editRules, ...viewRules], 'admin'),
  aggregated('view', viewRules, 'edit'),
  clusterRole('system:aggregate-to-admin', adminRules, aggregates('admin')),
  clusterRole('system:aggregate-to-edit', editRules, aggregates('edit')),
  clusterRole('system:aggregate-to-view', viewRules, aggregates('view')),
  ...Object.entries({ ...userRoles, ...systemRoles }).map(([name, rules]) => clusterRole(name, rules)),
  ...Object.entries(controllerRoles).map(([name, rules]) => clusterRole(controllerPrefix + name, rules)),
];

const clusterRoleBindings: readonly ClusterRoleBinding[] = [
  clusterRoleBinding('cluster-admin', group('system:masters')),
  clusterRoleBinding('system:discovery', group('system:authenticated')),
  clusterRoleBinding('system:basic-user', group('system:authenticated')),
  clusterRoleBinding(
    'system:public-info-viewer',
    group('system:authenticated'),
    group('system:unauthenticated'),
  ),
  clusterRoleBinding('system:monitoring', group('system:monitoring')),
  clusterRoleBinding('system:service-account-issuer-discovery', group('system:serviceaccounts')),
  clusterRoleBinding('system:kube-controller-manager', user('system:kube-controller-manager')),
  clusterRoleBinding('system:kube-dns', account('kube-dns')),
  clusterRoleBinding('system:kube-scheduler', user('system:kube-scheduler')),
  clusterRoleBinding('system:volume-scheduler', user('system:kube-scheduler')),
  // Nodes have what they may by what runs on them; the role is there for who binds it.
  clusterRoleBinding('system:node'),
  clusterRoleBinding('system:node-proxier', user('system:kube-proxy')),
  ...Object.keys(controllerRoles).map((name) => clusterRoleBinding(controllerPrefix + name, account(name))),
];

/** The policy of Kubernetes 1.36. */
export const defaultPolicy: DefaultPolicy = {
  clusterRoles,
  clusterRoleBindings,
  roles: namespaceRoles.map(({ namespace, name, rules }) => ({
    apiVersion,
    kind: 'Role',
    metadata: { name, namespace, labels, annotations },
    rules: [...rules],
  })),
  roleBindings: namespaceRoles.map(({ namespace, name, bindingName = name, subjects }) => ({
    apiVersion,
    kind: 'RoleBinding',
    metadata: { name: bindingName, namespace, labels, annotations },
    roleRef: { apiGroup, kind: 'Role', name },
    subjects: [...subjects],
  })),
};
