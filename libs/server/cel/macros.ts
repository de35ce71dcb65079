import { IssueError, type Expression, type FoldForm } from './syntax.ts';

function nameOf(expression: Expression, at: number): string {
  if (expression.kind === 'name') return expression.name;
  throw new IssueError(expression.at || at, 'argument must be a simple name');
}

function fold(
  form: FoldForm,
  range: Expression,
  names: readonly Expression[],
  filter: Expression | undefined,
  body: Expression,
  at: number,
): Expression {
  return { kind: 'fold', form, range, names: names.map((name) => nameOf(name, at)), filter, body, at };
}

/** A call that is a macro, expanded; undefined for functions. Throws an IssueError when it is used wrongly. */
export function expandMacro(
  name: string,
  target: Expression | undefined,
  args: readonly Expression[],
  at: number,
): Expression | undefined {
  const [a, b, c, d] = args;
  if (target === undefined) {
    if (name !== 'has' || args.length !== 1 || a === undefined) return undefined;
    if (a.kind !== 'select') throw new IssueError(a.at, 'invalid argument to has() macro');
    return { ...a, test: true };
  }
  if (target.kind === 'name' && target.name === 'cel' && name === 'bind' && args.length === 3)
    return { kind: 'bind', form: 'bind', name: nameOf(a!, at), value: b!, body: c!, at };
  switch (name) {
    case 'all':
    case 'exists':
    case 'exists_one':
    case 'existsOne': {
      const form = name === 'existsOne' ? 'exists_one' : name;
      if (args.length === 2) return fold(form, target, [a!], undefined, b!, at);
      return args.length === 3 ? fold(form, target, [a!, b!], undefined, c!, at) : undefined;
    }
    case 'filter':
      return args.length === 2 ? fold('filter', target, [a!], undefined, b!, at) : undefined;
    case 'sortBy':
      return args.length === 2 ? fold('sortBy', target, [a!], undefined, b!, at) : undefined;
    case 'map':
      if (args.length === 2) return fold('map', target, [a!], undefined, b!, at);
      return args.length === 3 ? fold('map', target, [a!], b, c!, at) : undefined;
    case 'transformList':
    case 'transformMap':
    case 'transformMapEntry':
      if (args.length === 3) return fold(name, target, [a!, b!], undefined, c!, at);
      return args.length === 4 ? fold(name, target, [a!, b!], c, d!, at) : undefined;
    case 'optMap':
    case 'optFlatMap':
      if (args.length !== 2) return undefined;
      return { kind: 'bind', form: name, name: nameOf(a!, at), value: target, body: b!, at };
    default:
      return undefined;
  }
}
