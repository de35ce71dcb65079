import { deepEqual } from '@drydock/base/apimachinery';
import { compileGoRegexp } from '../go-regexp/index.ts';
import { stringFormat } from './formats.ts';
import { additionalOf, isIntOrString, itemsOf, type JsonSchema } from './schema.ts';

/** Answers whether a value is as its schema wants it. */
export type Acceptor = (value: unknown) => boolean;

type Json = Record<string, unknown>;

/** How many characters (not UTF-16 units) a text has. */
export function characters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) count--;
  }
  return count;
}

/** Whether `value` is a whole multiple of `factor`, in decimals rather than in binary fractions. */
export function isMultiple(value: number, factor: number): boolean {
  if (factor <= 0) return true;
  const quotient = value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}

/** The number formats that bound their values. */
export function inFormat(schema: JsonSchema, value: number): boolean {
  if (schema.type === 'integer') {
    return schema.format === 'int32' ? Math.abs(value + 0.5) <= 2 ** 31 - 0.5 : Math.abs(value) <= 2 ** 63;
  }
  if (schema.type === 'number' && schema.format === 'float') return Math.abs(value) <= 3.4028234663852886e38;
  return true;
}

function ofType(schema: JsonSchema): Acceptor | undefined {
  if (isIntOrString(schema)) {
    return (value) => typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value));
  }
  switch (schema.type) {
    case undefined:
    case '':
      return undefined;
    case 'object':
      return (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return (value) => Array.isArray(value);
    case 'string':
      return (value) => typeof value === 'string';
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'integer':
      return (value) => typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return (value) => typeof value === 'number';
    default:
      return () => false;
  }
}

function ofString(schema: JsonSchema): Acceptor[] {
  const { maxLength, minLength, pattern, format } = schema;
  const checks: ((text: string) => boolean)[] = [];
  if (maxLength !== undefined)
    checks.push((text) => text.length <= maxLength || characters(text) <= maxLength);
  if (minLength !== undefined && minLength > 0) checks.push((text) => characters(text) >= minLength);
  if (pattern !== undefined && pattern !== '') {
    const expression = compileGoRegexp(pattern);
    checks.push((text) => expression.test(text));
  }
  const check =
    format === undefined || (schema.type !== undefined && schema.type !== 'string')
      ? undefined
      : stringFormat(format);
  if (check !== undefined) checks.push(check);
  return checks.map((test) => (value) => typeof value !== 'string' || test(value));
}

function ofNumber(schema: JsonSchema): Acceptor[] {
  const { maximum, minimum, multipleOf } = schema;
  const checks: ((value: number) => boolean)[] = [];
  if (schema.type === 'integer' || schema.format === 'float') checks.push((value) => inFormat(schema, value));
  if (maximum !== undefined)
    checks.push(schema.exclusiveMaximum === true ? (value) => value < maximum : (value) => value <= maximum);
  if (minimum !== undefined)
    checks.push(schema.exclusiveMinimum === true ? (value) => value > minimum : (value) => value >= minimum);
  if (multipleOf !== undefined) checks.push((value) => isMultiple(value, multipleOf));
  return checks.map((test) => (value) => typeof value !== 'number' || test(value));
}

function ofList(schema: JsonSchema): Acceptor[] {
  const checks: ((list: readonly unknown[]) => boolean)[] = [];
  const items = itemsOf(schema);
  const { minItems, maxItems } = schema;
  if (items !== undefined) {
    const accepts = compileAcceptor(items);
    checks.push((list) => {
      for (const item of list) if (!accepts(item)) return false;
      return true;
    });
  }
  if (minItems !== undefined) checks.push((list) => list.length >= minItems);
  if (maxItems !== undefined) checks.push((list) => list.length <= maxItems);
  if (schema.uniqueItems === true) {
    checks.push(
      (list) => !list.some((item, at) => list.slice(0, at).some((other) => deepEqual(item, other))),
    );
  }
  return checks.map((test) => (value) => !Array.isArray(value) || test(value));
}

function ofObject(schema: JsonSchema): Acceptor[] {
  const checks: ((object: Json) => boolean)[] = [];
  const properties = new Map(
    Object.entries(schema.properties ?? {}).map(([name, below]) => [name, compileAcceptor(below)]),
  );
  const additional = additionalOf(schema);
  const others = typeof additional === 'object' ? compileAcceptor(additional) : undefined;
  if (properties.size > 0 || others !== undefined || additional === false) {
    checks.push((object) => {
      for (const key in object) {
        const accepts = properties.get(key) ?? others;
        if (accepts !== undefined ? !accepts(object[key]) : additional === false) return false;
      }
      return true;
    });
  }
  const { required, minProperties, maxProperties } = schema;
  if (required !== undefined && required.length > 0) {
    checks.push((object) => {
      for (const name of required) if (!Object.hasOwn(object, name)) return false;
      return true;
    });
  }
  if (minProperties !== undefined) checks.push((object) => Object.keys(object).length >= minProperties);
  if (maxProperties !== undefined) checks.push((object) => Object.keys(object).length <= maxProperties);
  return checks.map(
    (test) => (value) =>
      typeof value !== 'object' || value === null || Array.isArray(value) || test(value as Json),
  );
}

function ofBranches(schema: JsonSchema): Acceptor[] {
  const checks: Acceptor[] = [];
  const { allOf, anyOf, oneOf, not } = schema;
  if (anyOf !== undefined && anyOf.length > 0) {
    const branches = anyOf.map(compileAcceptor);
    checks.push((value) => branches.some((accepts) => accepts(value)));
  }
  if (oneOf !== undefined && oneOf.length > 0) {
    const branches = oneOf.map(compileAcceptor);
    checks.push((value) => {
      let valid = 0;
      for (const accepts of branches) if (accepts(value)) valid++;
      return valid === 1;
    });
  }
  for (const branch of allOf ?? []) checks.push(compileAcceptor(branch));
  if (not !== undefined) {
    const refuses = compileAcceptor(not);
    checks.push((value) => !refuses(value));
  }
  return checks;
}

function inEnum(values: readonly unknown[]): Acceptor {
  const scalars = new Set(values.filter((value) => typeof value !== 'object' || value === null));
  const others = values.filter((value) => typeof value === 'object' && value !== null);
  return (value) => scalars.has(value) || others.some((one) => deepEqual(one, value));
}

/** Compiles a schema into one test, which builds nothing: what is wrong is worked out (`explain`) only where it fails. */
export function compileAcceptor(schema: JsonSchema): Acceptor {
  const type = ofType(schema);
  const values = schema.enum === undefined || schema.enum.length === 0 ? undefined : inEnum(schema.enum);
  const checks = [...ofBranches(schema), ...ofString(schema), ...ofNumber(schema), ...ofList(schema)];
  if (values !== undefined) checks.push(values);
  checks.push(...ofObject(schema));
  const nullable = type === undefined || schema.nullable === true;
  return (value) => {
    if (value === null) return nullable && (values === undefined || values(null));
    if (type !== undefined && !type(value)) return false;
    for (const check of checks) if (!check(value)) return false;
    return true;
  };
}
