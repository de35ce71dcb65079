import type { KubeObject } from '@drydock/base/apimachinery';
import { forbidden, fromStatus, notFound } from '@drydock/base/apimachinery';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

/** Namespaces that no one may delete. */
const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

interface NamespaceLike extends KubeObject {
  status?: { phase?: string };
}

/**
 * Kubernetes' NamespaceLifecycle: nothing is created in a namespace that is missing or terminating, and the system's
 * namespaces are not deleted.
 */
export function namespaceLifecycle(): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles(definition, subresource, operation) {
      if (definition.group === '' && definition.resource === 'namespaces') {
        return operation === 'DELETE' && subresource === '';
      }
      return definition.namespaced && operation === 'CREATE' && definition.virtualCreate === undefined;
    },
    admit(request) {
      if (request.operation === 'DELETE') refuseImmortal(request);
      else requireActiveNamespace(request);
    },
  };
}

function refuseImmortal({ name }: AdmissionRequest): void {
  if (immortal.has(name)) {
    throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted');
  }
}

function requireActiveNamespace({ definition, namespace, name, context }: AdmissionRequest): void {
  const { group, resource } = definition;
  const found = context.lookup('', 'namespaces', namespace ?? '') as NamespaceLike | undefined;
  if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace ?? '');
  if (found.metadata.deletionTimestamp === undefined && found.status?.phase !== 'Terminating') return;
  const { status } = forbidden(
    { group, resource },
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  throw fromStatus({
    ...status,
    details: {
      ...status.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  });
}
