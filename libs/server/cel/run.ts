import { CelError, typeNameOf, type Value } from './values.ts';

/** One evaluation: its variables, what it has cost so far and what it may cost. */
export interface Run {
  readonly variables: Map<string, Value>;
  cost: number;
  readonly limit: number;
}

/** The evaluation was ended because it cost too much. */
export class CelCostError extends CelError {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

/** A compiled expression. Throws a CelError. */
export type Evaluator = (run: Run) => Value;

export function charge(run: Run, cost: number): void {
  run.cost += cost;
  if (run.cost > run.limit) throw new CelCostError();
}

/** Swallows what can be absorbed; running out of budget cannot. */
export function absorb(error: unknown): CelError {
  if (error instanceof CelCostError || !(error instanceof CelError)) throw error;
  return error;
}

export function noOverload(name: string, ...values: readonly Value[]): CelError {
  return new CelError(`no such overload: ${name}(${values.map(typeNameOf).join(', ')})`);
}

export function truth(value: Value, operator: string): boolean {
  if (typeof value === 'boolean') return value;
  throw noOverload(operator, value);
}
