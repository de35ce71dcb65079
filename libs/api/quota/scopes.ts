import {
  newRequirement,
  compileSelector,
  type KubeObject,
  type SelectorOperator,
} from '@drydock/base/apimachinery';
import type {
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../gen/core/v1.ts';
import { podLimits, podRequests } from './pod-resources.ts';

/** `spec.scopes` and `spec.scopeSelector` of a quota as one list; all must hold. */
export function scopesOf(spec: ResourceQuotaSpec | undefined): ScopedResourceSelectorRequirement[] {
  return [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
}

const operators: Record<string, SelectorOperator> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

function nameMatches(name: string | undefined, scope: ScopedResourceSelectorRequirement): boolean {
  const operator = operators[scope.operator];
  if (operator === undefined) return false;
  const requirement = newRequirement(scope.scopeName, operator, scope.values ?? []);
  return compileSelector([requirement]).matches(name ? { [scope.scopeName]: name } : {});
}

function isTerminating(pod: Pod): boolean {
  const seconds = pod.spec?.activeDeadlineSeconds;
  return seconds !== undefined && seconds !== null && Number(seconds) >= 0;
}

function isBestEffort(pod: Pod): boolean {
  if (pod.status?.qosClass !== undefined) return pod.status.qosClass === 'BestEffort';
  return ![...podRequests(pod), ...podLimits(pod)].some(
    ([name, amount]) => (name === 'cpu' || name === 'memory') && !amount.isZero(),
  );
}

/** Whether any of the Pod's affinity terms looks into other namespaces. */
function looksAcrossNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const terms: (PodAffinityTerm | undefined)[] = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => one.podAffinityTerm),
  ]);
  return terms.some((term) => (term?.namespaces ?? []).length > 0 || term?.namespaceSelector !== undefined);
}

export function podInScope(object: KubeObject, scope: ScopedResourceSelectorRequirement): boolean {
  const pod = object as Pod;
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return nameMatches(pod.spec?.priorityClassName, scope);
    case 'CrossNamespacePodAffinity':
      return looksAcrossNamespaces(pod);
    default:
      return false;
  }
}

export function claimInScope(object: KubeObject, scope: ScopedResourceSelectorRequirement): boolean {
  if (scope.scopeName !== 'VolumeAttributesClass') return false;
  const { spec, status } = object as PersistentVolumeClaim;
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name) => name !== undefined && name !== '');
  if (names.length === 0) return nameMatches(undefined, scope);
  return names.some((name) => nameMatches(name, scope));
}
