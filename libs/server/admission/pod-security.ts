import type { Namespace, Pod, PodSpec, PodTemplateSpec } from '@drydock/api/core/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import { fieldPath, forbidden, getPath, invalid, invalidValue } from '@drydock/base/apimachinery';
import type { WatchCache } from '../watch-cache/index.ts';
import { securityViolations, type SecurityLevel } from './pod-security-checks.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

type Mode = 'enforce' | 'audit' | 'warn';

interface Policy {
  readonly level: SecurityLevel;
  readonly version: string;
}

const labelPrefix = 'pod-security.kubernetes.io/';
const levels: readonly string[] = ['privileged', 'baseline', 'restricted'];
const pods = { group: '', resource: 'pods' };
/** Warnings about the Pods of a namespace that becomes stricter name at most so many of them. */
const maxPods = 3_000;

/** Where kinds that make Pods keep the template. */
const templates: Readonly<Record<string, string>> = {
  '/podtemplates': 'template',
  '/replicationcontrollers': 'spec.template',
  'apps/daemonsets': 'spec.template',
  'apps/deployments': 'spec.template',
  'apps/replicasets': 'spec.template',
  'apps/statefulsets': 'spec.template',
  'batch/jobs': 'spec.template',
  'batch/cronjobs': 'spec.jobTemplate.spec.template',
};

type Labels = Readonly<Record<string, string>> | undefined;

function policyOf(labels: Labels, mode: Mode): Policy {
  const level = labels?.[`${labelPrefix}${mode}`] ?? 'privileged';
  const version = labels?.[`${labelPrefix}${mode}-version`] ?? 'latest';
  // A level that nobody knows is taken for the strictest.
  return { level: (levels.includes(level) ? level : 'restricted') as SecurityLevel, version };
}

function reasons(
  policy: Policy,
  spec: PodSpec | undefined,
  metadata: Pod['metadata'] | undefined,
): string | undefined {
  const found = securityViolations(policy.level, spec, metadata);
  if (found.length === 0) return undefined;
  return found.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}

const named = ({ level, version }: Policy): string => `"${level}:${version}"`;

function labelErrors(labels: Labels) {
  const at = fieldPath('metadata', 'labels');
  return (['enforce', 'audit', 'warn'] as const).flatMap((mode) => {
    const level = labels?.[`${labelPrefix}${mode}`];
    const version = labels?.[`${labelPrefix}${mode}-version`];
    return [
      ...(level !== undefined && !levels.includes(level)
        ? [invalidValue(at.key(`${labelPrefix}${mode}`), level, `must be one of ${levels.join(', ')}`)]
        : []),
      ...(version !== undefined && version !== 'latest' && !/^v1\.(0|[1-9]\d*)$/.test(version)
        ? [invalidValue(at.key(`${labelPrefix}${mode}-version`), version, 'must be "latest" or "v1.x"')]
        : []),
    ];
  });
}

/** What of a Pod its security depends on. Other changes are let through. */
function securityChanged(pod: Pod, old: Pod | undefined): boolean {
  if (old === undefined) return true;
  const part = ({ spec, metadata }: Pod) => JSON.stringify([spec, metadata.annotations]);
  return part(pod) !== part(old);
}

/** Kubernetes' PodSecurity: Pods keep to the Pod Security Standard that their namespace's labels name. */
export function podSecurity(cache: Pick<WatchCache, 'items'>): AdmissionPlugin {
  function labelsOf({ context, namespace }: AdmissionRequest): Labels {
    return context.lookup('', 'namespaces', namespace ?? '')?.metadata.labels;
  }

  function warn(
    request: AdmissionRequest,
    labels: Labels,
    spec: PodSpec | undefined,
    metadata: Pod['metadata'] | undefined,
  ): void {
    const policy = policyOf(labels, 'warn');
    const found = reasons(policy, spec, metadata);
    if (found !== undefined) request.context.warn(`would violate PodSecurity ${named(policy)}: ${found}`);
  }

  function checkPod(request: AdmissionRequest): void {
    const pod = request.object as Pod;
    const labels = labelsOf(request);
    if (labels === undefined) return;
    const ephemeral = request.subresource === 'ephemeralcontainers';
    if (request.operation === 'UPDATE' && !ephemeral && !securityChanged(pod, request.old as Pod)) return;
    const policy = policyOf(labels, 'enforce');
    const found = reasons(policy, pod.spec, pod.metadata);
    if (found !== undefined)
      throw forbidden(pods, pod.metadata.name ?? '', `violates PodSecurity ${named(policy)}: ${found}`);
    warn(request, labels, pod.spec, pod.metadata);
  }

  function checkTemplate(request: AdmissionRequest, path: string): void {
    const template = getPath(request.object, path) as PodTemplateSpec | undefined;
    if (template !== undefined)
      warn(request, labelsOf(request), template.spec, template.metadata as Pod['metadata']);
  }

  /** Tells of the Pods that are there and would not be let in any more. */
  function tellOfPods(request: AdmissionRequest, policy: Policy): void {
    const { name } = request;
    const byReason = new Map<string, string[]>();
    for (const { object } of cache.items(pods, name).slice(0, maxPods)) {
      const pod = object as Pod;
      const found = securityViolations(policy.level, pod.spec, pod.metadata)
        .map(({ reason }) => reason)
        .join(', ');
      if (found !== '') byReason.set(found, [...(byReason.get(found) ?? []), pod.metadata.name ?? '']);
    }
    if (byReason.size === 0) return;
    request.context.warn(
      `existing pods in namespace "${name}" violate the new PodSecurity enforce level ${named(policy)}`,
    );
    const lines = [...byReason].map(([found, all]) => {
      const [first = '', ...others] = all.sort();
      const more =
        others.length === 0 ? '' : ` (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`;
      return `${first}${more}: ${found}`;
    });
    for (const line of lines.sort()) request.context.warn(line);
  }

  function checkNamespace(request: AdmissionRequest): void {
    const { object, old, name } = request;
    const labels = (object as Namespace).metadata.labels;
    const known = new Set(labelErrors(old?.metadata.labels).map((error) => `${String(error.field)}`));
    const errors = labelErrors(labels);
    if (errors.some((error) => !known.has(String(error.field))))
      throw invalid({ group: '', kind: 'Namespace' }, name, errors);
    if (request.operation !== 'UPDATE') return;
    const policy = policyOf(labels, 'enforce');
    const before = policyOf((old as KubeObject).metadata.labels, 'enforce');
    const stricter = levels.indexOf(policy.level) > levels.indexOf(before.level);
    if (stricter) tellOfPods(request, policy);
  }

  return {
    name: 'PodSecurity',
    handles({ group, resource }, subresource, operation) {
      if (operation === 'DELETE') return false;
      if (group === '' && resource === 'pods')
        return subresource === '' || subresource === 'ephemeralcontainers';
      if (group === '' && resource === 'namespaces') return subresource === '';
      return subresource === '' && templates[`${group}/${resource}`] !== undefined;
    },
    validate(request) {
      const { group, resource } = request.definition;
      if (group === '' && resource === 'pods') checkPod(request);
      else if (group === '' && resource === 'namespaces') checkNamespace(request);
      else checkTemplate(request, templates[`${group}/${resource}`]!);
    },
  };
}
