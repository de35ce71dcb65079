import type { Value } from './values.ts';

/** An expression. `at` is its place in the text, as cel-go tells it in errors. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: Value; readonly at: number }
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  | {
      readonly kind: 'select';
      readonly operand: Expression;
      readonly field: string;
      /** `has(a.b)` */
      readonly test: boolean;
      /** `a.?b` */
      readonly optional: boolean;
      readonly at: number;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly target: Expression | undefined;
      readonly args: readonly Expression[];
      readonly at: number;
    }
  | {
      readonly kind: 'list';
      readonly items: readonly Expression[];
      readonly optionals: ReadonlySet<number>;
      readonly at: number;
    }
  | { readonly kind: 'map'; readonly entries: readonly MapEntry[]; readonly at: number }
  /** `Name{field: value}` */
  | {
      readonly kind: 'message';
      readonly name: string;
      readonly fields: readonly MessageField[];
      readonly at: number;
    }
  | Fold
  | {
      /** `cel.bind(name, value, body)`, and what `optMap` does with a value that is there. */
      readonly kind: 'bind';
      readonly form: 'bind' | 'optMap' | 'optFlatMap';
      readonly name: string;
      readonly value: Expression;
      readonly body: Expression;
      readonly at: number;
    };

export interface MapEntry {
  readonly key: Expression;
  readonly value: Expression;
  readonly optional: boolean;
}

export interface MessageField {
  readonly name: string;
  readonly value: Expression;
  readonly optional: boolean;
  /** The place of its colon. */
  readonly at: number;
}

/** A macro that walks along a list or a map. */
export interface Fold {
  readonly kind: 'fold';
  readonly form: FoldForm;
  readonly range: Expression;
  /** One variable, or index and value, or key and value. */
  readonly names: readonly string[];
  readonly filter: Expression | undefined;
  readonly body: Expression;
  readonly at: number;
}

export type FoldForm =
  | 'all'
  | 'exists'
  | 'exists_one'
  | 'map'
  | 'filter'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry'
  | 'sortBy';

/** `a.b.c` as one name; undefined for anything else. */
export function qualifiedName(expression: Expression): string | undefined {
  if (expression.kind === 'name') return expression.name;
  if (expression.kind !== 'select' || expression.test || expression.optional) return undefined;
  const operand = qualifiedName(expression.operand);
  return operand === undefined ? undefined : `${operand}.${expression.field}`;
}

/** What is wrong with the text of an expression. */
export interface Issue {
  readonly at: number;
  readonly message: string;
}

/** An expression that cannot be compiled. The message is all issues as cel-go prints them. */
export class CelCompileError extends Error {
  override readonly name = 'CelCompileError';
  readonly issues: readonly Issue[];

  constructor(text: string, issues: readonly Issue[]) {
    super(issues.map((issue) => printIssue(text, issue)).join('\n'));
    this.issues = issues;
  }
}

function printIssue(text: string, { at, message }: Issue): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const end = text.indexOf('\n', at);
  const source = text.slice(start, end < 0 ? undefined : end).replaceAll('\t', ' ');
  const column = at - start;
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${source}\n | ${'.'.repeat(column)}^`;
}

/** Thrown within the room to end the compilation at one issue. */
export class IssueError extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}
