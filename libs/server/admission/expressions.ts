import { getOwn } from '@drydock/base/apimachinery';
import {
  authorizerType,
  bool,
  CelCompileError,
  CelError,
  compileProgram,
  dyn,
  MapView,
  resourceCheckType,
  typeText,
} from '../cel/index.ts';
import type { Program, Type, Value } from '../cel/index.ts';
import { namespaceObjectType, patchTypes, requestType, variablesType } from './request-types.ts';

/** Kubernetes' limits of cost: on one expression, on all of one policy's, on all conditions. */
const perCallCostLimit = 1_000_000;
export const policyCostBudget = 10_000_000;
export const conditionsCostBudget = 2_500_000;

/** What an expression may use beside the request and its objects. */
export interface ExpressionScope {
  readonly params: boolean;
  readonly authorizer: boolean;
  /** What its policy works out first; undefined: there is no `variables`. */
  readonly variables?: ReadonlyMap<string, Type> | undefined;
  /** It makes changes to objects. */
  readonly changes?: boolean;
  /** What is known of the objects beforehand. Default: nothing. */
  readonly types?: { readonly object?: Type | undefined; readonly params?: Type | undefined };
}

function declarations({
  params,
  authorizer,
  variables,
  types = {},
}: ExpressionScope): ReadonlyMap<string, Type> {
  const all = new Map<string, Type>([
    ['object', types.object ?? dyn],
    ['oldObject', types.object ?? dyn],
    ['request', requestType],
    ['namespaceObject', namespaceObjectType],
  ]);
  if (params) all.set('params', types.params ?? dyn);
  if (authorizer) all.set('authorizer', authorizerType).set('authorizer.requestResource', resourceCheckType);
  if (variables !== undefined) all.set('variables', variablesType(variables));
  return all;
}

/** A JSON object: what is in it is converted when it is looked at. */
class JsonMap extends MapView {
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #seen = new Map<string, Value>();

  constructor(json: object) {
    super();
    this.#json = json as Record<string, unknown>;
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen;
    const value = getOwn(this.#json, key);
    if (value === undefined) return undefined;
    const made = celValue(value);
    this.#seen.set(key, made);
    return made;
  }

  keys(): readonly Value[] {
    return Object.keys(this.#json).filter((key) => this.#json[key] !== undefined);
  }

  get size(): number {
    return this.keys().length;
  }
}

/** A JSON value as expressions see it. It must not change while they do. */
export function celValue(value: unknown): Value {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return (value ?? null) as Value;
  return new JsonMap(value);
}

/** An expression, compiled or not. */
export interface Compiled {
  readonly source: string;
  readonly program: Program | undefined;
  /** Why there is no program. */
  readonly problem: string | undefined;
}

/**
 * Compiles an expression.
 * @param wanted the types that its value may have; undefined: any
 */
export function compile(source: string, scope: ExpressionScope, wanted?: readonly Type[]): Compiled {
  try {
    const messages = scope.changes === true ? patchTypes : undefined;
    const program = compileProgram(source, declarations(scope), messages);
    const type = typeText(program.type);
    const names = wanted?.map(typeText);
    if (names === undefined || names.includes(type)) return { source, program, problem: undefined };
    const which = names.length === 1 ? names[0] : `one of [${names.join(' ')}]`;
    return { source, program: undefined, problem: `must evaluate to ${which} but got ${type}` };
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return { source, program: undefined, problem: `compilation failed: ${error.message}` };
  }
}

/** The conditions of a webhook, or of a policy with parameters or without, compiled. */
export function compileConditions(
  conditions: readonly { readonly expression?: string }[] | undefined,
  params: boolean,
): readonly Compiled[] {
  return (conditions ?? []).map(({ expression = '' }) =>
    compile(expression, { params, authorizer: true }, [bool]),
  );
}

/** What is wrong with a condition; undefined when nothing is. */
export function conditionProblem(expression: string, params: boolean): string | undefined {
  return compileConditions([{ expression }], params)[0]?.problem;
}

/** The budget is used up. It ends all of a policy, so it is no error of an expression. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

/** What may still be spent. */
export class Budget {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  /** @throws OutOfBudget */
  spend(cost: number): void {
    if (cost > this.#left) throw new OutOfBudget();
    this.#left -= cost;
  }
}

/**
 * Runs an expression.
 * @throws CelError where it has no value; OutOfBudget
 */
export function run(program: Program, variables: ReadonlyMap<string, Value>, budget: Budget): Value {
  let cost = 0;
  let made: Value | undefined;
  let failed: CelError | undefined;
  try {
    made = program.evaluate(variables, perCallCostLimit, (spent) => (cost = spent)).value;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    failed = error;
  }
  budget.spend(cost);
  if (failed !== undefined) throw failed;
  return made!;
}

export type Evaluated =
  | { readonly value: Value; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: string };

/** `run`, where what goes wrong with the expression is told, in Kubernetes' words. @throws OutOfBudget */
export function evaluate(
  { source, program, problem }: Compiled,
  variables: ReadonlyMap<string, Value>,
  budget: Budget,
): Evaluated {
  if (program === undefined) return { error: `compilation error: ${problem ?? ''}` };
  try {
    return { value: run(program, variables, budget) };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { error: `expression '${source}' resulted in error: ${error.message}` };
  }
}

export type Matched = { readonly matches: boolean; readonly error?: string };

/** Whether all conditions hold. One that is false decides, whatever is wrong with others. */
export function conditionsMatch(
  conditions: readonly Compiled[],
  variables: () => ReadonlyMap<string, Value>,
): Matched {
  if (conditions.length === 0) return { matches: true };
  const values = variables();
  const budget = new Budget(conditionsCostBudget);
  const errors: string[] = [];
  try {
    for (const condition of conditions) {
      const result = evaluate(condition, values, budget);
      if (result.error !== undefined) errors.push(result.error);
      else if (result.value === false) return { matches: false };
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return { matches: false, error: error.message };
  }
  if (errors.length === 0) return { matches: true };
  return { matches: false, error: errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]` };
}
