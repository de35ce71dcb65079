import {
  bool,
  CelCompileError,
  CelCostError,
  CelError,
  compileProgram,
  dyn,
  PlainMap,
} from '../cel/index.ts';
import type { Program, Type, Value } from '../cel/index.ts';

/** Kubernetes' limit on one expression of a policy. */
export const perCallCostLimit = 1_000_000;

/** What expressions of policies and match conditions may use. What they hold is known when they run. */
export const admissionVariables: ReadonlyMap<string, Type> = new Map(
  ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables', 'authorizer'].map((name) => [
    name,
    dyn,
  ]),
);

/** A JSON value as expressions see it. */
export function celValue(value: unknown): Value {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return (value ?? null) as Value;
  return new PlainMap(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .map(([key, one]): [Value, Value] => [key, celValue(one)]),
  );
}

/** The program, or why there is none. */
export function tryCompile(expression: string): Program | string {
  try {
    return compileProgram(expression, admissionVariables);
  } catch (error) {
    if (error instanceof CelCompileError) return error.message;
    throw error;
  }
}

/** What is wrong with an expression that must say yes or no; undefined when nothing is. */
export function conditionProblem(expression: string): string | undefined {
  // Asking the authorizer is not known to the checker: such expressions are left to be found wrong when they run.
  if (/\bauthorizer\b/.test(expression)) return undefined;
  const program = tryCompile(expression);
  if (typeof program === 'string') return `compilation failed: ${program}`;
  const { kind } = program.type;
  return kind === bool.kind || kind === dyn.kind ? undefined : 'must evaluate to bool';
}

export type Evaluated =
  | { readonly value: Value; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: string };

/** Runs an expression. Whatever goes wrong is told, never thrown. */
export function evaluate(program: Program | string, variables: ReadonlyMap<string, Value>): Evaluated {
  if (typeof program === 'string') return { error: `compilation failed: ${program}` };
  try {
    return { value: program.evaluate(variables, perCallCostLimit).value };
  } catch (error) {
    if (error instanceof CelCostError)
      return {
        error: 'validation failed due to running out of cost budget, no further validation rules will be run',
      };
    if (error instanceof CelError) return { error: error.message };
    throw error;
  }
}

export interface MatchCondition {
  readonly name?: string;
  readonly expression?: string;
}

export type Matched = { readonly matches: boolean; readonly error?: string };

/** Whether all conditions hold. One that is false decides, whatever is wrong with others. */
export function conditionsMatch(
  conditions: readonly (MatchCondition & { readonly program: Program | string })[],
  variables: () => ReadonlyMap<string, Value>,
): Matched {
  if (conditions.length === 0) return { matches: true };
  const values = variables();
  const errors: string[] = [];
  for (const { program } of conditions) {
    const result = evaluate(program, values);
    if (result.error !== undefined) errors.push(result.error);
    else if (result.value !== true) return { matches: false };
  }
  return errors.length === 0 ? { matches: true } : { matches: false, error: errors.join(', ') };
}
