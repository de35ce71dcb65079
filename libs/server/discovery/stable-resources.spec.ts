import { describe, expect, it } from 'vitest';
import { allDefinitions } from '../resources/index.ts';
import { apiResourceList } from './index.ts';

/**
 * What Kubernetes v1.36 serves in its stable versions: resource, kind (with its group version where that is another),
 * scope, verbs. `all` are the eight verbs of what is stored, `sub` are get, patch and update.
 */
const stable: Readonly<Record<string, readonly string[]>> = {
  v1: [
    'bindings Binding namespaced create',
    'componentstatuses ComponentStatus cluster get list',
    'configmaps ConfigMap namespaced all',
    'endpoints Endpoints namespaced all',
    'events Event namespaced all',
    'limitranges LimitRange namespaced all',
    'namespaces Namespace cluster create delete get list patch update watch',
    'namespaces/finalize Namespace cluster update',
    'namespaces/status Namespace cluster sub',
    'nodes Node cluster all',
    'nodes/proxy NodeProxyOptions cluster create delete get patch update',
    'nodes/status Node cluster sub',
    'persistentvolumeclaims PersistentVolumeClaim namespaced all',
    'persistentvolumeclaims/status PersistentVolumeClaim namespaced sub',
    'persistentvolumes PersistentVolume cluster all',
    'persistentvolumes/status PersistentVolume cluster sub',
    'pods Pod namespaced all',
    'pods/attach PodAttachOptions namespaced create get',
    'pods/binding Binding namespaced create',
    'pods/ephemeralcontainers Pod namespaced sub',
    'pods/eviction Eviction.policy/v1 namespaced create',
    'pods/exec PodExecOptions namespaced create get',
    'pods/log Pod namespaced get',
    'pods/portforward PodPortForwardOptions namespaced create get',
    'pods/proxy PodProxyOptions namespaced create delete get patch update',
    'pods/resize Pod namespaced sub',
    'pods/status Pod namespaced sub',
    'podtemplates PodTemplate namespaced all',
    'replicationcontrollers ReplicationController namespaced all',
    'replicationcontrollers/scale Scale.autoscaling/v1 namespaced sub',
    'replicationcontrollers/status ReplicationController namespaced sub',
    'resourcequotas ResourceQuota namespaced all',
    'resourcequotas/status ResourceQuota namespaced sub',
    'secrets Secret namespaced all',
    'serviceaccounts ServiceAccount namespaced all',
    'serviceaccounts/token TokenRequest.authentication.k8s.io/v1 namespaced create',
    'services Service namespaced all',
    'services/proxy ServiceProxyOptions namespaced create delete get patch update',
    'services/status Service namespaced sub',
  ],
  'admissionregistration.k8s.io/v1': [
    'mutatingadmissionpolicies MutatingAdmissionPolicy cluster all',
    'mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding cluster all',
    'mutatingwebhookconfigurations MutatingWebhookConfiguration cluster all',
    'validatingadmissionpolicies ValidatingAdmissionPolicy cluster all',
    'validatingadmissionpolicies/status ValidatingAdmissionPolicy cluster sub',
    'validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding cluster all',
    'validatingwebhookconfigurations ValidatingWebhookConfiguration cluster all',
  ],
  'apiextensions.k8s.io/v1': [
    'customresourcedefinitions CustomResourceDefinition cluster all',
    'customresourcedefinitions/status CustomResourceDefinition cluster sub',
  ],
  'apiregistration.k8s.io/v1': [
    'apiservices APIService cluster all',
    'apiservices/status APIService cluster sub',
  ],
  'apps/v1': [
    'controllerrevisions ControllerRevision namespaced all',
    'daemonsets DaemonSet namespaced all',
    'daemonsets/status DaemonSet namespaced sub',
    'deployments Deployment namespaced all',
    'deployments/scale Scale.autoscaling/v1 namespaced sub',
    'deployments/status Deployment namespaced sub',
    'replicasets ReplicaSet namespaced all',
    'replicasets/scale Scale.autoscaling/v1 namespaced sub',
    'replicasets/status ReplicaSet namespaced sub',
    'statefulsets StatefulSet namespaced all',
    'statefulsets/scale Scale.autoscaling/v1 namespaced sub',
    'statefulsets/status StatefulSet namespaced sub',
  ],
  'authentication.k8s.io/v1': [
    'selfsubjectreviews SelfSubjectReview cluster create',
    'tokenreviews TokenReview cluster create',
  ],
  'authorization.k8s.io/v1': [
    'localsubjectaccessreviews LocalSubjectAccessReview namespaced create',
    'selfsubjectaccessreviews SelfSubjectAccessReview cluster create',
    'selfsubjectrulesreviews SelfSubjectRulesReview cluster create',
    'subjectaccessreviews SubjectAccessReview cluster create',
  ],
  'autoscaling/v1': [
    'horizontalpodautoscalers HorizontalPodAutoscaler namespaced all',
    'horizontalpodautoscalers/status HorizontalPodAutoscaler namespaced sub',
  ],
  'autoscaling/v2': [
    'horizontalpodautoscalers HorizontalPodAutoscaler namespaced all',
    'horizontalpodautoscalers/status HorizontalPodAutoscaler namespaced sub',
  ],
  'batch/v1': [
    'cronjobs CronJob namespaced all',
    'cronjobs/status CronJob namespaced sub',
    'jobs Job namespaced all',
    'jobs/status Job namespaced sub',
  ],
  'certificates.k8s.io/v1': [
    'certificatesigningrequests CertificateSigningRequest cluster all',
    'certificatesigningrequests/approval CertificateSigningRequest cluster sub',
    'certificatesigningrequests/status CertificateSigningRequest cluster sub',
  ],
  'coordination.k8s.io/v1': ['leases Lease namespaced all'],
  'discovery.k8s.io/v1': ['endpointslices EndpointSlice namespaced all'],
  'events.k8s.io/v1': ['events Event namespaced all'],
  'flowcontrol.apiserver.k8s.io/v1': [
    'flowschemas FlowSchema cluster all',
    'flowschemas/status FlowSchema cluster sub',
    'prioritylevelconfigurations PriorityLevelConfiguration cluster all',
    'prioritylevelconfigurations/status PriorityLevelConfiguration cluster sub',
  ],
  'networking.k8s.io/v1': [
    'ingressclasses IngressClass cluster all',
    'ingresses Ingress namespaced all',
    'ingresses/status Ingress namespaced sub',
    'ipaddresses IPAddress cluster all',
    'networkpolicies NetworkPolicy namespaced all',
    'servicecidrs ServiceCIDR cluster all',
    'servicecidrs/status ServiceCIDR cluster sub',
  ],
  'node.k8s.io/v1': ['runtimeclasses RuntimeClass cluster all'],
  'policy/v1': [
    'poddisruptionbudgets PodDisruptionBudget namespaced all',
    'poddisruptionbudgets/status PodDisruptionBudget namespaced sub',
  ],
  'rbac.authorization.k8s.io/v1': [
    'clusterrolebindings ClusterRoleBinding cluster all',
    'clusterroles ClusterRole cluster all',
    'rolebindings RoleBinding namespaced all',
    'roles Role namespaced all',
  ],
  'resource.k8s.io/v1': [
    'deviceclasses DeviceClass cluster all',
    'resourceclaims ResourceClaim namespaced all',
    'resourceclaims/status ResourceClaim namespaced sub',
    'resourceclaimtemplates ResourceClaimTemplate namespaced all',
    'resourceslices ResourceSlice cluster all',
  ],
  'scheduling.k8s.io/v1': ['priorityclasses PriorityClass cluster all'],
  'storage.k8s.io/v1': [
    'csidrivers CSIDriver cluster all',
    'csinodes CSINode cluster all',
    'csistoragecapacities CSIStorageCapacity namespaced all',
    'storageclasses StorageClass cluster all',
    'volumeattachments VolumeAttachment cluster all',
    'volumeattachments/status VolumeAttachment cluster sub',
    'volumeattributesclasses VolumeAttributesClass cluster all',
  ],
};

const words: Readonly<Record<string, string>> = {
  'create delete deletecollection get list patch update watch': 'all',
  'get patch update': 'sub',
};

function served(groupVersion: string): string[] {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  const { resources = [] } = apiResourceList(allDefinitions, group ?? '', version ?? '') ?? {};
  return resources.map((resource) => {
    const { name, kind, namespaced, verbs } = resource;
    const { group: itsGroup = group, version: itsVersion = version } = resource as {
      group?: string;
      version?: string;
    };
    const its = itsGroup === '' ? itsVersion : `${itsGroup}/${itsVersion}`;
    const said = [...verbs].sort().join(' ');
    const scope = namespaced ? 'namespaced' : 'cluster';
    return `${name} ${kind}${its === groupVersion ? '' : `.${its}`} ${scope} ${words[said] ?? said}`;
  });
}

describe('the stable resources of Kubernetes', () => {
  it.each(Object.keys(stable))(
    '%s: every resource and subresource, with its kind, scope and verbs',
    (name) => {
      expect(served(name).sort()).toEqual([...(stable[name] ?? [])].sort());
    },
  );

  it('and no others are served', () => {
    const ours = new Set(
      allDefinitions.map(({ group, version }) => (group === '' ? version : `${group}/${version}`)),
    );
    expect([...ours].sort()).toEqual(Object.keys(stable).sort());
  });

  it('Events have one store with two faces, as HorizontalPodAutoscalers have', () => {
    const faces = allDefinitions.filter(({ storedAs }) => storedAs !== undefined);
    expect(faces.map(({ group, version, resource }) => `${group}/${version} ${resource}`).sort()).toEqual([
      'autoscaling/v1 horizontalpodautoscalers',
      'events.k8s.io/v1 events',
    ]);
  });
});
