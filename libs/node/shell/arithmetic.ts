import { ShellSyntaxError } from './syntax.ts';

export interface Variables {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

const tokenPattern =
  /\s*(?:(0[xX][\da-fA-F]+|\d+)|([A-Za-z_]\w*)|(\*\*|<<=|>>=|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||\+\+|--|[-+*/%()<>=!~&|^?:,]))/y;

const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

function divide(left: number, right: number): number {
  if (right === 0) throw new ShellSyntaxError('divide by zero');
  return Math.trunc(left / right);
}

function apply(operator: string, left: number, right: number): number {
  switch (operator) {
    case '||':
      return left !== 0 || right !== 0 ? 1 : 0;
    case '&&':
      return left !== 0 && right !== 0 ? 1 : 0;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '&':
      return left & right;
    case '==':
      return left === right ? 1 : 0;
    case '!=':
      return left !== right ? 1 : 0;
    case '<':
      return left < right ? 1 : 0;
    case '>':
      return left > right ? 1 : 0;
    case '<=':
      return left <= right ? 1 : 0;
    case '>=':
      return left >= right ? 1 : 0;
    case '<<':
      return left << right;
    case '>>':
      return left >> right;
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return divide(left, right);
    case '%':
      return left - divide(left, right) * right;
    default:
      throw new ShellSyntaxError('arithmetic syntax error');
  }
}

/** Evaluates the inside of `$(( ))`: integers, variables, assignments. Throws ShellSyntaxError. */
export function evaluate(text: string, variables: Variables): number {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const from = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) {
      if (text.slice(from).trim() === '') break;
      throw new ShellSyntaxError('arithmetic syntax error');
    }
    tokens.push(match[0].trim());
  }
  let at = 0;
  const next = () => tokens[at];

  function valueOf(name: string): number {
    const value = (variables.get(name) ?? '').trim();
    if (value === '') return 0;
    const number = Number(value);
    if (!Number.isInteger(number)) throw new ShellSyntaxError('arithmetic syntax error');
    return number;
  }

  function primary(): number {
    const token = tokens[at++];
    if (token === undefined) throw new ShellSyntaxError('arithmetic syntax error');
    if (token === '(') {
      const value = comma();
      if (tokens[at++] !== ')') throw new ShellSyntaxError('arithmetic syntax error');
      return value;
    }
    if (token === '-') return -primary();
    if (token === '+') return primary();
    if (token === '!') return primary() === 0 ? 1 : 0;
    if (token === '~') return ~primary();
    if (token === '++' || token === '--') {
      const name = tokens[at++] ?? '';
      const value = valueOf(name) + (token === '++' ? 1 : -1);
      variables.set(name, String(value));
      return value;
    }
    if (/^\d/.test(token)) {
      return /^0\d/.test(token) ? Number.parseInt(token, 8) : Number(token);
    }
    if (!/^\w+$/.test(token)) throw new ShellSyntaxError('arithmetic syntax error');
    const after = next();
    if (after === '++' || after === '--') {
      at++;
      const value = valueOf(token);
      variables.set(token, String(value + (after === '++' ? 1 : -1)));
      return value;
    }
    return valueOf(token);
  }

  function power(): number {
    const base = primary();
    if (next() !== '**') return base;
    at++;
    return base ** power();
  }

  function binary(level: number): number {
    const operators = levels[level];
    if (operators === undefined) return power();
    let left = binary(level + 1);
    for (let operator = next(); operator !== undefined && operators.includes(operator); operator = next()) {
      at++;
      left = apply(operator, left, binary(level + 1));
    }
    return left;
  }

  function ternary(): number {
    const condition = binary(0);
    if (next() !== '?') return condition;
    at++;
    const yes = assignment();
    if (tokens[at++] !== ':') throw new ShellSyntaxError('arithmetic syntax error');
    const no = assignment();
    return condition !== 0 ? yes : no;
  }

  function assignment(): number {
    const name = next() ?? '';
    const operator = tokens[at + 1] ?? '';
    if (/^[A-Za-z_]/.test(name) && /^([-+*/%&|^]|<<|>>)?=$/.test(operator)) {
      at += 2;
      const right = assignment();
      const value = operator === '=' ? right : apply(operator.slice(0, -1), valueOf(name), right);
      variables.set(name, String(value));
      return value;
    }
    return ternary();
  }

  function comma(): number {
    let value = assignment();
    while (next() === ',') {
      at++;
      value = assignment();
    }
    return value;
  }

  if (tokens.length === 0) return 0;
  const value = comma();
  if (at < tokens.length) throw new ShellSyntaxError('arithmetic syntax error');
  return Math.trunc(value);
}
