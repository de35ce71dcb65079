import type { KubeObject } from '@drydock/base/apimachinery';
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

/** The `request` of an AdmissionReview, which is also what expressions call `request`. */
export function admissionRequest(request: AdmissionRequest, uid: string): Record<string, unknown> {
  const { definition, operation, subresource, name, namespace, context } = request;
  const { group, version, kind: ownKind, resource: ownResource } = definition;
  const kind = request.kind ?? { group, version, kind: ownKind };
  const resource = { group, version, resource: ownResource };
  const { user, dryRun } = context;
  const deleting = operation === 'DELETE';
  return {
    uid,
    kind,
    resource,
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: kind,
    requestResource: resource,
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    object: deleting ? null : shownObject(request),
    oldObject: deleting ? request.object : (request.old ?? null),
    dryRun: dryRun.length > 0,
    options:
      operation === 'CONNECT'
        ? null
        : {
            kind: optionKinds[operation],
            apiVersion: 'meta.k8s.io/v1',
            ...(dryRun.length > 0 ? { dryRun: [...dryRun] } : {}),
          },
  };
}
