/** kube-controller-manager's loops: the name and the alias under which older releases knew it. */
const aliases: Record<string, string> = {
  'bootstrap-signer-controller': 'bootstrapsigner',
  'certificatesigningrequest-approving-controller': 'csrapproving',
  'certificatesigningrequest-cleaner-controller': 'csrcleaner',
  'certificatesigningrequest-signing-controller': 'csrsigning',
  'clusterrole-aggregation-controller': 'clusterrole-aggregation',
  'cronjob-controller': 'cronjob',
  'daemonset-controller': 'daemonset',
  'deployment-controller': 'deployment',
  'device-taint-eviction-controller': '',
  'disruption-controller': 'disruption',
  'endpoints-controller': 'endpoint',
  'endpointslice-controller': 'endpointslice',
  'endpointslice-mirroring-controller': 'endpointslicemirroring',
  'ephemeral-volume-controller': 'ephemeral-volume',
  'garbage-collector-controller': 'garbagecollector',
  'horizontal-pod-autoscaler-controller': 'horizontalpodautoscaling',
  'job-controller': 'job',
  'kube-apiserver-serving-clustertrustbundle-publisher-controller': '',
  'legacy-serviceaccount-token-cleaner-controller': 'legacy-service-account-token-cleaner',
  'namespace-controller': 'namespace',
  'node-ipam-controller': 'nodeipam',
  'node-lifecycle-controller': 'nodelifecycle',
  'persistentvolume-attach-detach-controller': 'attachdetach',
  'persistentvolume-binder-controller': 'persistentvolume-binder',
  'persistentvolume-expander-controller': 'persistentvolume-expander',
  'persistentvolume-protection-controller': 'pv-protection',
  'persistentvolumeclaim-protection-controller': 'pvc-protection',
  'pod-garbage-collector-controller': 'podgc',
  'podcertificaterequest-cleaner-controller': '',
  'replicaset-controller': 'replicaset',
  'replicationcontroller-controller': 'replicationcontroller',
  'resourceclaim-controller': 'resource-claim-controller',
  'resourcequota-controller': 'resourcequota',
  'root-ca-certificate-publisher-controller': 'root-ca-cert-publisher',
  'selinux-warning-controller': '',
  'service-cidr-controller': '',
  'serviceaccount-controller': 'serviceaccount',
  'serviceaccount-token-controller': 'serviceaccount-token',
  'statefulset-controller': 'statefulset',
  'storage-version-migrator-controller': '',
  'storageversion-garbage-collector-controller': 'storage-version-gc',
  'taint-eviction-controller': '',
  'token-cleaner-controller': 'tokencleaner',
  'ttl-after-finished-controller': 'ttl-after-finished',
  'ttl-controller': 'ttl',
  'validatingadmissionpolicy-status-controller': '',
  'volumeattributesclass-protection-controller': '',
};
const names = new Map<string, string>();
for (const [name, alias] of Object.entries(aliases)) {
  names.set(name, name);
  if (alias !== '') names.set(alias, name);
}

/** Loops that run only when they are named. */
const offByDefault = new Set([
  'bootstrap-signer-controller',
  'selinux-warning-controller',
  'token-cleaner-controller',
]);

/** Reads `--controllers`: whether a loop is to run. Of several entries for one loop the first counts. */
export function enabledControllers(list: string): (name: string) => boolean {
  const items = list.split(',').map((item) => item.trim());
  const decided = new Map<string, boolean>();
  for (const item of items) {
    const on = !item.startsWith('-');
    const name = names.get(on ? item : item.slice(1));
    if (name !== undefined && !decided.has(name)) decided.set(name, on);
  }
  const star = items.includes('*');
  return (name) => decided.get(name) ?? (star && !offByDefault.has(name));
}

/** What is wrong with a `--controllers` list, one line each, in kube-controller-manager's words. */
export function unknownControllers(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim().replace(/^-/, ''))
    .filter((item) => item !== '*' && !names.has(item))
    .map((item) => `"${item}" is not in the list of known controllers`);
}
