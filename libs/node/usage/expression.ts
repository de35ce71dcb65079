import { tryParseQuantity } from '@drydock/base/apimachinery';

/** A value over time: `t` in seconds. */
export type Curve = (t: number) => number;

export class UsageSyntaxError extends Error {
  override readonly name = 'UsageSyntaxError';
}

const functions: Readonly<Record<string, (...values: number[]) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  cos: Math.cos,
  exp: Math.exp,
  floor: Math.floor,
  max: Math.max,
  min: Math.min,
  pow: Math.pow,
  sin: Math.sin,
  sqrt: Math.sqrt,
  /** 1 from `from` until `to`, otherwise 0. */
  between: (t = 0, from = 0, to = 0) => (t >= from && t < to ? 1 : 0),
};
const constants: Readonly<Record<string, number>> = { pi: Math.PI };
const token = /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[KMGTPE]i|[numkMGTPE])?)|([a-zA-Z]+)|([-+*/%(),]))/y;
const maxLength = 1000;
const maxDepth = 50;

/**
 * Compiles an expression of `t` with + - * / %, parentheses, functions and quantities (`200m + 100m*sin(2*pi*t/600)`).
 * @throws UsageSyntaxError
 */
export function parseExpression(text: string): Curve {
  if (text.length > maxLength) throw new UsageSyntaxError('the expression is too long');
  const tokens: string[] = [];
  token.lastIndex = 0;
  const whole = text.trimEnd();
  while (token.lastIndex < whole.length) {
    const at = token.lastIndex;
    const match = token.exec(whole);
    if (match === null) throw new UsageSyntaxError(`unexpected ${JSON.stringify(whole.slice(at, at + 10))}`);
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  let next = 0;
  const take = (wanted: string) => {
    if (tokens[next] !== wanted) throw new UsageSyntaxError(`expected ${wanted}`);
    next++;
  };

  function primary(depth: number): Curve {
    if (depth > maxDepth) throw new UsageSyntaxError('the expression is nested too deep');
    const one = tokens[next++];
    if (one === undefined) throw new UsageSyntaxError('the expression ends too early');
    if (one === '-') {
      const value = primary(depth + 1);
      return (t) => -value(t);
    }
    if (one === '(') {
      const value = sum(depth + 1);
      take(')');
      return value;
    }
    if (/^\d/.test(one)) {
      const quantity = tryParseQuantity(one);
      if (quantity === undefined) throw new UsageSyntaxError(`${one} is not a quantity`);
      const value = quantity.toNumber();
      return () => value;
    }
    if (one === 't') return (t) => t;
    if (Object.hasOwn(constants, one)) {
      const value = constants[one] ?? 0;
      return () => value;
    }
    const call = Object.hasOwn(functions, one) ? functions[one] : undefined;
    if (call === undefined) throw new UsageSyntaxError(`unknown name ${JSON.stringify(one)}`);
    take('(');
    const given = [sum(depth + 1)];
    while (tokens[next] === ',') {
      next++;
      given.push(sum(depth + 1));
    }
    take(')');
    return (t) => call(...given.map((value) => value(t)));
  }

  function product(depth: number): Curve {
    let left = primary(depth);
    for (;;) {
      const operator = tokens[next];
      if (operator !== '*' && operator !== '/' && operator !== '%') return left;
      next++;
      const [a, b] = [left, primary(depth)];
      left =
        operator === '*' ? (t) => a(t) * b(t) : operator === '/' ? (t) => a(t) / b(t) : (t) => a(t) % b(t);
    }
  }

  function sum(depth: number): Curve {
    let left = product(depth);
    for (;;) {
      const operator = tokens[next];
      if (operator !== '+' && operator !== '-') return left;
      next++;
      const [a, b] = [left, product(depth)];
      left = operator === '+' ? (t) => a(t) + b(t) : (t) => a(t) - b(t);
    }
  }

  const curve = sum(0);
  if (next < tokens.length) throw new UsageSyntaxError(`unexpected ${JSON.stringify(tokens[next])}`);
  return curve;
}
