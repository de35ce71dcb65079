import type { LabelSelector } from '@drydock/base/apimachinery';
import { isEmptyLabelSelector, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import type { AdmissionRequest } from './types.ts';

/** Which requests a webhook or a policy is about, as admissionregistration.k8s.io writes it. */
export interface DispatchRule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly scope?: string;
}

function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value));
}

function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  const [first = '', second = ''] = pattern.split('/');
  return (first === '*' || first === resource) && (second === '*' || second === subresource);
}

/** Whether a request is one of those that the rule names. */
export function ruleMatches(rule: DispatchRule, request: AdmissionRequest): boolean {
  const { definition, operation, subresource, name } = request;
  const { scope = '*', resourceNames = [] } = rule;
  if (scope !== '*' && (scope === 'Namespaced') !== definition.namespaced) return false;
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, definition.group) &&
    has(rule.apiVersions, definition.version) &&
    (rule.resources ?? []).some((one) => resourceMatches(one, definition.resource, subresource)) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

function selects(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return (
    selector === undefined ||
    isEmptyLabelSelector(selector) ||
    selectorFromLabelSelector(selector).matches(labels ?? {})
  );
}

/** Whether the labels of the request's namespace are selected. Of things in no namespace, only Namespaces are asked. */
export function namespaceMatches(selector: LabelSelector | undefined, request: AdmissionRequest): boolean {
  const { definition, object, old, namespace, context } = request;
  if (definition.group === '' && definition.resource === 'namespaces')
    return selects(selector, (request.operation === 'UPDATE' ? old : object)?.metadata.labels);
  if (!definition.namespaced) return true;
  return selects(selector, context.lookup('', 'namespaces', namespace ?? '')?.metadata.labels);
}

/** Whether the labels of the object are selected, before the request or after. */
export function objectMatches(
  selector: LabelSelector | undefined,
  { object, old }: AdmissionRequest,
): boolean {
  return (
    selects(selector, object.metadata.labels) || (old !== undefined && selects(selector, old.metadata.labels))
  );
}

/** Whether this request changes what decides about requests, which nothing may stand in the way of. */
export function concernsAdmission({ definition: { group } }: Pick<AdmissionRequest, 'definition'>): boolean {
  return group === 'admissionregistration.k8s.io';
}
