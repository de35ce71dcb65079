import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  duplicate,
  fieldPath,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '@drydock/base/apimachinery';
import { conditionProblem } from '../../admission/index.ts';
import { validateDns1035Label, validatePathSegment, validateQualifiedName } from '@drydock/base/apimachinery';
import type {
  MatchCondition,
  NamedRuleWithOperations,
  RuleWithOperations,
} from '@drydock/api/admissionregistration/v1';
import { textErrors } from '../common/index.ts';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];
const maxMatchConditions = 64;
const reviewVersions = ['v1', 'v1beta1'];

/** `*` stands alone. */
function wildcardErrors(list: readonly string[], where: FieldPath, what: string): FieldError[] {
  if (list.length < 2 || !list.includes('*')) return [];
  return [invalidValue(where, list, `if '*' is present, must not specify other ${what}`)];
}

function resourcesErrors(resources: readonly string[], where: FieldPath): FieldError[] {
  if (resources.length === 0) return [required(where)];
  const errors: FieldError[] = [];
  const anySubresourceOf = new Set<string>();
  const anyResourceWith = new Set<string>();
  let last = '';
  resources.forEach((text, index) => {
    const at = where.index(index);
    if (text === '') errors.push(required(at));
    const slash = text.indexOf('/');
    if (slash < 0) {
      last = text;
      return;
    }
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (anySubresourceOf.has(resource)) {
      errors.push(invalidValue(at, text, `if '${resource}/*' is present, must not specify ${text}`));
    }
    if (anyResourceWith.has(subresource)) {
      errors.push(invalidValue(at, text, `if '*/${subresource}' is present, must not specify ${text}`));
    }
    if (subresource === '*') anySubresourceOf.add(resource);
    if (resource === '*') anyResourceWith.add(subresource);
  });
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalidValue(where, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes('*') && last !== '' && last !== '*') {
    const detail = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalidValue(where, resources, detail));
  }
  return errors;
}

/** Checks which requests a webhook or policy is about. */
export function ruleErrors(rule: RuleWithOperations, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const wanted = rule.operations ?? [];
  const groups = rule.apiGroups ?? [];
  const versions = rule.apiVersions ?? [];
  const atOperations = where.child('operations');
  if (wanted.length === 0) errors.push(required(atOperations));
  errors.push(...wildcardErrors(wanted, atOperations, 'operations'));
  wanted.forEach((operation, index) => {
    if (!operations.includes(operation))
      errors.push(notSupported(atOperations.index(index), operation, operations));
  });
  const atGroups = where.child('apiGroups');
  if (groups.length === 0) errors.push(required(atGroups));
  errors.push(...wildcardErrors(groups, atGroups, 'API groups'));
  const atVersions = where.child('apiVersions');
  if (versions.length === 0) errors.push(required(atVersions));
  errors.push(...wildcardErrors(versions, atVersions, 'API versions'));
  versions.forEach((version, index) => {
    if (version === '') errors.push(required(atVersions.index(index)));
  });
  errors.push(...resourcesErrors(rule.resources ?? [], where.child('resources')));
  if (rule.scope !== undefined && !scopes.includes(rule.scope)) {
    errors.push(notSupported(where.child('scope'), rule.scope, scopes));
  }
  return errors;
}

/** As `ruleErrors`, with the names of single objects. */
export function namedRuleErrors(rule: NamedRuleWithOperations, where: FieldPath): FieldError[] {
  const names = rule.resourceNames ?? [];
  const errors = names.flatMap((name, index) => {
    const at = where.child('resourceNames').index(index);
    const found = textErrors(validatePathSegment(name), name, at);
    return names.indexOf(name) < index ? [...found, duplicate(at, name)] : found;
  });
  return [...errors, ...ruleErrors(rule, where)];
}

/** Checks the expressions that narrow a webhook or policy further. `params`: the policy has parameters. */
export function matchConditionsErrors(
  conditions: readonly MatchCondition[],
  where: FieldPath,
  params = false,
): FieldError[] {
  const errors: FieldError[] = [];
  if (conditions.length > maxMatchConditions)
    errors.push(tooMany(where, conditions.length, maxMatchConditions));
  const seen = new Set<string>();
  conditions.forEach(({ name = '', expression = '' }, index) => {
    const at = where.index(index);
    const text = expression.trim();
    const problem = text === '' ? undefined : conditionProblem(text, params);
    if (text === '') errors.push(required(at.child('expression')));
    else if (problem !== undefined) errors.push(invalidValue(at.child('expression'), text, problem));
    const atName = at.child('name');
    if (name === '') errors.push(required(atName));
    else errors.push(...textErrors(validateQualifiedName(name), name, atName));
    if (name !== '' && seen.has(name)) errors.push(duplicate(atName, name));
    seen.add(name);
  });
  return errors;
}

/** The versions of AdmissionReview that a webhook takes; one of ours must be among them. */
export function reviewVersionsErrors(versions: readonly string[], where: FieldPath): FieldError[] {
  if (versions.length === 0) return [required(where, `must specify one of ${reviewVersions.join(', ')}`)];
  const errors = versions.flatMap((version, index) => {
    const at = where.index(index);
    if (versions.indexOf(version) < index) return [invalidValue(at, version, 'duplicate version')];
    return textErrors(validateDns1035Label(version), version, at);
  });
  if (!versions.some((version) => reviewVersions.includes(version))) {
    errors.push(invalidValue(where, versions, `must include at least one of ${reviewVersions.join(', ')}`));
  }
  return errors;
}

/** The path of a configuration's webhook. */
export const webhooks: FieldPath = fieldPath('webhooks');
