import type { PolicyRule, Subject } from '@drydock/api/rbac/v1';
import { can, read, writesEvents } from './policy-rules.ts';

/** A role in a namespace of the system, and who has it. */
export interface NamespaceRole {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  /** Default: the role's name. */
  readonly bindingName?: string;
  readonly subjects: readonly Subject[];
}

const user = (name: string): Subject => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });
const controller = 'system:controller:';

export const namespaceRoles: readonly NamespaceRole[] = [
  {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication-reader',
    rules: [can(read, 'core', 'configmaps', 'extension-apiserver-authentication')],
    bindingName: 'system::extension-apiserver-authentication-reader',
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-controller-manager',
    rules: [
      can('watch', 'core', 'configmaps'),
      can('get update', 'core', 'configmaps', 'kube-controller-manager'),
    ],
    subjects: [user('system:kube-controller-manager'), account('kube-controller-manager')],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-scheduler',
    rules: [can('watch', 'core', 'configmaps'), can('get update', 'core', 'configmaps', 'kube-scheduler')],
    subjects: [user('system:kube-scheduler'), account('kube-scheduler')],
  },
  {
    namespace: 'kube-system',
    name: `${controller}bootstrap-signer`,
    rules: [can(read, 'core', 'secrets')],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    name: `${controller}cloud-provider`,
    rules: [can('create get list watch', 'core', 'configmaps')],
    subjects: [account('cloud-provider')],
  },
  {
    namespace: 'kube-system',
    name: `${controller}token-cleaner`,
    rules: [can('delete get list watch', 'core', 'secrets'), writesEvents],
    subjects: [account('token-cleaner')],
  },
  {
    namespace: 'kube-public',
    name: `${controller}bootstrap-signer`,
    rules: [
      can(read, 'core', 'configmaps'),
      can('update', 'core', 'configmaps', 'cluster-info'),
      writesEvents,
    ],
    subjects: [account('bootstrap-signer')],
  },
];
