import type { KubeObject } from '@drydock/base/apimachinery';
import { isNamespace } from './dispatch-rules.ts';
import type { AdmissionRequest } from './types.ts';

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

/** The object as whoever sent it would see it: an update's with the version that it replaces. */
export function shownObject({ operation, object, old }: AdmissionRequest): KubeObject {
  if (operation === 'CONNECT') {
    // Options of connections have no metadata.
    const { metadata: _metadata, ...options } = object;
    return options as KubeObject;
  }
  const resourceVersion = old?.metadata.resourceVersion;
  if (operation !== 'UPDATE' || resourceVersion === undefined) return object;
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

/** The `request` of an AdmissionReview without the objects, which is what expressions call `request`. */
export function requestAttributes(
  seen: AdmissionRequest,
  uid: string,
  asked: AdmissionRequest,
): Record<string, unknown> {
  const { definition, operation, subresource, name, namespace, context } = seen;
  const { user, dryRun } = context;
  const subject = isNamespace(definition) ? name || undefined : namespace;
  return {
    uid,
    kind: kindOf(seen),
    resource: resourceOf(seen),
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: kindOf(asked),
    requestResource: resourceOf(asked),
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(subject === undefined ? {} : { namespace: subject }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    dryRun: dryRun.length > 0,
    options:
      operation === 'CONNECT'
        ? null
        : {
            kind: optionKinds[operation],
            apiVersion: 'meta.k8s.io/v1',
            ...(seen.options ?? context.options),
            ...(dryRun.length > 0 ? { dryRun: [...dryRun] } : {}),
          },
  };
}

/** The object before and after, as webhooks and expressions are told of them. */
export function reviewedObjects(seen: AdmissionRequest): {
  readonly object: KubeObject | null;
  readonly oldObject: KubeObject | null;
} {
  if (seen.operation === 'DELETE') return { object: null, oldObject: seen.object };
  return { object: shownObject(seen), oldObject: seen.old ?? null };
}

/**
 * The `request` of an AdmissionReview.
 * @param seen the request in the version that the webhook knows
 * @param asked the request as it came
 */
export function admissionRequest(
  seen: AdmissionRequest,
  uid: string,
  asked: AdmissionRequest,
): Record<string, unknown> {
  return { ...requestAttributes(seen, uid, asked), ...reviewedObjects(seen) };
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What is written: the resource's own kind, or that of what is posted to a subresource. */
export function kindOf({
  definition: { group, version, kind },
  kind: posted,
}: AdmissionRequest): GroupVersionKind {
  return posted ?? { group, version, kind };
}

function resourceOf({ definition: { group, version, resource } }: AdmissionRequest): object {
  return { group, version, resource };
}
