import { cloneJson, isJsonObject } from '@drydock/base/apimachinery';
import { StatefulSet, type ControllerRevision } from '@drydock/api/apps/v1';
import type { PersistentVolumeClaim, Pod, PodSpec, PodTemplateSpec, Volume } from '@drydock/api/core/v1';
import { controllerReference } from '@drydock/machinery/controller';
import { isPodAvailable, isPodReady } from '../shared/index.ts';

export const revisionLabel = 'controller-revision-hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

/** The set and the ordinal that a Pod's name tells; undefined for a name that does not end in a number. */
export function parentAndOrdinal(pod: Pod): { parent: string; ordinal: number } | undefined {
  const match = /^(.*)-(\d+)$/s.exec(pod.metadata.name ?? '');
  if (match === null) return undefined;
  const ordinal = Number(match[2]);
  return ordinal > 0x7fffffff ? undefined : { parent: match[1] ?? '', ordinal };
}

/** -1 for a Pod that is not named as the Pods of a set are. */
export function ordinalOf(pod: Pod): number {
  return parentAndOrdinal(pod)?.ordinal ?? -1;
}

export function isMemberOf(set: StatefulSet, pod: Pod): boolean {
  return parentAndOrdinal(pod)?.parent === set.metadata.name;
}

export function startOrdinal(set: StatefulSet): number {
  return set.spec.ordinals?.start ?? 0;
}

export function inOrdinalRange(set: StatefulSet, ordinal: number): boolean {
  const start = startOrdinal(set);
  return ordinal >= start && ordinal < start + (set.spec.replicas ?? 1);
}

export const revisionOf = (pod: Pod): string => pod.metadata.labels?.[revisionLabel] ?? '';
export const isCreated = (pod: Pod): boolean => Boolean(pod.status?.phase);
export const isTerminating = (pod: Pod): boolean => Boolean(pod.metadata.deletionTimestamp);
export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);
export const isRunningAndAvailable = (pod: Pod, minReadySeconds: number, nowMs: number): boolean =>
  pod.status?.phase === 'Running' && isPodAvailable(pod, minReadySeconds, nowMs);
/** Neither available nor on its way to be so undisturbed. */
export const isUnavailable = (pod: Pod, minReadySeconds: number, nowMs: number): boolean =>
  !isRunningAndAvailable(pod, minReadySeconds, nowMs) || isTerminating(pod);

export function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
}

/** The claims that the Pod with this ordinal uses, as they are to be created (but for owners). */
export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => {
    const claim = cloneJson(template);
    const labels = { ...claim.metadata.labels, ...set.spec.selector.matchLabels };
    return {
      ...claim,
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        ...claim.metadata,
        name: claimName(set, template, ordinal),
        ...(set.metadata.namespace === undefined ? {} : { namespace: set.metadata.namespace }),
        ...(Object.keys(labels).length > 0 ? { labels } : {}),
      },
    };
  });
}

function withStorage(set: StatefulSet, ordinal: number, spec: PodSpec): PodSpec {
  const templates = set.spec.volumeClaimTemplates ?? [];
  if (templates.length === 0) return spec;
  const names = new Set(templates.map((template) => template.metadata.name));
  const claimed: Volume[] = templates.map((template) => ({
    name: template.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const others = (spec.volumes ?? []).filter((volume) => !names.has(volume.name));
  return { ...spec, volumes: [...claimed, ...others] };
}

function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [podNameLabel]: name, [podIndexLabel]: String(ordinal) };
}

/** A new Pod of the set at one revision. */
export function newPod(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const { name: parent = '', namespace } = set.metadata;
  const name = `${parent}-${ordinal}`;
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const spec: PodSpec = { ...template.spec, containers: template.spec?.containers ?? [] };
  spec.hostname = name;
  if (set.spec.serviceName) spec.subdomain = set.spec.serviceName;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, ...identityLabels(name, ordinal), [revisionLabel]: revision },
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(set, StatefulSet)],
    },
    spec: withStorage(set, ordinal, spec),
  };
}

/** Whether the Pod still carries name label and claims of its place in the set. */
export function identityMatches(set: StatefulSet, pod: Pod): boolean {
  const found = parentAndOrdinal(pod);
  return (
    found !== undefined &&
    found.parent === set.metadata.name &&
    pod.metadata.namespace === set.metadata.namespace &&
    pod.metadata.labels?.[podNameLabel] === pod.metadata.name
  );
}

export function storageMatches(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  if (ordinal < 0) return false;
  return (set.spec.volumeClaimTemplates ?? []).every((template) =>
    pod.spec?.volumes?.some(
      (volume) =>
        volume.name === template.metadata.name &&
        volume.persistentVolumeClaim?.claimName === claimName(set, template, ordinal),
    ),
  );
}

/** The Pod with identity restored, as it may be updated. */
export function withIdentity(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata.labels, ...identityLabels(pod.metadata.name ?? '', ordinal) },
    },
    ...(pod.spec === undefined ? {} : { spec: withStorage(set, ordinal, pod.spec) }),
  };
}

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const data = revision.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  const template: unknown = cloneJson(data?.spec?.template ?? {});
  if (isJsonObject(template)) delete template['$patch'];
  return template as PodTemplateSpec;
}
