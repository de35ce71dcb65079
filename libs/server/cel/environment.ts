import { check, type Checked, type Messages, type Variables } from './checker.ts';
import { compileExpression } from './evaluate.ts';
import type { Evaluator } from './run.ts';
import { joinLibraries } from './library.ts';
import { authorizationLibrary } from './libraries/authorization.ts';
import { jsonPatchLibrary } from './libraries/json-patch.ts';
import { kubernetesLibrary } from './libraries/kubernetes.ts';
import { listsLibrary } from './libraries/lists.ts';
import { networkLibrary } from './libraries/network.ts';
import { optionalLibrary } from './libraries/optional.ts';
import { semverLibrary } from './libraries/semver.ts';
import { standardLibrary } from './libraries/standard.ts';
import { stringsLibrary } from './libraries/strings.ts';
import { timeLibrary } from './libraries/time.ts';
import { parse } from './parser.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

/** Everything that Kubernetes' expressions may call. */
export const kubernetesFunctions = joinLibraries(
  standardLibrary,
  timeLibrary,
  optionalLibrary,
  stringsLibrary,
  listsLibrary,
  kubernetesLibrary,
  semverLibrary,
  networkLibrary,
  authorizationLibrary,
);

const withMessages = joinLibraries(kubernetesFunctions, jsonPatchLibrary);

/** What an evaluation gave and what it cost. */
export interface Outcome {
  readonly value: Value;
  readonly cost: number;
}

/** A compiled expression. */
export interface Program {
  readonly source: string;
  /** The type of its value. */
  readonly type: Type;
  /** Names of the variables it uses. */
  readonly uses: ReadonlySet<string>;
  readonly checked: Checked;
  /**
   * Evaluates it.
   * @param spent where the cost is told, also when it fails
   * @throws CelError; CelCostError when it would cost more than `costLimit`
   */
  evaluate(variables: ReadonlyMap<string, Value>, costLimit: number, spent?: (cost: number) => void): Outcome;
}

/**
 * Parses, checks and compiles an expression.
 * @param messages the types that it may make values of, where it is to change objects
 * @throws CelCompileError with cel-go's messages
 */
export function compileProgram(source: string, variables: Variables, messages?: Messages): Program {
  const functions = messages === undefined ? kubernetesFunctions : withMessages;
  const checked = check(source, parse(source), functions, variables, messages);
  let evaluator: Evaluator | undefined;
  return {
    source,
    type: checked.type,
    uses: checked.used,
    checked,
    evaluate(values, costLimit, spent) {
      evaluator ??= compileExpression(checked.expression, functions);
      const run = { variables: new Map(values), cost: 0, limit: costLimit };
      try {
        return { value: evaluator(run), cost: run.cost };
      } finally {
        spent?.(run.cost);
      }
    },
  };
}
