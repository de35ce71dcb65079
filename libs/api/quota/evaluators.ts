import { parseQuantity, parseTime, type KubeObject, type Quantity } from '@drydock/base/apimachinery';
import type { PersistentVolumeClaim, Pod, Service } from '../gen/core/v1.ts';
import type { DeviceSubRequest, ExactDeviceRequest, ResourceClaim } from '../gen/resource/v1.ts';
import { countName, type QuotaEvaluator } from './evaluator.ts';
import { podLimits, podRequests } from './pod-resources.ts';
import { claimInScope, podInScope } from './scopes.ts';

const one = parseQuantity('1');
const quantity = (count: number) => parseQuantity(String(count));
const core = (resource: string) => ({ group: '', resource });

/** Part of Kubernetes itself, not of a vendor. */
const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/');

const computeNames = ['cpu', 'memory', 'ephemeral-storage'];
const podNames = new Set([
  'pods',
  ...computeNames,
  ...computeNames.map((name) => `requests.${name}`),
  ...computeNames.map((name) => `limits.${name}`),
  countName(core('pods')),
]);

/** Whether a Pod still counts: it has not ended, and is not stuck on its way out past its grace period. */
export function countsAgainstQuota(pod: Pod, nowMs: number): boolean {
  const phase = pod.status?.phase;
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return true;
  return nowMs <= parseTime(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

export const podEvaluator: QuotaEvaluator = {
  resource: core('pods'),
  matching: (names) =>
    names.filter(
      (name) =>
        podNames.has(name) ||
        name.startsWith('hugepages-') ||
        name.startsWith('requests.hugepages-') ||
        (name.startsWith('requests.') && !isNative(name)),
    ),
  usage(object, nowMs) {
    const pod = object as Pod;
    const used = new Map<string, Quantity>([[countName(core('pods')), one]]);
    if (!countsAgainstQuota(pod, nowMs)) return used;
    used.set('pods', one);
    for (const [name, amount] of podRequests(pod)) {
      const compute = computeNames.includes(name) || name.startsWith('hugepages-');
      if (compute) used.set(name, amount);
      if (compute || !isNative(name)) used.set(`requests.${name}`, amount);
    }
    for (const [name, amount] of podLimits(pod))
      if (computeNames.includes(name)) used.set(`limits.${name}`, amount);
    return used;
  },
  inScope: podInScope,
};

export const serviceEvaluator: QuotaEvaluator = {
  resource: core('services'),
  matching: (names) =>
    names.filter((name) =>
      ['services', 'services.nodeports', 'services.loadbalancers', countName(core('services'))].includes(
        name,
      ),
    ),
  usage(object) {
    const { spec } = object as Service;
    const ports = spec?.ports ?? [];
    const balanced = spec?.type === 'LoadBalancer';
    const explicitOnly = balanced && spec?.allocateLoadBalancerNodePorts === false;
    const nodePorts = explicitOnly
      ? ports.filter(({ nodePort }) => nodePort !== undefined && nodePort !== 0).length
      : balanced || spec?.type === 'NodePort'
        ? ports.length
        : 0;
    return new Map([
      [countName(core('services')), one],
      ['services', one],
      ['services.nodeports', quantity(nodePorts)],
      ['services.loadbalancers', quantity(balanced ? 1 : 0)],
    ]);
  },
  inScope: () => false,
};

const classSuffix = '.storageclass.storage.k8s.io/';
const storage = 'requests.storage';
const claims = 'persistentvolumeclaims';

/** What a quota counts in must be whole, whatever a claim asks for. */
function wholeBytes(amount: Quantity): Quantity {
  const whole = parseQuantity(String(amount.bigintValue()));
  return whole.equals(amount) ? amount : whole;
}

export const claimEvaluator: QuotaEvaluator = {
  resource: core(claims),
  matching: (names) =>
    names.filter(
      (name) =>
        [claims, storage, countName(core(claims))].includes(name) ||
        name.endsWith(`${classSuffix}${storage}`) ||
        name.endsWith(`${classSuffix}${claims}`),
    ),
  usage(object) {
    const { metadata, spec, status } = object as PersistentVolumeClaim;
    const used = new Map<string, Quantity>([
      [claims, one],
      [countName(core(claims)), one],
    ]);
    const className =
      metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName;
    if (className) used.set(`${className}${classSuffix}${claims}`, one);
    const requested = spec?.resources?.requests?.['storage'];
    if (requested === undefined) return used;
    let amount = wholeBytes(parseQuantity(requested));
    // An expansion that was given up half-way still holds what was allocated for it (KEP-1790).
    const allocated = status?.allocatedResources?.['storage'];
    if (allocated !== undefined && parseQuantity(allocated).compare(amount) > 0)
      amount = wholeBytes(parseQuantity(allocated));
    used.set(storage, amount);
    if (className) used.set(`${className}${classSuffix}${storage}`, amount);
    return used;
  },
  inScope: claimInScope,
};

const deviceSuffix = '.deviceclass.resource.k8s.io/devices';
/** Most devices that one claim can be given: what a request for all of them counts as. */
const allDevices = 32;
const resourceClaims = { group: 'resource.k8s.io', resource: 'resourceclaims' };

/** How many devices of which class a request may come to: of alternatives, the most that any asks of each class. */
function devicesByClass(wishes: readonly (ExactDeviceRequest | DeviceSubRequest)[]): Map<string, number> {
  const most = new Map<string, number>();
  for (const { deviceClassName, allocationMode, count = 0 } of wishes) {
    const devices = allocationMode === 'All' ? allDevices : count;
    most.set(deviceClassName, Math.max(most.get(deviceClassName) ?? 0, devices));
  }
  return most;
}

/** Claims count by the devices that they ask for (KEP-4381). */
export const resourceClaimEvaluator: QuotaEvaluator = {
  resource: resourceClaims,
  matching: (names) =>
    names.filter((name) => name === countName(resourceClaims) || name.endsWith(deviceSuffix)),
  usage(object) {
    const devices = new Map<string, number>();
    for (const { exactly, firstAvailable = [] } of (object as ResourceClaim).spec?.devices?.requests ?? [])
      for (const [className, count] of devicesByClass(exactly === undefined ? firstAvailable : [exactly]))
        devices.set(className, (devices.get(className) ?? 0) + count);
    return new Map([
      [countName(resourceClaims), one],
      ...[...devices].map(([name, count]): [string, Quantity] => [`${name}${deviceSuffix}`, quantity(count)]),
    ]);
  },
  inScope: () => false,
};

/** Resources that quotas know by their bare name, besides `count/…`. */
const bareNames = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

/** Counts the objects of any other resource. */
export function objectCountEvaluator(group: string, resource: string): QuotaEvaluator {
  const names = [countName({ group, resource })];
  if (group === '' && bareNames.has(resource)) names.push(resource);
  return {
    resource: { group, resource },
    matching: (wanted) => wanted.filter((name) => names.includes(name)),
    usage: (_object: KubeObject) => new Map(names.map((name) => [name, one])),
    inScope: () => false,
  };
}

const special = new Map(
  [podEvaluator, serviceEvaluator, claimEvaluator].map((evaluator) => [
    evaluator.resource.resource,
    evaluator,
  ]),
);

/** The evaluator of a resource: Pods, Services and claims have their own, the rest are counted. */
export function quotaEvaluator({ group, resource }: { group: string; resource: string }): QuotaEvaluator {
  if (group === resourceClaims.group && resource === resourceClaims.resource) return resourceClaimEvaluator;
  return (group === '' ? special.get(resource) : undefined) ?? objectCountEvaluator(group, resource);
}
