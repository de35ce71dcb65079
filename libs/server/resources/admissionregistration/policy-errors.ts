import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  duplicate,
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  validateDns1035Label,
  validateDns1123Subdomain,
  validateLabelSelector,
  validatePathSegment,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
import type {
  AuditAnnotation,
  MatchCondition,
  MatchResources,
  ParamKind,
  ParamRef,
  Validation,
  Variable,
} from '@drydock/api/admissionregistration/v1';
import { compile, compileVariables, type ExpressionScope } from '../../admission/index.ts';
import { bool, scalar, string, type Type } from '../../cel/index.ts';
import { oneOf, optionalOneOf, textErrors } from '../common/index.ts';
import { matchConditionsErrors, namedRuleErrors } from './rules-errors.ts';

const maxAuditAnnotations = 20;
const maxValueExpressionBytes = 5 * 1024;
const spec = fieldPath('spec');

function paramKindErrors(kind: ParamKind, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const at = where.child('apiVersion');
  const { apiVersion = '', kind: name = '' } = kind;
  const parts = apiVersion.split('/');
  if (apiVersion === '') errors.push(required(at));
  else if (parts.length > 2)
    errors.push(invalidValue(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const group = parts.length === 2 ? (parts[0] ?? '') : '';
    const version = parts.at(-1) ?? '';
    const groupMessages = group === '' ? [] : validateDns1123Subdomain(group);
    if (groupMessages.length > 0) errors.push(invalidValue(at, group, groupMessages.join(',')));
    const messages = version === '' ? [] : validateDns1035Label(version);
    if (version === '') errors.push(invalidValue(at, apiVersion, 'version must be specified'));
    else if (messages.length > 0) errors.push(invalidValue(at, version, messages.join(',')));
  }
  const atKind = where.child('kind');
  if (name === '') return [...errors, required(atKind)];
  const messages = validateDns1035Label(name.toLowerCase());
  if (messages.length === 0) return errors;
  const detail = `may have mixed case, but should otherwise match: ${messages.join(',')}`;
  return [...errors, invalidValue(atKind, name, detail)];
}

/** Checks which requests a policy or binding is about. */
export function matchResourcesErrors(match: MatchResources, where: FieldPath): FieldError[] {
  const errors = oneOf(match.matchPolicy, ['Equivalent', 'Exact'], where.child('matchPolicy'));
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    const selector = match[name];
    if (selector === undefined) errors.push(required(where.child(name)));
    else errors.push(...validateLabelSelector(selector, where.child(name)));
  }
  for (const name of ['resourceRules', 'excludeResourceRules'] as const) {
    (match[name] ?? []).forEach((rule, index) =>
      errors.push(...namedRuleErrors(rule, where.child(name).index(index))),
    );
  }
  return errors;
}

/** Fills in what a policy's or binding's match leaves open. */
export function defaultMatchResources(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])])
    rule.scope ??= '*';
}

/** What policies of both kinds have in common. */
export interface PolicySpec {
  readonly failurePolicy?: string;
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly MatchCondition[];
  readonly variables?: readonly Variable[];
}

const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

/** There is nothing to change in what is deleted. */
export function mutatingRulesErrors({ resourceRules = [] }: MatchResources, where: FieldPath): FieldError[] {
  const at = where.child('resourceRules').child('operations');
  return resourceRules.flatMap(({ operations = [] }) =>
    operations
      .filter((operation) => !mutatingOperations.includes(operation))
      .map((operation) => notSupported(at, operation, mutatingOperations)),
  );
}

/** Checks the common part of a policy. `mutating`: it changes objects. */
export function policyErrors(value: PolicySpec, mutating = false): FieldError[] {
  const errors = oneOf(value.failurePolicy, ['Fail', 'Ignore'], spec.child('failurePolicy'));
  if (value.paramKind !== undefined)
    errors.push(...paramKindErrors(value.paramKind, spec.child('paramKind')));
  const constraints = spec.child('matchConstraints');
  if (value.matchConstraints === undefined) errors.push(required(constraints));
  else {
    errors.push(...matchResourcesErrors(value.matchConstraints, constraints));
    if (mutating) errors.push(...mutatingRulesErrors(value.matchConstraints, constraints));
    if ((value.matchConstraints.resourceRules ?? []).length === 0) {
      errors.push(required(constraints.child('resourceRules')));
    }
  }
  const params = value.paramKind !== undefined;
  errors.push(
    ...matchConditionsErrors(value.matchConditions ?? [], spec.child('matchConditions'), params),
    ...variablesErrors(value.variables ?? [], params),
  );
  return errors;
}

const reserved = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if'],
  ...['import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'],
]);

function variablesErrors(variables: readonly Variable[], params: boolean): FieldError[] {
  const { programs } = compileVariables(variables, { params });
  return variables.flatMap(({ name = '', expression = '' }, index) => {
    const errors: FieldError[] = [];
    const at = spec.child('variables').index(index);
    if (name.trim() === '') errors.push(required(at.child('name'), 'name is not specified'));
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reserved.has(name)) {
      errors.push(invalidValue(at.child('name'), name, 'name is not a valid CEL identifier'));
    }
    const where = at.child('expression');
    const problem = programs.get(name)?.problem;
    if (expression.trim() === '') errors.push(required(where, 'expression is not specified'));
    else if (problem !== undefined) errors.push(invalidValue(where, expression, problem));
    return errors;
  });
}

/** What the expressions of a policy may use. */
export function policyScope({ paramKind, variables }: PolicySpec): ExpressionScope {
  const params = paramKind !== undefined;
  return { params, authorizer: true, variables: compileVariables(variables, { params }).types };
}

/** Why an expression is not taken. `shown`: it as its author wrote it. */
export function expressionErrors(
  expression: string,
  scope: ExpressionScope,
  wanted: readonly Type[],
  where: FieldPath,
  shown = expression,
): FieldError[] {
  const { problem } = compile(expression, scope, wanted);
  return problem === undefined ? [] : [invalidValue(where, shown, problem)];
}

function validationErrors(rule: Validation, scope: ExpressionScope, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { expression = '', message = '', messageExpression = '' } = rule;
  if (expression.trim() === '')
    errors.push(required(where.child('expression'), 'expression is not specified'));
  else errors.push(...expressionErrors(expression, scope, [bool], where.child('expression')));
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(
      invalidValue(where.child('messageExpression'), messageExpression, 'must be non-empty if specified'),
    );
  } else if (messageExpression !== '') {
    const own = { ...scope, authorizer: false };
    errors.push(...expressionErrors(messageExpression, own, [string], where.child('messageExpression')));
  }
  const at = where.child('message');
  if (message !== '' && message.trim() === '') {
    errors.push(invalidValue(at, message, 'message must be non-empty if specified'));
  } else if (/[\n\r]/.test(message.trim())) {
    errors.push(invalidValue(at, message, 'message must not contain line breaks'));
  }
  const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
  return [...errors, ...optionalOneOf(rule.reason, reasons, where.child('reason'))];
}

interface ValidatingSpec extends PolicySpec {
  readonly validations?: readonly Validation[];
  readonly auditAnnotations?: readonly AuditAnnotation[];
}

/** Checks the rules and audit annotations of a validating policy called `name`. */
export function validationsErrors(name: string, policy: ValidatingSpec): FieldError[] {
  const { validations = [], auditAnnotations: annotations = [] } = policy;
  const atAnnotations = spec.child('auditAnnotations');
  const atValidations = spec.child('validations');
  if (validations.length === 0 && annotations.length === 0) {
    const detail = 'validations or auditAnnotations must contain at least one item';
    return [required(atValidations, detail), required(atAnnotations, detail)];
  }
  const scope = policyScope(policy);
  const errors = validations.flatMap((rule, index) =>
    validationErrors(rule, scope, atValidations.index(index)),
  );
  if (annotations.length > maxAuditAnnotations) {
    const detail = `must not have more than ${maxAuditAnnotations} auditAnnotations`;
    errors.push(invalidValue(atAnnotations, annotations, detail));
  }
  const seen = new Set<string>();
  annotations.forEach(({ key = '', valueExpression = '' }, index) => {
    const at = atAnnotations.index(index);
    errors.push(...textErrors(validateQualifiedName(`${name}/${key}`), `${name}/${key}`, at.child('key')));
    const trimmed = valueExpression.trim();
    const atValue = at.child('valueExpression');
    if (trimmed === '') errors.push(required(atValue, 'valueExpression is not specified'));
    else if (byteLength(trimmed) > maxValueExpressionBytes) {
      errors.push(required(atValue, `must not exceed ${maxValueExpressionBytes} bytes in length`));
    } else {
      errors.push(
        ...expressionErrors(trimmed, scope, [string, scalar('null_type')], atValue, valueExpression),
      );
    }
    if (seen.has(key)) errors.push(duplicate(at.child('key'), key));
    seen.add(key);
  });
  return errors;
}

const exclusive = 'name and selector are mutually exclusive';

/** What bindings of both kinds have in common. */
interface BindingSpec {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
}

/** Checks the common part of a binding. `mutating`: it is one of a policy that changes objects. */
export function bindingErrors(
  { policyName = '', paramRef, matchResources }: BindingSpec,
  mutating = false,
): FieldError[] {
  const at = spec.child('policyName');
  const errors =
    policyName === '' ? [required(at)] : textErrors(validateDns1123Subdomain(policyName), policyName, at);
  if (paramRef !== undefined) {
    const where = spec.child('paramRef');
    const { name = '', selector } = paramRef;
    if (name !== '') {
      errors.push(...textErrors(validatePathSegment(name), name, where.child('name')));
      if (selector !== undefined) errors.push(forbiddenField(where.child('name'), exclusive));
    }
    errors.push(...validateLabelSelector(selector, where.child('selector')));
    if (name !== '' && selector !== undefined)
      errors.push(forbiddenField(where.child('selector'), exclusive));
    if (name === '' && selector === undefined)
      errors.push(required(where, 'one of name or selector must be specified'));
    errors.push(
      ...oneOf(paramRef.parameterNotFoundAction, ['Deny', 'Allow'], where.child('parameterNotFoundAction')),
    );
  }
  if (matchResources !== undefined) {
    // Kubernetes misspells the path of one of the two.
    const where = spec.child(mutating ? 'matchResources' : 'matchResouces');
    errors.push(...matchResourcesErrors(matchResources, where));
    if (mutating) errors.push(...mutatingRulesErrors(matchResources, where));
  }
  return errors;
}

/** Checks what a binding does with violations. */
export function actionsErrors(actions: readonly string[]): FieldError[] {
  const where = spec.child('validationActions');
  const supported = ['Audit', 'Deny', 'Warn'];
  const errors = actions.flatMap((action, index) => {
    const found = supported.includes(action) ? [] : [notSupported(where.index(index), action, supported)];
    return actions.indexOf(action) < index ? [...found, duplicate(where.index(index), action)] : found;
  });
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const detail =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.push(invalidValue(where, actions, detail));
  }
  if (actions.length === 0) errors.push(required(where, 'at least one validation action is required'));
  return errors;
}

/** A policy's parameters as its table shows them. */
export function paramKindText(kind: ParamKind | undefined): string {
  return kind === undefined ? '<unset>' : `${kind.apiVersion}/${kind.kind}`;
}

/** A binding's parameters as its table shows them. */
export function paramRefText(reference: ParamRef | undefined): string {
  if (reference === undefined) return '<unset>';
  const { name = '', namespace = '', selector } = reference;
  if (name !== '') return `${namespace === '' ? '*' : namespace}/${name}`;
  if (selector === undefined) return '<unset>';
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
    .join('');
  const expressions = (selector.matchExpressions ?? [])
    .map(
      ({ key, operator, values = [] }) =>
        `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
    )
    .join('');
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}
