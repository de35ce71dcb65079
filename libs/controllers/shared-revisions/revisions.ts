import { canonicalJson, isJsonObject, type KubeObject } from '@drydock/base/apimachinery';
import type { ControllerRevision } from '@drydock/api/apps/v1';
import type { PodTemplateSpec } from '@drydock/api/core/v1';

/**
 * What a ControllerRevision of a workload keeps: the template, as the patch that brings it back. Its keys are sorted, as
 * Kubernetes writes them: clients compare the bytes to tell which revision is the current one.
 */
export function templateSnapshot(object: KubeObject & { spec: { template: PodTemplateSpec } }): unknown {
  return JSON.parse(
    canonicalJson({ spec: { template: { ...object.spec.template, $patch: 'replace' } } }),
  ) as unknown;
}

/**
 * Tells snapshots apart by what they hold. Kubernetes before v1.34 wrote a `creationTimestamp` of null into the template: such
 * a revision is still the one of its template, and no reason to replace Pods.
 */
export function snapshotText(data: unknown): string {
  const at = (value: unknown, key: string): unknown => (isJsonObject(value) ? value[key] : undefined);
  const metadata = at(at(at(data, 'spec'), 'template'), 'metadata');
  if (at(metadata, 'creationTimestamp') !== null) return canonicalJson(data);
  const { spec } = data as { spec: { template: { metadata: Record<string, unknown> } } };
  const { creationTimestamp: _none, ...rest } = spec.template.metadata;
  return canonicalJson({
    ...(data as object),
    spec: { ...spec, template: { ...spec.template, metadata: rest } },
  });
}

/** The oldest revisions beyond `limit` that `inUse` does not hold back. Those in use do not count. */
export function revisionsBeyondLimit(
  revisions: readonly ControllerRevision[],
  limit: number,
  inUse: (revision: ControllerRevision) => boolean,
): ControllerRevision[] {
  const history = revisions
    .filter((revision) => !inUse(revision))
    .sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0));
  return history.slice(0, Math.max(0, history.length - limit));
}

/** As many of the oldest revisions as there are beyond `limit`, passing over those in use, which do count. */
export function oldestRevisions(
  revisions: readonly ControllerRevision[],
  limit: number,
  inUse: (revision: ControllerRevision) => boolean,
): ControllerRevision[] {
  const sorted = [...revisions].sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0));
  return sorted.filter((one) => !inUse(one)).slice(0, Math.max(0, revisions.length - limit));
}
