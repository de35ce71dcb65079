import type {
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from '@drydock/api/admissionregistration/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import { apiVersionOf, forbidden, fromStatus, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import { CelError, ObjectView, type Program, type Value } from '../cel/index.ts';
import type { ResourceDefinition } from '../registry/types.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import { admissionRequest } from './admission-review.ts';
import {
  concernsAdmission,
  namespaceMatches,
  objectMatches,
  ruleMatches,
  type DispatchRule,
} from './dispatch-rules.ts';
import { celValue, conditionsMatch, evaluate, tryCompile } from './expressions.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

type Compiled = Program | string;

interface Rule {
  readonly validation: Validation;
  readonly program: Compiled;
  readonly message: Compiled | undefined;
}

interface Policy {
  readonly policy: ValidatingAdmissionPolicy;
  readonly bindings: readonly ValidatingAdmissionPolicyBinding[];
  readonly conditions: readonly { readonly program: Compiled }[];
  readonly variables: ReadonlyMap<string, Compiled>;
  readonly rules: readonly Rule[];
}

type Match = NonNullable<NonNullable<ValidatingAdmissionPolicy['spec']>['matchConstraints']>;

const group = 'admissionregistration.k8s.io';
const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

function compile(
  policy: ValidatingAdmissionPolicy,
  bindings: readonly ValidatingAdmissionPolicyBinding[],
): Policy {
  const { validations = [], variables = [], matchConditions = [] } = policy.spec ?? {};
  return {
    policy,
    bindings,
    conditions: matchConditions.map(({ expression = '' }) => ({ program: tryCompile(expression) })),
    variables: new Map(variables.map(({ name = '', expression = '' }) => [name, tryCompile(expression)])),
    rules: validations.map((validation) => ({
      validation,
      program: tryCompile(validation.expression ?? ''),
      message: validation.messageExpression ? tryCompile(validation.messageExpression) : undefined,
    })),
  };
}

/** The policies that are bound to anything; worked out anew when a policy or a binding changes. */
function policiesOf(cache: WatchCache): () => readonly Policy[] {
  let known: readonly Policy[] | undefined;
  const policies = { group, resource: 'validatingadmissionpolicies' };
  const bindings = { group, resource: 'validatingadmissionpolicybindings' };
  for (const resource of [policies, bindings]) cache.onChange(resource, () => (known = undefined));
  const read = (): Policy[] => {
    const bound = Map.groupBy(
      cache.items(bindings).map(({ object }) => object as ValidatingAdmissionPolicyBinding),
      ({ spec }) => spec?.policyName ?? '',
    );
    return cache.items(policies).flatMap(({ object }) => {
      const own = bound.get(object.metadata.name ?? '');
      return own === undefined ? [] : [compile(object as ValidatingAdmissionPolicy, own)];
    });
  };
  return () => (known ??= read());
}

function matches(match: Match | undefined, request: AdmissionRequest, anyRule: boolean): boolean {
  if (match === undefined) return true;
  const { resourceRules = [], excludeResourceRules = [] } = match;
  if (excludeResourceRules.some((rule) => ruleMatches(rule as DispatchRule, request))) return false;
  const named = resourceRules.some((rule) => ruleMatches(rule as DispatchRule, request));
  if (!named && !(anyRule && resourceRules.length === 0)) return false;
  return namespaceMatches(match.namespaceSelector, request) && objectMatches(match.objectSelector, request);
}

/** A policy's variables: each is worked out when it is first asked for. */
class Variables extends ObjectView {
  readonly #programs: ReadonlyMap<string, Compiled>;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #known = new Map<string, Value>();
  readonly #running = new Set<string>();

  constructor(programs: ReadonlyMap<string, Compiled>, values: Map<string, Value>) {
    super();
    this.#programs = programs;
    values.set('variables', this);
    this.#values = values;
  }

  names(): readonly string[] {
    return [...this.#programs.keys()];
  }

  field(name: string): Value | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const program = this.#programs.get(name);
    if (program === undefined || this.#running.has(name)) return undefined;
    this.#running.add(name);
    const result = evaluate(program, this.#values);
    this.#running.delete(name);
    if (result.error !== undefined)
      throw new CelError(`composited variable "${name}" fails to evaluate: ${result.error}`);
    this.#known.set(name, result.value);
    return result.value;
  }
}

interface Violation {
  readonly message: string;
  readonly reason: string;
}

export interface ValidatingPolicyDeps {
  readonly cache: WatchCache;
  /** Where the kinds of parameters are looked up. */
  readonly definitions: () => readonly ResourceDefinition[];
}

/** Kubernetes' ValidatingAdmissionPolicy: expressions say what may be written. */
export function validatingPolicies({ cache, definitions }: ValidatingPolicyDeps): AdmissionPlugin {
  const all = policiesOf(cache);

  /** The objects that a binding names; undefined stands for no parameters at all. */
  function paramsOf(
    { spec }: ValidatingAdmissionPolicy,
    ref: ParamRef | undefined,
    { namespace, context }: AdmissionRequest,
  ): readonly (KubeObject | undefined)[] {
    const { paramKind } = spec ?? {};
    if (paramKind === undefined || ref === undefined) return [undefined];
    const definition = definitions().find(
      (one) => one.kind === paramKind.kind && apiVersionOf(one.group, one.version) === paramKind.apiVersion,
    );
    if (definition === undefined)
      throw new CelError(
        `failed to find resource referenced by paramKind: '${paramKind.apiVersion}, Kind=${paramKind.kind}'`,
      );
    const where = definition.namespaced ? (ref.namespace ?? namespace) : undefined;
    if (definition.namespaced && where === undefined)
      throw new CelError(
        'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
      );
    const { group: paramGroup, resource } = definition;
    if (ref.name) {
      const key = where === undefined ? ref.name : `${where}/${ref.name}`;
      const found = context.lookup(paramGroup, resource, key);
      return found === undefined ? [] : [found];
    }
    const selector = selectorFromLabelSelector(ref.selector);
    return context
      .items(paramGroup, resource, where)
      .filter(({ metadata }) => selector.matches(metadata.labels ?? {}));
  }

  function violations(one: Policy, request: AdmissionRequest, params: KubeObject | undefined): Violation[] {
    const base = admissionRequest(request, '');
    const { namespace, context, definition } = request;
    const home = definition.namespaced ? context.lookup('', 'namespaces', namespace ?? '') : undefined;
    const values = new Map<string, Value>([
      ['object', celValue(base['object'])],
      ['oldObject', celValue(base['oldObject'])],
      ['request', celValue(base)],
      ['params', celValue(params ?? null)],
      ['namespaceObject', celValue(home ?? null)],
    ]);
    new Variables(one.variables, values);
    const { failurePolicy } = one.policy.spec ?? {};
    const failed = (message: string): Violation[] =>
      failurePolicy === 'Ignore' ? [] : [{ message, reason: 'Invalid' }];
    const matched = conditionsMatch(one.conditions, () => values);
    if (matched.error !== undefined) return failed(matched.error);
    if (!matched.matches) return [];
    return one.rules.flatMap(({ validation, program, message }) => {
      const expression = (validation.expression ?? '').trim();
      const result = evaluate(program, values);
      if (result.error !== undefined)
        return failed(`expression '${expression}' resulted in error: ${result.error}`);
      if (result.value === true) return [];
      const said = message === undefined ? undefined : evaluate(message, values);
      const made = said?.error === undefined && typeof said?.value === 'string' ? said.value.trim() : '';
      const usable = made !== '' && !made.includes('\n') ? made : undefined;
      const text = usable ?? (validation.message || `failed expression: ${expression}`);
      return [{ message: text.trim(), reason: validation.reason || 'Invalid' }];
    });
  }

  function violationsUnder(
    one: Policy,
    binding: ValidatingAdmissionPolicyBinding,
    request: AdmissionRequest,
  ): Violation[] {
    const { failurePolicy } = one.policy.spec ?? {};
    const failed = (why: string): Violation[] =>
      failurePolicy === 'Ignore'
        ? []
        : [{ message: `failed to configure binding: ${why}`, reason: 'Invalid' }];
    try {
      const params = paramsOf(one.policy, binding.spec?.paramRef, request);
      if (params.length === 0) {
        const strict = binding.spec?.paramRef?.parameterNotFoundAction === 'Deny';
        return strict ? failed('no params found for policy binding with `Deny` parameterNotFoundAction') : [];
      }
      return params.flatMap((param) => violations(one, request, param));
    } catch (error) {
      if (error instanceof CelError) return failed(error.message);
      throw error;
    }
  }

  function refuse(request: AdmissionRequest, message: string, reason: string): never {
    const { definition, name } = request;
    const { status } = forbidden({ group: definition.group, resource: definition.resource }, name, message);
    throw fromStatus({
      ...status,
      reason: reason as never,
      code: codes[reason] ?? 422,
      details: { ...status.details, causes: [{ message }] },
    });
  }

  return {
    name: 'ValidatingAdmissionPolicy',
    connects: true,
    handles: (definition) => !concernsAdmission({ definition }),
    validate(request) {
      let first: { message: string; reason: string } | undefined;
      for (const one of all()) {
        if (!matches(one.policy.spec?.matchConstraints, request, false)) continue;
        for (const binding of one.bindings) {
          if (!matches(binding.spec?.matchResources, request, true)) continue;
          const [policyName, bindingName] = [one.policy.metadata.name, binding.metadata.name];
          for (const { message, reason } of violationsUnder(one, binding, request)) {
            const actions = binding.spec?.validationActions ?? [];
            const who = `ValidatingAdmissionPolicy '${policyName}' with binding '${bindingName}'`;
            if (actions.includes('Warn')) request.context.warn(`Validation failed for ${who}: ${message}`);
            if (actions.includes('Deny')) first ??= { message: `${who} denied request: ${message}`, reason };
          }
        }
      }
      if (first !== undefined) refuse(request, first.message, first.reason);
    },
  };
}
