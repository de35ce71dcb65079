import type { LabelSelector } from '@drydock/base/apimachinery';
import { isEmptyLabelSelector, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../registry/types.ts';
import type { Equivalents } from './equivalents.ts';
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

function ruleMatches(rule: DispatchRule, request: AdmissionRequest, as: ResourceDefinition): boolean {
  const { operation, subresource, name } = request;
  const { scope = '*', resourceNames = [] } = rule;
  if (scope !== '*' && (scope === 'Namespaced') !== as.namespaced) return false;
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, as.group) &&
    has(rule.apiVersions, as.version) &&
    (rule.resources ?? []).some((one) => resourceMatches(one, as.resource, subresource)) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

/**
 * As what the rules name the request: as what it is, else (`Equivalent`) as another version of it. Undefined when they do
 * not.
 */
export function matchedBy(
  rules: readonly DispatchRule[],
  matchPolicy: string | undefined,
  request: AdmissionRequest,
  equivalents: Equivalents,
): ResourceDefinition | undefined {
  const { definition } = request;
  if (rules.some((rule) => ruleMatches(rule, request, definition))) return definition;
  if (matchPolicy !== 'Equivalent') return undefined;
  const others = equivalents.of(definition);
  if (others.length < 2) return undefined;
  for (const rule of rules) {
    const found = others.find((other) => other !== definition && ruleMatches(rule, request, other));
    if (found !== undefined) return found;
  }
  return undefined;
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

export function isNamespace({ group, resource }: ResourceDefinition): boolean {
  return group === '' && resource === 'namespaces';
}

/**
 * Whether the labels of the request's namespace are selected. Of things in no namespace, only Namespaces are asked: for
 * the labels that they are to have.
 */
export function namespaceMatches(selector: LabelSelector | undefined, request: AdmissionRequest): boolean {
  const { definition, object, old, namespace, context, subresource, operation } = request;
  if (isNamespace(definition)) {
    const writes = subresource === '' && (operation === 'CREATE' || operation === 'UPDATE');
    return selects(selector, (writes ? object : (old ?? object)).metadata.labels);
  }
  if (!definition.namespaced) return true;
  return selects(selector, context.lookup('', 'namespaces', namespace ?? '')?.metadata.labels);
}

/** Whether the labels of the object are selected, before the request or after. */
export function objectMatches(
  selector: LabelSelector | undefined,
  { object, old, operation }: AdmissionRequest,
): boolean {
  if (selector === undefined || isEmptyLabelSelector(selector)) return true;
  // The options of a connection have no labels, nor none.
  if (operation === 'CONNECT') return false;
  return (
    selects(selector, object.metadata.labels) || (old !== undefined && selects(selector, old.metadata.labels))
  );
}

/** The request as a webhook or a policy sees it that is about another version. */
export function seenAs(
  request: AdmissionRequest,
  definition: ResourceDefinition,
  equivalents: Equivalents,
): AdmissionRequest | Promise<AdmissionRequest> {
  // What is posted to a subresource is the same in all versions.
  if (definition === request.definition || request.kind !== undefined)
    return definition === request.definition ? request : { ...request, definition };
  const { object, old } = request;
  const made = equivalents.convert(object, request.definition, definition);
  const before = old === undefined ? undefined : equivalents.convert(old, request.definition, definition);
  if (made instanceof Promise || before instanceof Promise)
    return Promise.all([made, before]).then(([one, other]) => ({
      ...request,
      definition,
      object: one,
      old: other,
    }));
  return { ...request, definition, object: made, old: before };
}

/** Whether this request changes what decides about requests, which nothing may stand in the way of. */
export function concernsAdmission({ group }: ResourceDefinition): boolean {
  return group === 'admissionregistration.k8s.io';
}
