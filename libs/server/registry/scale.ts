import type { KubeObject, LabelSelector } from '@drydock/base/apimachinery';
import { formatLabelSelector, getPath, invalid, invalidValue, setPath } from '@drydock/base/apimachinery';
import type { BodyType } from './body.ts';
import { draftOf } from './draft.ts';
import type { ScaleSubresource } from './types.ts';
import type { UpdateFace } from './update.ts';

export const scaleType: BodyType = {
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  schema: 'k8s.io.api.autoscaling.v1.Scale',
};

/** autoscaling/v1 Scale. */
export interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

function selectorText(selector: LabelSelector | string | undefined): string | undefined {
  return typeof selector === 'string' ? selector : formatLabelSelector(selector);
}

function numberAt(object: KubeObject, path: string): number {
  const value = getPath(object, path);
  return typeof value === 'number' ? value : 0;
}

/** The Scale face of an object. */
export function scaleOf(object: KubeObject, scale: ScaleSubresource): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = selectorText(scale.selector(object));
  return {
    kind: scaleType.kind,
    apiVersion: scaleType.apiVersion,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: { replicas: numberAt(object, scale.specReplicasPath) },
    status: {
      replicas: numberAt(object, scale.statusReplicasPath),
      ...(selector === undefined || selector === '' ? {} : { selector }),
    },
  };
}

/**
 * The object scaled as `wanted` says, a private draft that keeps the uid and resourceVersion `wanted` insists on.
 * @throws ApiError 422 for a negative number
 */
export function scaledDraft(object: KubeObject, scale: ScaleSubresource, wanted: Scale): KubeObject {
  const replicas = wanted.spec?.replicas ?? 0;
  if (replicas < 0) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, object.metadata.name ?? '', [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  }
  const draft = draftOf(object);
  setPath(draft, scale.specReplicasPath, replicas);
  // Kinds that must have one get the present version; the write is made anew when it is lost.
  draft.metadata.resourceVersion = wanted.metadata.resourceVersion || object.metadata.resourceVersion;
  if (wanted.metadata.uid !== undefined) draft.metadata.uid = wanted.metadata.uid;
  return draft;
}

/** How admission sees what is scaled. */
export function scaleFace(scale: ScaleSubresource): UpdateFace {
  return {
    kind: { group: 'autoscaling', version: 'v1', kind: scaleType.kind },
    show: (object) => scaleOf(object, scale),
    take(object, face) {
      setPath(object, scale.specReplicasPath, (face as Scale).spec?.replicas ?? 0);
    },
  };
}
