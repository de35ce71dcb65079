import type { Library } from './library.ts';
import { CelCompileError, qualifiedName, type Expression, type Fold, type Issue } from './syntax.ts';
import {
  bool,
  dyn,
  formatType,
  int,
  isAssignable,
  joinTypes,
  listOf,
  mapOf,
  optionalOf,
  scalar,
  substitute,
  type Bindings,
  type Type,
} from './types.ts';
import { TypeValue, typeNameOf, Uint, type Value } from './values.ts';

/** Names that an expression may use, with their types; some are written with dots. */
export type Variables = ReadonlyMap<string, Type>;

/** The types that expressions may make values of, by their names. */
export type Messages = (name: string) => (Type & { readonly kind: 'object' }) | undefined;

/** The type of every part of an expression. */
export interface Checked {
  readonly expression: Expression;
  readonly types: ReadonlyMap<Expression, Type>;
  readonly type: Type;
  /** Names of variables that are used. */
  readonly used: ReadonlySet<string>;
}

const typeNames: ReadonlySet<string> = new Set([
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'list',
  'map',
  'null_type',
  'type',
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
]);

/** A type's own name as a value, e.g. in `type(x) == string`. */
export function typeNamed(name: string): TypeValue | undefined {
  return typeNames.has(name) ? new TypeValue(name) : undefined;
}

function constantType(value: Value): Type {
  if (value instanceof Uint) return scalar('uint');
  const name = typeNameOf(value);
  return scalar(name as 'bool', typeof value === 'string' ? [...value].length : undefined);
}

class Checker {
  readonly issues: Issue[] = [];
  readonly types = new Map<Expression, Type>();
  readonly used = new Set<string>();
  readonly #library: Library;
  readonly #messages: Messages;
  #scope: Map<string, Type>;

  constructor(library: Library, variables: Variables, messages: Messages) {
    this.#library = library;
    this.#messages = messages;
    this.#scope = new Map(variables);
  }

  check(expression: Expression): Type {
    const type = this.#typeOf(expression);
    this.types.set(expression, type);
    return type;
  }

  #issue(at: number, message: string): Type {
    this.issues.push({ at, message });
    return dyn;
  }

  #within<T>(variables: readonly (readonly [string, Type])[], run: () => T): T {
    const outer = this.#scope;
    this.#scope = new Map(outer);
    for (const [name, type] of variables) this.#scope.set(name, type);
    try {
      return run();
    } finally {
      this.#scope = outer;
    }
  }

  #typeOf(expression: Expression): Type {
    switch (expression.kind) {
      case 'constant':
        return constantType(expression.value);
      case 'name': {
        const known = this.#scope.get(expression.name);
        if (known !== undefined) {
          this.used.add(expression.name);
          return known;
        }
        if (typeNames.has(expression.name)) return { kind: 'type', of: dyn };
        return this.#issue(expression.at, `undeclared reference to '${expression.name}' (in container '')`);
      }
      case 'select':
        return this.#select(expression);
      case 'list':
        return this.#list(expression);
      case 'map':
        return this.#map(expression);
      case 'message':
        return this.#message(expression);
      case 'fold':
        return this.#fold(expression);
      case 'bind':
        return this.#bind(expression);
      case 'call':
        return this.#call(expression);
    }
  }

  #select(expression: Expression & { kind: 'select' }): Type {
    const qualified = qualifiedName(expression);
    if (qualified !== undefined && typeNames.has(qualified)) return { kind: 'type', of: dyn };
    const whole = qualified === undefined || expression.test ? undefined : this.#scope.get(qualified);
    if (whole !== undefined) {
      this.used.add(qualified!);
      return whole;
    }
    let operand = this.check(expression.operand);
    const chained = operand.kind === 'optional';
    if (operand.kind === 'optional') operand = operand.of;
    const found = this.#field(operand, expression);
    if (expression.test) return bool;
    return expression.optional || chained ? optionalOf(found) : found;
  }

  #field(operand: Type, { field, at }: Expression & { kind: 'select' }): Type {
    switch (operand.kind) {
      case 'dyn':
      case 'parameter':
        return dyn;
      case 'map':
        return operand.value;
      case 'object':
        return operand.field(field) ?? this.#issue(at, `undefined field '${field}'`);
      default:
        return this.#issue(at, `type '${formatType(operand)}' does not support field selection`);
    }
  }

  /** Items of literals must be of one type, as Kubernetes demands. */
  #same(types: readonly Type[], places: readonly number[]): Type {
    let joined: Type | undefined;
    types.forEach((type, index) => {
      if (joined === undefined) joined = type;
      else if (isAssignable(joined, type, new Map())) joined = joinTypes(joined, type);
      else if (isAssignable(type, joined, new Map())) joined = type;
      else {
        const text = `expected type '${formatType(joined)}' but found '${formatType(type)}'`;
        this.#issue(places[index] ?? 0, text);
      }
    });
    return joined ?? dyn;
  }

  #unwrap(type: Type, optional: boolean, at: number): Type {
    if (!optional) return type;
    if (type.kind === 'optional') return type.of;
    if (type.kind === 'dyn') return dyn;
    return this.#issue(at, `expected type 'optional_type(dyn)' but found '${formatType(type)}'`);
  }

  #list({ items, optionals }: Expression & { kind: 'list' }): Type {
    const types = items.map((item, at) => this.#unwrap(this.check(item), optionals.has(at), item.at));
    return listOf(
      this.#same(
        types,
        items.map(({ at }) => at),
      ),
    );
  }

  #map({ entries }: Expression & { kind: 'map' }): Type {
    const keys = entries.map(({ key }) => this.check(key));
    const values = entries.map(({ value, optional }) => this.#unwrap(this.check(value), optional, value.at));
    return mapOf(
      this.#same(
        keys,
        entries.map(({ key }) => key.at),
      ),
      this.#same(
        values,
        entries.map(({ value }) => value.at),
      ),
    );
  }

  #message({ name, fields, at }: Expression & { kind: 'message' }): Type {
    const type = this.#messages(name);
    if (type === undefined) {
      for (const { value } of fields) this.check(value);
      return this.#issue(at, `undeclared reference to '${name}' (in container '')`);
    }
    for (const { name: field, value, optional, at: where } of fields) {
      const declared = type.field(field);
      const given = this.#unwrap(this.check(value), optional, value.at);
      if (declared === undefined) this.#issue(where, `undefined field '${field}'`);
      else if (!isAssignable(declared, given, new Map())) {
        const text = `expected type of field '${field}' is '${formatType(declared)}' but provided type is '${formatType(given)}'`;
        this.#issue(where, text);
      }
    }
    return type;
  }

  #bind(expression: Expression & { kind: 'bind' }): Type {
    const { form, name, value, body } = expression;
    const type = this.check(value);
    if (form === 'bind') return this.#within([[name, type]], () => this.check(body));
    if (type.kind !== 'optional' && type.kind !== 'dyn') {
      return this.#issue(
        expression.at,
        `found no matching overload for '${form}' applied to '${formatType(type)}.()'`,
      );
    }
    const inner = type.kind === 'optional' ? type.of : dyn;
    const made = this.#within([[name, inner]], () => this.check(body));
    return form === 'optMap' ? optionalOf(made) : made;
  }

  #range(range: Type, at: number): { readonly first: Type; readonly second: Type } {
    if (range.kind === 'list') return { first: range.element, second: range.element };
    if (range.kind === 'map') return { first: range.key, second: range.value };
    if (range.kind !== 'dyn') {
      const text = `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
      this.#issue(at, text);
    }
    return { first: dyn, second: dyn };
  }

  #fold(fold: Fold): Type {
    const { form, names, filter, body, range } = fold;
    const ranged = this.check(range);
    const { first, second } = this.#range(ranged, range.at);
    const [one = '', two] = names;
    const variables: [string, Type][] =
      two === undefined
        ? [[one, first]]
        : [
            [one, ranged.kind === 'list' ? int : first],
            [two, second],
          ];
    return this.#within(variables, () => {
      if (filter !== undefined) this.#mustBeBool(this.check(filter), filter.at, '_?_:_');
      const made = this.check(body);
      switch (form) {
        case 'all':
        case 'exists':
          this.#mustBeBool(made, body.at, form === 'all' ? '_&&_' : '_||_');
          return bool;
        case 'exists_one':
          this.#mustBeBool(made, body.at, '_?_:_');
          return bool;
        case 'filter':
          this.#mustBeBool(made, body.at, '_?_:_');
          return listOf(first, sizeOf(ranged));
        case 'sortBy':
          return ranged;
        case 'map':
        case 'transformList':
          return listOf(made, sizeOf(ranged));
        case 'transformMap':
          return mapOf(first, made, sizeOf(ranged));
        case 'transformMapEntry':
          return made.kind === 'map' ? mapOf(made.key, made.value, sizeOf(ranged)) : mapOf(dyn, dyn);
      }
    });
  }

  #mustBeBool(type: Type, at: number, operator: string): void {
    if (type.kind === 'bool' || type.kind === 'dyn') return;
    const shown = formatType(type);
    const applied = operator === '_?_:_' ? `(${shown}, dyn, dyn)` : `(bool, ${shown})`;
    this.#issue(at, `found no matching overload for '${operator}' applied to '${applied}'`);
  }

  #call(call: Expression & { kind: 'call' }): Type {
    const { target, args, name, at } = call;
    const namespaced = target === undefined ? undefined : qualifiedName(target);
    const global =
      namespaced !== undefined && !this.#scope.has(namespaced.split('.')[0] ?? '')
        ? this.#library.get(`${namespaced}.${name}`)
        : undefined;
    if (global !== undefined) return this.#resolve(`${namespaced}.${name}`, undefined, args, at);
    if (this.#library.has(name)) return this.#resolve(name, target, args, at);
    if (target !== undefined) this.check(target);
    for (const arg of args) this.check(arg);
    return this.#issue(at, `undeclared reference to '${name}' (in container '')`);
  }

  #resolve(name: string, target: Expression | undefined, args: readonly Expression[], at: number): Type {
    const given = (target === undefined ? args : [target, ...args]).map((arg) => this.check(arg));
    let result: Type | undefined;
    for (const overload of this.#library.get(name) ?? []) {
      if (overload.method !== (target !== undefined) || overload.parameters.length !== given.length) continue;
      const bindings: Bindings = new Map();
      if (!overload.parameters.every((parameter, index) => isAssignable(parameter, given[index]!, bindings)))
        continue;
      const made = substitute(overload.result, bindings);
      result = result === undefined || formatType(result) === formatType(made) ? (result ?? made) : dyn;
    }
    if (result !== undefined) return result;
    const shown = given.map(formatType);
    const applied =
      target === undefined ? `(${shown.join(', ')})` : `${shown[0]}.(${shown.slice(1).join(', ')})`;
    return this.#issue(at, `found no matching overload for '${name}' applied to '${applied}'`);
  }
}

function sizeOf(type: Type): number | undefined {
  return type.kind === 'list' || type.kind === 'map' ? type.max : undefined;
}

/**
 * Checks an expression against what is declared.
 * @throws CelCompileError with all issues
 */
export function check(
  source: string,
  expression: Expression,
  library: Library,
  variables: Variables,
  messages: Messages = () => undefined,
): Checked {
  const checker = new Checker(library, variables, messages);
  const type = checker.check(expression);
  if (checker.issues.length > 0) throw new CelCompileError(source, checker.issues);
  return { expression, types: checker.types, type, used: checker.used };
}
