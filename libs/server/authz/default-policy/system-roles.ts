import type { PolicyRule } from '@drydock/api/rbac/v1';
import { can, read, writesEvents } from './policy-rules.ts';

const asksWhoMay: readonly PolicyRule[] = [
  can('create', 'authentication.k8s.io', 'tokenreviews'),
  can('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];
/** Takes and keeps the lease of its name. */
const leads = (name: string): readonly PolicyRule[] => [
  can('create', 'coordination.k8s.io', 'leases'),
  can('get update', 'coordination.k8s.io', 'leases', name),
];
const mayApprove = (signer: string): readonly PolicyRule[] => [
  can('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`),
];
const asksForCertificates = can('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests');
const certificates = 'system:certificates.k8s.io:';

/** Roles of the cluster's own programs. */
export const systemRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  [`${certificates}certificatesigningrequests:nodeclient`]: [
    can('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient'),
  ],
  [`${certificates}certificatesigningrequests:selfnodeclient`]: [
    can('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient'),
  ],
  [`${certificates}kube-apiserver-client-approver`]: mayApprove('kube-apiserver-client'),
  [`${certificates}kube-apiserver-client-kubelet-approver`]: mayApprove('kube-apiserver-client-kubelet'),
  [`${certificates}kubelet-serving-approver`]: mayApprove('kubelet-serving'),
  [`${certificates}legacy-unknown-approver`]: mayApprove('legacy-unknown'),
  'system:heapster': [
    can(read, 'core', 'events namespaces nodes pods'),
    can(read, 'extensions', 'deployments'),
  ],
  'system:kube-aggregator': [can(read, 'core', 'endpoints services')],
  'system:kube-controller-manager': [
    writesEvents,
    ...leads('kube-controller-manager'),
    can('create', 'core', 'secrets serviceaccounts'),
    can('delete', 'core', 'secrets'),
    can('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
    can('update', 'core', 'secrets serviceaccounts'),
    ...asksWhoMay,
    can('list watch', '*', '*'),
    can('create', 'core', 'serviceaccounts/token'),
  ],
  'system:kube-dns': [can('list watch', 'core', 'endpoints services')],
  'system:kube-scheduler': [
    writesEvents,
    ...leads('kube-scheduler'),
    can(read, 'core', 'nodes'),
    can('delete get list watch', 'core', 'pods'),
    can('create', 'core', 'bindings pods/binding'),
    can('patch update', 'core', 'pods/status'),
    can(read, 'core', 'replicationcontrollers services'),
    can(read, 'apps extensions', 'replicasets'),
    can(read, 'apps', 'statefulsets'),
    can(read, 'policy', 'poddisruptionbudgets'),
    can(read, 'core', 'persistentvolumeclaims persistentvolumes'),
    ...asksWhoMay,
    can(read, 'storage.k8s.io', 'csinodes'),
    can(read, 'storage.k8s.io', 'volumeattachments'),
    can(read, 'core', 'namespaces'),
    can(read, 'storage.k8s.io', 'csidrivers'),
    can(read, 'storage.k8s.io', 'csistoragecapacities'),
    can(read, 'resource.k8s.io', 'deviceclasses'),
    can('get list patch update watch', 'resource.k8s.io', 'resourceclaims'),
    can('get list patch update watch', 'resource.k8s.io', 'resourceclaims/status'),
    can('get list patch update watch', 'core', 'pods/finalizers'),
    can(read, 'resource.k8s.io', 'resourceslices'),
  ],
  'system:kubelet-api-admin': [
    can(read, 'core', 'nodes'),
    can('proxy', 'core', 'nodes'),
    can('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats'),
    can('*', 'core', 'nodes/configz nodes/healthz nodes/pods'),
  ],
  'system:node': [
    can('create', 'authentication.k8s.io', 'tokenreviews'),
    can('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
    can(read, 'core', 'services'),
    can('create get list watch', 'core', 'nodes'),
    can('patch update', 'core', 'nodes/status'),
    can('patch update', 'core', 'nodes'),
    can('create patch update', 'core', 'events'),
    can(read, 'core', 'pods'),
    can('create delete', 'core', 'pods'),
    can('patch update', 'core', 'pods/status'),
    can('create', 'core', 'pods/eviction'),
    can(read, 'core', 'configmaps secrets'),
    can('get', 'core', 'persistentvolumeclaims persistentvolumes'),
    can('get', 'core', 'endpoints'),
    asksForCertificates,
    can('create delete get patch update', 'coordination.k8s.io', 'leases'),
    can('get', 'storage.k8s.io', 'volumeattachments'),
    can('create', 'core', 'serviceaccounts/token'),
    can('get patch update', 'core', 'persistentvolumeclaims/status'),
    can(read, 'storage.k8s.io', 'csidrivers'),
    can('create delete get patch update', 'storage.k8s.io', 'csinodes'),
    can(read, 'node.k8s.io', 'runtimeclasses'),
    can('get', 'resource.k8s.io', 'resourceclaims'),
    can('deletecollection', 'resource.k8s.io', 'resourceslices'),
  ],
  'system:node-bootstrapper': [asksForCertificates],
  'system:node-problem-detector': [
    can('get', 'core', 'nodes'),
    can('patch', 'core', 'nodes/status'),
    writesEvents,
  ],
  'system:node-proxier': [
    can('list watch', 'core', 'endpoints services'),
    can(read, 'core', 'nodes'),
    writesEvents,
    can('list watch', 'networking.k8s.io', 'servicecidrs'),
    can('list watch', 'discovery.k8s.io', 'endpointslices'),
  ],
  'system:persistent-volume-provisioner': [
    can('create delete get list watch', 'core', 'persistentvolumes'),
    can('get list update watch', 'core', 'persistentvolumeclaims'),
    can(read, 'storage.k8s.io', 'storageclasses'),
    can('watch', 'core', 'events'),
    writesEvents,
  ],
  'system:volume-scheduler': [
    can('get list patch update watch', 'core', 'persistentvolumes'),
    can(read, 'storage.k8s.io', 'storageclasses'),
    can('get list patch update watch', 'core', 'persistentvolumeclaims'),
  ],
};
