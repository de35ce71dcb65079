import { typeNamed } from './checker.ts';
import { compileFold } from './fold.ts';
import type { Library, Overload } from './library.ts';
import { absorb, charge, noOverload, truth, type Evaluator, type Run } from './run.ts';
import { callCost } from './run-cost.ts';
import { qualifiedName, type Expression } from './syntax.ts';
import {
  CelError,
  hasType,
  isList,
  MapView,
  Message,
  none,
  ObjectView,
  Optional,
  PlainMap,
  Uint,
  type Value,
} from './values.ts';

function noSuchKey(key: Value): CelError {
  return new CelError(`no such key: ${key instanceof Uint ? String(key.value) : String(key)}`);
}

/** The value of a field or key; undefined when it is absent. */
function lookup(from: Value, key: Value): Value | undefined {
  if (from instanceof ObjectView) {
    if (typeof key === 'string') return from.field(key);
    throw noOverload('_[_]', from, key);
  }
  if (from instanceof MapView) return from.get(key);
  if (from !== null && isList(from)) {
    const index = typeof key === 'number' ? BigInt(Math.trunc(key)) : key instanceof Uint ? key.value : key;
    if (typeof index !== 'bigint') throw noOverload('_[_]', from, key);
    return index < 0n || index >= BigInt(from.length) ? undefined : from[Number(index)];
  }
  throw noOverload('_[_]', from, key);
}

function index(from: Value, key: Value): Value {
  const found = lookup(from, key);
  if (found !== undefined) return found;
  if (from !== null && isList(from)) throw new CelError(`index out of bounds: ${String(key)}`);
  throw noSuchKey(key);
}

function optionalIndex(from: Value, key: Value): Value {
  const source = from instanceof Optional ? from.value : from;
  if (source === undefined) return none;
  const found = lookup(source, key);
  return found === undefined ? none : new Optional(found);
}

/** The one variable of Kubernetes whose name has a dot. */
const requestResourceVariable = 'authorizer.requestResource';

function compileName(name: string): Evaluator {
  const type = typeNamed(name);
  return (run) => {
    charge(run, 1);
    const value = run.variables.get(name) ?? type;
    if (value === undefined) throw new CelError(`no such attribute(s): ${name}`);
    return value;
  };
}

function compileSelect(expression: Expression & { kind: 'select' }, library: Library): Evaluator {
  const { field, test, optional } = expression;
  const qualified = qualifiedName(expression);
  const type = qualified === undefined ? undefined : typeNamed(qualified);
  if (type !== undefined) return () => type;
  if (qualified === requestResourceVariable) return compileName(qualified);
  const operand = compileExpression(expression.operand, library);
  return (run) => {
    const from = operand(run);
    if (!test) charge(run, 1);
    if (optional || from instanceof Optional) {
      const found = optionalIndex(from, field);
      return test ? (found as Optional).value !== undefined : found;
    }
    if (!(from instanceof ObjectView) && !(from instanceof MapView)) throw noOverload('select', from);
    const found = lookup(from, field);
    if (test) return found !== undefined;
    if (found === undefined) throw noSuchKey(field);
    return found;
  };
}

function compileLogic(call: Expression & { kind: 'call' }, library: Library, stop: boolean): Evaluator {
  const [a, b] = call.args.map((arg) => compileExpression(arg, library)) as [Evaluator, Evaluator];
  return (run) => {
    let failed: CelError | undefined;
    let left: Value | undefined;
    try {
      left = a(run);
      if (left === stop) return stop;
      if (typeof left !== 'boolean') failed = noOverload(call.name, left);
    } catch (error) {
      failed = absorb(error);
    }
    const right = b(run);
    if (right === stop) return stop;
    if (failed !== undefined) throw failed;
    if (typeof right !== 'boolean') throw noOverload(call.name, left!, right);
    return !stop;
  };
}

function compileCall(call: Expression & { kind: 'call' }, library: Library): Evaluator {
  const { name, target, args } = call;
  switch (name) {
    case '_&&_':
      return compileLogic(call, library, false);
    case '_||_':
      return compileLogic(call, library, true);
    case '_?_:_': {
      const [condition, yes, no] = args.map((arg) => compileExpression(arg, library)) as Evaluator[];
      return (run) => (truth(condition!(run), name) ? yes!(run) : no!(run));
    }
    case '_[_]':
    case '_[?_]': {
      const [from, key] = args.map((arg) => compileExpression(arg, library)) as Evaluator[];
      return (run) => {
        const [source, at] = [from!(run), key!(run)];
        charge(run, 1);
        return name === '_[?_]' || source instanceof Optional ? optionalIndex(source, at) : index(source, at);
      };
    }
    case 'or':
    case 'orValue':
      if (target !== undefined) return compileOr(name, target, args[0], library);
  }
  const qualified = target === undefined ? undefined : qualifiedName(target);
  const global = qualified === undefined ? undefined : library.get(`${qualified}.${name}`);
  if (global !== undefined) return compileFunction(`${qualified}.${name}`, global, args, false, library);
  const all = target === undefined ? args : [target, ...args];
  return compileFunction(name, library.get(name) ?? [], all, target !== undefined, library);
}

/** The other value is only asked for where there is none. */
function compileOr(
  name: string,
  target: Expression,
  other: Expression | undefined,
  library: Library,
): Evaluator {
  const first = compileExpression(target, library);
  const second = other === undefined ? undefined : compileExpression(other, library);
  return (run) => {
    const value = first(run);
    charge(run, 1);
    if (!(value instanceof Optional)) throw noOverload(name, value);
    if (value.value === undefined) return second === undefined ? none : second(run);
    return name === 'or' ? value : value.value;
  };
}

function compileFunction(
  name: string,
  overloads: readonly Overload[],
  args: readonly Expression[],
  method: boolean,
  library: Library,
): Evaluator {
  const compiled = args.map((arg) => compileExpression(arg, library));
  const fitting = overloads.filter(
    (overload) => overload.method === method && overload.parameters.length === args.length,
  );
  return (run) => {
    const values = compiled.map((arg) => arg(run));
    for (const overload of fitting) {
      if (!overload.parameters.every((parameter, at) => hasType(values[at]!, parameter))) continue;
      const result = overload.run(...values);
      charge(run, callCost(name, values, result));
      return result;
    }
    throw noOverload(name, ...values);
  };
}

function compileMap(expression: Expression & { kind: 'map' }, library: Library): Evaluator {
  const entries = expression.entries.map(({ key, value, optional }) => ({
    key: compileExpression(key, library),
    value: compileExpression(value, library),
    optional,
  }));
  return (run) => {
    const made: [Value, Value][] = [];
    for (const { key, value, optional } of entries) {
      const [name, item] = [key(run), value(run)];
      if (!optional) made.push([name, item]);
      else if (item instanceof Optional && item.value !== undefined) made.push([name, item.value]);
    }
    charge(run, 30);
    const map = new PlainMap(made);
    if (map.size < made.length) throw new CelError('Failed with repeated key');
    return map;
  };
}

function compileList(expression: Expression & { kind: 'list' }, library: Library): Evaluator {
  const items = expression.items.map((item) => compileExpression(item, library));
  const { optionals } = expression;
  return (run) => {
    const made: Value[] = [];
    items.forEach((item, at) => {
      const value = item(run);
      if (!optionals.has(at)) made.push(value);
      else if (value instanceof Optional && value.value !== undefined) made.push(value.value);
    });
    charge(run, 10);
    return made;
  };
}

function compileMessage(expression: Expression & { kind: 'message' }, library: Library): Evaluator {
  const { name: type } = expression;
  const fields = expression.fields.map(({ name, value, optional }) => ({
    name,
    value: compileExpression(value, library),
    optional,
  }));
  return (run) => {
    const made = new Map<string, Value>();
    for (const { name, value, optional } of fields) {
      const item = value(run);
      if (!optional) made.set(name, item);
      else if (item instanceof Optional && item.value !== undefined) made.set(name, item.value);
    }
    charge(run, 40);
    return new Message(type, made);
  };
}

function compileBind(expression: Expression & { kind: 'bind' }, library: Library): Evaluator {
  const { form, name } = expression;
  const value = compileExpression(expression.value, library);
  const body = compileExpression(expression.body, library);
  return (run) => {
    let bound = value(run);
    if (form !== 'bind') {
      if (!(bound instanceof Optional)) throw noOverload(form, bound);
      if (bound.value === undefined) return none;
      bound = bound.value;
    }
    const inner: Run = { ...run, variables: new Map(run.variables).set(name, bound) };
    try {
      const made = body(inner);
      return form === 'optMap' ? new Optional(made) : made;
    } finally {
      run.cost = inner.cost;
    }
  };
}

/** Compiles an expression into closures. It should have been checked: what is undeclared has no value. */
export function compileExpression(expression: Expression, library: Library): Evaluator {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'name':
      return compileName(expression.name);
    case 'select':
      return compileSelect(expression, library);
    case 'call':
      return compileCall(expression, library);
    case 'list':
      return compileList(expression, library);
    case 'map':
      return compileMap(expression, library);
    case 'message':
      return compileMessage(expression, library);
    case 'fold':
      return compileFold(expression, (inner) => compileExpression(inner, library));
    case 'bind':
      return compileBind(expression, library);
  }
}
