import type { PolicyRule } from '@drydock/api/rbac/v1';
import { all, can, canAsk, read, write } from './policy-rules.ts';

const discoveryPaths =
  '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/';
const publicPaths = '/healthz /livez /readyz /version /version/';

const containers = 'pods/attach pods/exec pods/portforward pods/proxy';
const scalable = 'deployments deployments/scale replicasets replicasets/scale';
const scaleOfSets = 'statefulsets statefulsets/scale';
/** The group that workloads came from; nothing is served there any more. */
const older = 'extensions';

export const viewRules: readonly PolicyRule[] = [
  can(
    read,
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  can(
    read,
    'core',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  can(read, 'core', 'namespaces'),
  can(read, 'discovery.k8s.io', 'endpointslices'),
  can(
    read,
    'apps',
    `controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status ${scaleOfSets} statefulsets/status`,
  ),
  can(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  can(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  can(
    read,
    older,
    'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
  ),
  can(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  can(read, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  can(read, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

export const editRules: readonly PolicyRule[] = [
  can(read, 'core', `${containers} secrets services/proxy`),
  can('impersonate', 'core', 'serviceaccounts'),
  can(write, 'core', `pods ${containers}`),
  can('create', 'core', 'pods/eviction'),
  can(
    write,
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  can('create', 'core', 'serviceaccounts/token'),
  can(write, 'apps', `daemonsets deployments/rollback ${scalable} ${scaleOfSets}`),
  can(write, 'autoscaling', 'horizontalpodautoscalers'),
  can(write, 'batch', 'cronjobs jobs'),
  can(
    write,
    older,
    `daemonsets deployments/rollback ${scalable} ingresses networkpolicies replicationcontrollers/scale`,
  ),
  can(write, 'policy', 'poddisruptionbudgets'),
  can(write, 'networking.k8s.io', 'ingresses networkpolicies'),
  can(write, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
  can(all, 'coordination.k8s.io', 'leases'),
];

export const adminRules: readonly PolicyRule[] = [
  can('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  can(all, 'rbac.authorization.k8s.io', 'rolebindings roles'),
];

/** Roles for people and their programs, but for `admin`, `edit` and `view`, which are made of others. */
export const userRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cluster-admin': [can('*', '*', '*'), canAsk('*', '*')],
  'system:discovery': [canAsk('get', discoveryPaths)],
  'system:public-info-viewer': [canAsk('get', publicPaths)],
  'system:basic-user': [
    can('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    can('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ],
  'system:monitoring': [
    canAsk('get', '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
    canAsk('get', '/flagz'),
    canAsk('get', '/statusz'),
  ],
  'system:service-account-issuer-discovery': [
    canAsk(
      'get',
      '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
    ),
  ],
  'system:auth-delegator': [
    can('create', 'authentication.k8s.io', 'tokenreviews'),
    can('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  ],
};
