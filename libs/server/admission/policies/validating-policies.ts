import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from '@drydock/api/admissionregistration/v1';
import { byteLength, forbidden, fromStatus } from '@drydock/base/apimachinery';
import type { Authorizer } from '../../authz/index.ts';
import { bool, scalar, string, type Value } from '../../cel/index.ts';
import { concernsAdmission, seenAs } from '../dispatch-rules.ts';
import {
  Budget,
  compile,
  compileConditions,
  conditionsMatch,
  evaluate,
  OutOfBudget,
  policyCostBudget,
  type Compiled,
} from '../expressions.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../types.ts';
import {
  boundPolicies,
  invocationsOf,
  matchingPairs,
  type Invocation,
  type Misconfigured,
  type PolicyDeps,
} from './policy-set.ts';
import { compileVariables, occasionValues, withVariables, type CompiledVariables } from './variables.ts';

interface Rule {
  readonly validation: Validation;
  readonly compiled: Compiled;
  readonly message: Compiled | undefined;
}

interface Annotation {
  readonly source: string;
  readonly compiled: Compiled;
}

interface CompiledPolicy {
  readonly conditions: readonly Compiled[];
  readonly variables: CompiledVariables;
  readonly rules: readonly Rule[];
  readonly annotations: readonly Annotation[];
}

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;

const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};
const maxMessageBytes = 5 * 1024;

function compilePolicy({ spec }: Policy): CompiledPolicy {
  const params = spec?.paramKind !== undefined;
  const variables = compileVariables(spec?.variables, { params });
  const scope = { params, authorizer: true, variables: variables.types };
  return {
    conditions: compileConditions(spec?.matchConditions, params),
    variables,
    rules: (spec?.validations ?? []).map((validation) => {
      const { expression = '', messageExpression = '' } = validation;
      return {
        validation,
        compiled: compile(expression, scope, [bool]),
        message:
          messageExpression === ''
            ? undefined
            : compile(messageExpression, { ...scope, authorizer: false }, [string]),
      };
    }),
    annotations: (spec?.auditAnnotations ?? []).map(({ valueExpression: source = '' }) => ({
      source,
      compiled: compile(source.trim(), scope, [string, scalar('null_type')]),
    })),
  };
}

/** What a policy finds wrong with a request. */
interface Violation {
  readonly message: string;
  readonly reason: string;
  /** The policy itself cannot be evaluated: refused whatever the binding's actions are. */
  readonly always?: boolean;
}

function failureOf(validation: Validation, said: Value | undefined): string {
  const text = typeof said === 'string' ? said.trim() : '';
  const usable = text !== '' && byteLength(text) <= maxMessageBytes && !text.includes('\n');
  if (usable) return text;
  return (validation.message ?? '').trim() || `failed expression: ${(validation.expression ?? '').trim()}`;
}

export interface ValidatingPolicyDeps extends PolicyDeps {
  readonly authorizer: Authorizer;
}

/** Kubernetes' ValidatingAdmissionPolicy: expressions say what may be written. */
export function validatingPolicies(deps: ValidatingPolicyDeps): AdmissionPlugin {
  const { cache, equivalents, authorizer } = deps;
  const all = boundPolicies<Policy, Binding, CompiledPolicy>(cache, {
    policies: 'validatingadmissionpolicies',
    bindings: 'validatingadmissionpolicybindings',
    compile: compilePolicy,
  });

  function violations(
    { policy, compiled, params }: Invocation<Policy, Binding, CompiledPolicy>,
    seen: AdmissionRequest,
    asked: AdmissionRequest,
  ): Violation[] {
    const ignores = policy.spec?.failurePolicy === 'Ignore';
    const failed = (message: string): Violation[] => (ignores ? [] : [{ message, reason: 'Invalid' }]);
    const values = occasionValues({ seen, asked, params, authorizer });
    const matched = conditionsMatch(compiled.conditions, () => values);
    if (matched.error !== undefined) return failed(matched.error);
    if (!matched.matches) return [];
    try {
      return [...rulesViolated(compiled, values, failed), ...annotationsFailed(compiled, values, ignores)];
    } catch (error) {
      if (error instanceof OutOfBudget) return failed(error.message);
      throw error;
    }
  }

  function rulesViolated(
    { rules, variables }: CompiledPolicy,
    values: ReadonlyMap<string, Value>,
    failed: (message: string) => Violation[],
  ): Violation[] {
    const budget = new Budget(policyCostBudget);
    const whole = withVariables(values, variables, budget);
    const results = rules.map(({ compiled }) => evaluate(compiled, whole, budget));
    const forMessages = withVariables(values, variables, budget);
    return results.flatMap((result, index) => {
      if (result.error !== undefined) return failed(result.error);
      if (result.value === true) return [];
      const { validation, message } = rules[index]!;
      try {
        const said = message === undefined ? undefined : evaluate(message, forMessages, budget).value;
        return [{ message: failureOf(validation, said), reason: validation.reason || 'Invalid' }];
      } catch (error) {
        if (error instanceof OutOfBudget) return failed(`failed messageExpression: ${error.message}`);
        throw error;
      }
    });
  }

  /** There is no audit log to write to, but an annotation that cannot be made refuses the request all the same. */
  function annotationsFailed(
    { annotations, variables }: CompiledPolicy,
    values: ReadonlyMap<string, Value>,
    ignores: boolean,
  ): Violation[] {
    const budget = new Budget(policyCostBudget);
    const whole = withVariables(values, variables, budget);
    return annotations.flatMap(({ compiled }) => {
      const { error } = evaluate(compiled, whole, budget);
      return error === undefined || ignores ? [] : [{ message: error, reason: 'Invalid', always: true }];
    });
  }

  async function run(
    pairs: ReturnType<typeof matchingPairs<Policy, Binding, CompiledPolicy>>,
    request: AdmissionRequest,
  ): Promise<void> {
    const denials: { readonly message: string; readonly reason: string }[] = [];
    const deny = (who: string, { message, reason }: Violation): void =>
      void denials.push({ message: `${who} denied request: ${message}`, reason });
    for (const one of await invocationsOf(pairs, request, deps)) {
      if (isMisconfigured(one)) {
        if (one.policy.spec?.failurePolicy !== 'Ignore')
          deny(nameOf(one), { message: one.message, reason: 'Invalid' });
        continue;
      }
      const seen = await seenAs(request, one.definition, equivalents);
      const actions = one.binding.spec?.validationActions ?? [];
      for (const violation of violations(one, seen, request)) {
        if (violation.always === true || actions.includes('Deny')) deny(nameOf(one), violation);
        if (violation.always !== true && actions.includes('Warn'))
          request.context.warn(`Validation failed for ${nameOf(one)}: ${violation.message}`);
      }
    }
    const [first] = denials;
    if (first !== undefined) refuse(request, first.message, first.reason);
  }

  return {
    name: 'ValidatingAdmissionPolicy',
    connects: true,
    handles: (definition) => !concernsAdmission(definition),
    validate(request) {
      const bound = all();
      if (bound.length === 0) return undefined;
      const pairs = matchingPairs(bound, request, equivalents);
      return pairs.length === 0 ? undefined : run(pairs, request);
    },
  };
}

function isMisconfigured<P, B, C>(
  one: Invocation<P, B, C> | Misconfigured<P, B>,
): one is Misconfigured<P, B> {
  return 'message' in one;
}

function nameOf({ policy, binding }: { policy: Policy; binding: Binding | undefined }): string {
  const who = `ValidatingAdmissionPolicy '${policy.metadata.name}'`;
  return binding === undefined ? who : `${who} with binding '${binding.metadata.name}'`;
}

function refuse({ definition, name }: AdmissionRequest, message: string, reason: string): never {
  const { status } = forbidden({ group: definition.group, resource: definition.resource }, name, message);
  throw fromStatus({
    ...status,
    reason: reason as never,
    code: codes[reason] ?? 422,
    details: { ...status.details, causes: [{ message }] },
  });
}
