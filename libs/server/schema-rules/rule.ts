import { CelCompileError, compileProgram, optionalOf, type Program, type Type } from '../cel/index.ts';
import type { ValidationRule } from '../structural-schema/index.ts';

/** One rule, compiled; or why it cannot be. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: Program | undefined;
  readonly error: string | undefined;
  readonly message: Program | undefined;
  readonly messageError: string | undefined;
  readonly usesOldSelf: boolean;
}

function tryCompile(source: string, variables: ReadonlyMap<string, Type>): Program | string {
  try {
    return compileProgram(source, variables);
  } catch (error) {
    if (error instanceof CelCompileError) return error.message;
    throw error;
  }
}

/** Compiles the rule of a schema whose values are of type `self`. */
export function compileRule(rule: ValidationRule, self: Type): CompiledRule {
  const variables = new Map<string, Type>([
    ['self', self],
    ['oldSelf', rule.optionalOldSelf === true ? optionalOf(self) : self],
  ]);
  let program = tryCompile(rule.rule, variables);
  let error: string | undefined;
  if (typeof program === 'string') error = `compilation failed: ${program}`;
  else if (program.type.kind !== 'bool') error = 'cel expression must evaluate to a bool';
  let message: Program | string | undefined;
  let messageError: string | undefined;
  const text = rule.messageExpression ?? '';
  if (text.trim() !== '') {
    message = tryCompile(text, variables);
    if (typeof message === 'string') messageError = `messageExpression compilation failed: ${message}`;
    else if (message.type.kind !== 'string') messageError = 'messageExpression must evaluate to a string';
  }
  if (error !== undefined) program = '';
  return {
    rule,
    program: typeof program === 'string' ? undefined : program,
    error,
    message: typeof message === 'string' || messageError !== undefined ? undefined : message,
    messageError,
    usesOldSelf: typeof program !== 'string' && program.uses.has('oldSelf'),
  };
}
