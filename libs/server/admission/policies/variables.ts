import type { Variable } from '@drydock/api/admissionregistration/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import { CelError, dyn, ObjectView, type Type, type Value } from '../../cel/index.ts';
import { accessVariables } from '../access.ts';
import { requestAttributes, reviewedObjects } from '../admission-review.ts';
import { isNamespace } from '../dispatch-rules.ts';
import { celValue, compile, run, type Budget, type Compiled, type ExpressionScope } from '../expressions.ts';
import type { AdmissionRequest } from '../types.ts';
import type { Authorizer } from '../../authz/index.ts';

/** A policy's variables, compiled. */
export interface CompiledVariables {
  readonly programs: ReadonlyMap<string, Compiled>;
  readonly types: ReadonlyMap<string, Type>;
}

/** Compiles variables, each knowing those before it. */
export function compileVariables(
  variables: readonly Variable[] | undefined,
  scope: Pick<ExpressionScope, 'params' | 'types'>,
): CompiledVariables {
  const programs = new Map<string, Compiled>();
  const types = new Map<string, Type>();
  for (const { name = '', expression = '' } of variables ?? []) {
    const made = compile(expression, { ...scope, authorizer: true, variables: new Map(types) });
    programs.set(name, made);
    types.set(name, made.program?.type ?? dyn);
  }
  return { programs, types };
}

/** `variables`: each is worked out when it is first asked for. */
class LazyVariables extends ObjectView {
  readonly #programs: ReadonlyMap<string, Compiled>;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #budget: Budget;
  readonly #known = new Map<string, Value>();

  constructor(programs: ReadonlyMap<string, Compiled>, values: ReadonlyMap<string, Value>, budget: Budget) {
    super();
    this.#programs = programs;
    this.#values = values;
    this.#budget = budget;
  }

  names(): readonly string[] {
    return [...this.#programs.keys()];
  }

  field(name: string): Value | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const compiled = this.#programs.get(name);
    if (compiled === undefined) return undefined;
    if (compiled.program === undefined)
      throw new CelError(`composited variable "${name}" fails to compile: ${compiled.problem ?? ''}`);
    try {
      const made = run(compiled.program, this.#values, this.#budget);
      this.#known.set(name, made);
      return made;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      throw new CelError(`composited variable "${name}" fails to evaluate: ${error.message}`);
    }
  }
}

/** What expressions may see of a Namespace. */
function namespaceObject({ metadata, ...namespace }: KubeObject): Value {
  const { managedFields: _managed, ownerReferences: _owners, uid, ...kept } = metadata;
  const { spec, status } = namespace as { spec?: unknown; status?: unknown };
  return celValue({ metadata: { ...kept, ...(uid === undefined ? {} : { UID: uid }) }, spec, status });
}

/** Who and what a policy's expressions are evaluated for. */
export interface Occasion {
  /** In the version that the policy knows. */
  readonly seen: AdmissionRequest;
  /** As it came. */
  readonly asked: AdmissionRequest;
  /** Null where the policy has none. */
  readonly params: KubeObject | null;
  readonly authorizer: Authorizer;
}

/** What the expressions of a policy start from: everything but `variables`. */
export function occasionValues({ seen, asked, params, authorizer }: Occasion): Map<string, Value> {
  const { definition, namespace, context } = asked;
  const home =
    definition.namespaced && !isNamespace(definition)
      ? context.lookup('', 'namespaces', namespace ?? '')
      : undefined;
  const { object, oldObject } = reviewedObjects(seen);
  return new Map<string, Value>([
    ['object', celValue(object)],
    ['oldObject', celValue(oldObject)],
    ['request', celValue(requestAttributes(seen, '', asked))],
    ['params', celValue(params)],
    ['namespaceObject', home === undefined ? null : namespaceObject(home)],
    ...accessVariables(asked, authorizer),
  ]);
}

/** The values with `variables`, which are worked out on this budget. */
export function withVariables(
  values: ReadonlyMap<string, Value>,
  { programs }: CompiledVariables,
  budget: Budget,
): ReadonlyMap<string, Value> {
  const all = new Map(values);
  all.set('variables', new LazyVariables(programs, all, budget));
  return all;
}
