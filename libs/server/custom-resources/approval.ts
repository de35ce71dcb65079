import type { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import type { Condition } from './conditions.ts';

export const approvalAnnotation = 'api-approved.kubernetes.io';
const see = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** Groups of the Kubernetes project, which may only be used with its approval. */
export function isProtectedGroup(group: string): boolean {
  return ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));
}

/** The condition that tells of the approval; undefined for groups that need none. */
export function decideApproval(crd: CustomResourceDefinition): Condition | undefined {
  if (!isProtectedGroup(crd.spec.group)) return undefined;
  const text = crd.metadata.annotations?.[approvalAnnotation] ?? '';
  const made = (status: string, reason: string, message: string): Condition => ({
    type: 'KubernetesAPIApprovalPolicyConformant',
    status,
    reason,
    message,
  });
  if (text === '') {
    const message = `protected groups must have approval annotation "${approvalAnnotation}", ${see}`;
    return made('False', 'MissingAnnotation', message);
  }
  if (text.startsWith('unapproved'))
    return made('False', 'UnapprovedAnnotation', `not approved: ${JSON.stringify(text)}`);
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/]+/i.test(text))
    return made('True', 'ApprovedAnnotation', `approved in ${text}`);
  const message = `protected groups must have approval annotation "${approvalAnnotation}" with either a URL or a reason starting with "unapproved", ${see}`;
  return made('False', 'InvalidAnnotation', message);
}
