import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '@drydock/api/admissionregistration/v1';
import { deepEqual, forbidden, fromStatus, internalError } from '@drydock/base/apimachinery';
import type { Authorizer } from '../../authz/index.ts';
import { shownObject } from '../admission-review.ts';
import { concernsAdmission, seenAs } from '../dispatch-rules.ts';
import { compile, compileConditions, conditionsMatch, OutOfBudget, type Compiled } from '../expressions.ts';
import { takePatched } from '../patched-object.ts';
import { reinvocationOf } from '../reinvocation.ts';
import { appliedType, patchListType } from '../request-types.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../types.ts';
import { mutate, MutationError, type CompiledMutation } from './mutations.ts';
import {
  boundPolicies,
  invocationsOf,
  matchingPairs,
  type Invocation,
  type PolicyDeps,
} from './policy-set.ts';
import { compileVariables, occasionValues, type CompiledVariables } from './variables.ts';

interface CompiledPolicy {
  readonly conditions: readonly Compiled[];
  readonly variables: CompiledVariables;
  readonly mutations: readonly CompiledMutation[];
}

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

const name = 'MutatingAdmissionPolicy';

function compilePolicy({ spec }: Policy): CompiledPolicy {
  const params = spec?.paramKind !== undefined;
  const variables = compileVariables(spec?.variables, { params });
  const scope = { params, authorizer: true, variables: variables.types, changes: true };
  return {
    conditions: compileConditions(spec?.matchConditions, params),
    variables,
    mutations: (spec?.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) => ({
      patchType,
      compiled:
        patchType === 'JSONPatch'
          ? compile(jsonPatch?.expression ?? '', scope, [patchListType])
          : compile(applyConfiguration?.expression ?? '', scope, [appliedType]),
    })),
  };
}

export interface MutatingPolicyDeps extends PolicyDeps {
  readonly authorizer: Authorizer;
}

interface Problem {
  readonly message: string;
  readonly reason: string;
}

/** Kubernetes' MutatingAdmissionPolicy: expressions change what is written, before webhooks do. */
export function mutatingPolicies(deps: MutatingPolicyDeps): AdmissionPlugin {
  const { cache, equivalents, authorizer } = deps;
  const all = boundPolicies<Policy, Binding, CompiledPolicy>(cache, {
    policies: 'mutatingadmissionpolicies',
    bindings: 'mutatingadmissionpolicybindings',
    compile: compilePolicy,
  });

  /** All changes of one policy, one after the other. Answers what went wrong. */
  async function change(
    invocation: Invocation<Policy, Binding, CompiledPolicy>,
    request: AdmissionRequest,
  ): Promise<string[]> {
    const { compiled, params, definition } = invocation;
    const problems: string[] = [];
    for (const mutation of compiled.mutations) {
      const seen = await seenAs(request, definition, equivalents);
      const values = occasionValues({ seen, asked: request, params, authorizer });
      try {
        const made = mutate(mutation, compiled.variables, values, shownObject(seen), seen);
        if (made === undefined) continue;
        await take(request, seen, made, mutation.patchType === 'JSONPatch');
      } catch (error) {
        if (!(error instanceof MutationError) && !(error instanceof OutOfBudget)) throw error;
        problems.push(error.message);
      }
    }
    return problems;
  }

  async function take(
    request: AdmissionRequest,
    seen: AdmissionRequest,
    made: AdmissionRequest['object'],
    strict: boolean,
  ): Promise<void> {
    try {
      await takePatched(request, seen, made, equivalents, strict);
    } catch (error) {
      throw internalError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async function run(
    pairs: ReturnType<typeof matchingPairs<Policy, Binding, CompiledPolicy>>,
    request: AdmissionRequest,
  ): Promise<void> {
    const rounds = reinvocationOf(request);
    const invocations = rounds.of(name);
    invocations.enter(rounds.isSecond, request.object);
    const problems: Problem[] = [];
    for (const one of await invocationsOf(pairs, request, deps)) {
      const fails = one.policy.spec?.failurePolicy !== 'Ignore';
      const failed = (message: string, reason: string): void => {
        if (fails) problems.push({ message: `${nameOf(one)} denied request: ${message}`, reason });
      };
      if ('message' in one) {
        failed(one.message, 'Forbidden');
        continue;
      }
      const { policy, binding, params } = one;
      const matched = await meets(one, request);
      if (matched.error !== undefined) failed(matched.error, 'Invalid');
      if (!matched.matches) continue;
      const { namespace = '', name: param = '' } = params?.metadata ?? {};
      const key = JSON.stringify([policy.metadata.name, binding.metadata.name, namespace, param]);
      if (rounds.isSecond && !invocations.isDue(key)) continue;
      const before = shownObject(request);
      const snapshot = structuredClone(before);
      for (const problem of await change(one, request)) failed(problem, 'Invalid');
      if (!deepEqual(snapshot, shownObject(request))) {
        invocations.changed();
        rounds.want();
      }
      if (policy.spec?.reinvocationPolicy === 'IfNeeded') invocations.asked(key);
    }
    invocations.leave(request.object);
    if (problems.length > 0) refuse(request, problems);
  }

  async function meets(
    { compiled, definition, params }: Invocation<Policy, Binding, CompiledPolicy>,
    request: AdmissionRequest,
  ): Promise<ReturnType<typeof conditionsMatch>> {
    if (compiled.conditions.length === 0) return { matches: true };
    const seen = await seenAs(request, definition, equivalents);
    return conditionsMatch(compiled.conditions, () =>
      occasionValues({ seen, asked: request, params, authorizer }),
    );
  }

  return {
    name,
    handles: (definition, _subresource, operation) =>
      !concernsAdmission(definition) && (operation === 'CREATE' || operation === 'UPDATE'),
    admit(request) {
      const bound = all();
      if (bound.length === 0) return undefined;
      const pairs = matchingPairs(bound, request, equivalents);
      return pairs.length === 0 ? undefined : run(pairs, request);
    },
  };
}

function nameOf({ policy, binding }: { policy: Policy; binding: Binding | undefined }): string {
  const { name: who } = policy.metadata;
  return binding === undefined
    ? `policy "${who}"`
    : `policy '${who}' with binding '${binding.metadata.name}'`;
}

/** All that went wrong is told, under the first one's name. */
function refuse({ definition, name: object }: AdmissionRequest, problems: readonly Problem[]): never {
  const { status } = forbidden({ group: definition.group, resource: definition.resource }, object, '');
  const [first] = problems;
  throw fromStatus({
    ...status,
    message: first?.message ?? '',
    reason: first?.reason as never,
    details: { ...status.details, causes: problems.map(({ message }) => ({ message })) },
  });
}
