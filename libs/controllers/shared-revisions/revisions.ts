import { canonicalJson, type KubeObject } from '@drydock/base/apimachinery';
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
