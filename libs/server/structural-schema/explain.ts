import type { FieldError } from '@drydock/base/apimachinery';
import {
  deepEqual,
  getOwn,
  goQuote,
  invalidValue,
  isJsonObject,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '@drydock/base/apimachinery';
import { compileGoRegexp } from '../go-regexp/index.ts';
import { characters, compileAcceptor, inFormat, isMultiple } from './acceptor.ts';
import { correlate } from './correlate.ts';
import { stringFormat } from './formats.ts';
import { additionalOf, isIntOrString, itemsOf, propertiesOf, type JsonSchema } from './schema.ts';

/** What the value was before, where it can be told which value that is. */
export type Before = { readonly value: unknown } | undefined;

/** What one schema found. `matches` counts the checks made: among failed alternatives the one with most is told. */
interface Finding {
  readonly errors: FieldError[];
  matches: number;
}

/** Where errors are told: the object's path in front, the schema's own after it. */
interface Place {
  readonly prefix: string;
}

type Fail = (error: (where: string) => FieldError) => void;

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function typeNames(schema: JsonSchema): string[] {
  if (isIntOrString(schema)) return ['integer', 'string'];
  return schema.type === undefined || schema.type === '' ? [] : [schema.type];
}

function plainNumber(value: number): string {
  // As Go prints float64 with %v.
  const abs = Math.abs(value);
  if (abs !== 0 && (abs < 1e-4 || abs >= 1e21)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return String(value);
}

class Explainer {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  #where(path: string): string {
    const name = path === '.' ? '' : path.replace(/^\./, '');
    const { prefix } = this.#place;
    if (name === '') return prefix === '' ? '<nil>' : prefix;
    return prefix === '' ? name : `${prefix}.${name}`;
  }

  /** Errors of one value. `before`: unchanged values keep the right to be wrong. */
  value(schema: JsonSchema, value: unknown, path: string, before: Before): Finding {
    const found = this.#check(schema, value, path, before);
    if (found.errors.length > 0 && before !== undefined && deepEqual(value, before.value))
      return { errors: [], matches: found.matches };
    return found;
  }

  #check(schema: JsonSchema, value: unknown, path: string, before: Before): Finding {
    const found: Finding = { errors: [], matches: 1 };
    const fail: Fail = (error) => {
      found.errors.push(error(this.#where(path)));
    };
    if (!this.#type(schema, value, path, fail)) {
      if (value !== null) this.#branches(schema, value, path, before, found);
      this.#enum(schema, value, fail);
      return found;
    }
    if (value === null) {
      this.#enum(schema, value, fail);
      return found;
    }
    found.matches++;
    this.#branches(schema, value, path, before, found);
    if (typeof value === 'string') this.#string(schema, value, path, fail);
    else if (typeof value === 'number') this.#number(schema, value, path, fail);
    else if (Array.isArray(value)) this.#list(schema, value, path, before, found, fail);
    this.#enum(schema, value, fail);
    if (isJsonObject(value)) this.#object(schema, value, path, before, found, fail);
    return found;
  }

  #type(schema: JsonSchema, value: unknown, path: string, fail: Fail): boolean {
    const names = typeNames(schema);
    if (names.length === 0) return true;
    const actual = jsonType(value);
    if (value === null ? schema.nullable === true : names.includes(actual)) return true;
    if (actual === 'integer' && names.includes('number')) return true;
    fail((where) =>
      typeInvalid(where, actual, `${path} in body must be of type ${names.join(',')}: ${goQuote(actual)}`),
    );
    return false;
  }

  #enum(schema: JsonSchema, value: unknown, fail: Fail): void {
    const values = schema.enum;
    if (values === undefined || values.length === 0 || values.some((one) => deepEqual(one, value))) return;
    const texts = values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
    fail((where) => notSupported(where, value, texts));
  }

  #string(schema: JsonSchema, text: string, path: string, fail: Fail): void {
    const { maxLength, minLength, pattern, format } = schema;
    const length = characters(text);
    if (maxLength !== undefined && length > maxLength) fail((where) => tooLong(where, maxLength));
    else if (minLength !== undefined && length < minLength) {
      fail((where) =>
        invalidValue(where, text, `${path} in body should be at least ${minLength} chars long`),
      );
    } else if (pattern !== undefined && pattern !== '' && !compileGoRegexp(pattern).test(text)) {
      fail((where) => invalidValue(where, text, `${path} in body should match '${pattern}'`));
    }
    if (format === undefined || (schema.type !== undefined && schema.type !== 'string')) return;
    const check = stringFormat(format);
    if (check !== undefined && !check(text)) {
      fail((where) =>
        typeInvalid(where, text, `${path} in body must be of type ${format}: ${goQuote(text)}`),
      );
    }
  }

  #number(schema: JsonSchema, value: number, path: string, fail: Fail): void {
    const { maximum, minimum, multipleOf, format, type } = schema;
    if (!inFormat(schema, value)) {
      const detail =
        format === undefined
          ? `Checked value must be of type ${type} (default format) in ${path}`
          : `Checked value must be of type ${type} with format ${format} in ${path}`;
      fail(() => invalidValue(this.#where(''), '', detail));
    }
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
      const detail = `${path} in body should be a multiple of ${plainNumber(multipleOf)}`;
      fail((where) => invalidValue(where, value, detail));
    }
    if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
      const than = schema.exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
      fail((where) =>
        invalidValue(where, value, `${path} in body should be ${than} ${plainNumber(minimum)}`),
      );
    }
    if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
      const than = schema.exclusiveMaximum === true ? 'less than' : 'less than or equal to';
      fail((where) =>
        invalidValue(where, value, `${path} in body should be ${than} ${plainNumber(maximum)}`),
      );
    }
  }

  #list(
    schema: JsonSchema,
    list: readonly unknown[],
    path: string,
    before: Before,
    found: Finding,
    fail: Fail,
  ): void {
    const items = itemsOf(schema);
    if (items !== undefined) {
      const correlated = correlate(schema, before);
      list.forEach((item, index) => {
        this.#merge(found, this.value(items, item, `${path}[${index}]`, correlated.item(item)));
      });
    }
    const { minItems, maxItems } = schema;
    if (minItems !== undefined && list.length < minItems) {
      const detail = `${path} in body should have at least ${minItems} items`;
      fail((where) => invalidValue(where, list.length, detail));
    }
    if (maxItems !== undefined && list.length > maxItems)
      fail((where) => tooMany(where, list.length, maxItems));
    if (
      schema.uniqueItems === true &&
      list.some((one, at) => list.slice(0, at).some((x) => deepEqual(one, x)))
    ) {
      fail((where) => invalidValue(where, '', `${path} in body shouldn't contain duplicates`));
    }
  }

  #object(
    schema: JsonSchema,
    object: Record<string, unknown>,
    path: string,
    before: Before,
    found: Finding,
    fail: Fail,
  ): void {
    const { minProperties, maxProperties } = schema;
    const count = Object.keys(object).length;
    if (minProperties !== undefined && count < minProperties) {
      const detail = `${path} in body should have at least ${minProperties} properties`;
      fail((where) => invalidValue(where, count, detail));
    }
    if (maxProperties !== undefined && count > maxProperties)
      fail((where) => tooMany(where, count, maxProperties));
    const correlated = correlate(schema, before);
    const additional = additionalOf(schema);
    for (const key of Object.keys(object).sort()) {
      if (Object.hasOwn(schema.properties ?? {}, key)) continue;
      if (typeof additional === 'object') {
        this.#merge(found, this.value(additional, object[key], `${path}.${key}`, correlated.field(key)));
      } else if (additional === false) {
        const detail = `${path}.${key} in body is a forbidden property`;
        fail((where) => invalidValue(where, '', detail));
      }
    }
    for (const [name, below] of propertiesOf(schema)) {
      if (!Object.hasOwn(object, name)) continue;
      const inside = path === '' ? name : `${path}.${name}`;
      const own =
        path === '' && (name === 'kind' || name === 'apiVersion') ? undefined : correlated.field(name);
      this.#merge(found, this.value(below, getOwn(object, name), inside, own));
    }
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(object, name)) found.errors.push(required(this.#where(`${path}.${name}`)));
    }
  }

  #composite(found: Finding, message: string): void {
    const { prefix } = this.#place;
    found.errors.push(invalidValue(prefix === '' ? '<nil>' : prefix, '', message));
  }

  #merge(into: Finding, other: Finding): void {
    into.matches += other.matches;
    into.errors.push(...other.errors);
  }

  #branches(schema: JsonSchema, value: unknown, path: string, before: Before, found: Finding): void {
    const { anyOf = [], oneOf = [], allOf = [], not } = schema;
    const name = goQuote(path);
    if (anyOf.length > 0) this.#anyOf(anyOf, value, path, before, found, name);
    if (oneOf.length > 0) this.#oneOf(oneOf, value, path, before, found, name);
    if (allOf.length > 0) {
      let valid = 0;
      for (const branch of allOf) {
        const result = this.#check(branch, value, path, before);
        if (result.errors.length === 0) valid++;
        this.#merge(found, result);
      }
      if (valid < allOf.length) {
        const more = valid === 0 ? '. None validated' : '';
        this.#composite(found, `${name} must validate all the schemas (allOf)${more}`);
      }
    }
    if (not !== undefined && compileAcceptor(not)(value))
      this.#composite(found, `${name} must not validate the schema (not)`);
  }

  #anyOf(
    branches: readonly JsonSchema[],
    value: unknown,
    path: string,
    before: Before,
    found: Finding,
    name: string,
  ): void {
    let best: Finding | undefined;
    for (const branch of branches) {
      const result = this.#check(branch, value, path, before);
      if (result.errors.length === 0) {
        this.#merge(found, result);
        return;
      }
      if (best === undefined || result.matches > best.matches) best = result;
    }
    this.#composite(found, `${name} must validate at least one schema (anyOf)`);
    if (best !== undefined) this.#merge(found, best);
  }

  #oneOf(
    branches: readonly JsonSchema[],
    value: unknown,
    path: string,
    before: Before,
    found: Finding,
    name: string,
  ): void {
    let best: Finding | undefined;
    let valid = 0;
    for (const branch of branches) {
      const result = this.#check(branch, value, path, before);
      if (result.errors.length === 0) {
        valid++;
        best = undefined;
      } else if (valid === 0 && (best === undefined || result.matches > best.matches)) best = result;
    }
    if (valid === 1) return;
    const what = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    this.#composite(found, `${name} must validate one and only one schema (oneOf). ${what}`);
    if (best !== undefined) this.#merge(found, best);
  }
}

/**
 * What is wrong with a value, in kube-openapi's words.
 * @param prefix where the value stands in its object: '' for the whole, `status` for a status
 * @param before the value that it replaces: what has not changed is not complained of (ratcheting)
 */
export function explain(schema: JsonSchema, value: unknown, prefix: string, before?: Before): FieldError[] {
  const { errors } = new Explainer({ prefix }).value(schema, value, '', before);
  const seen = new Set<string>();
  return errors.filter((error) => {
    const key = `${error.field}\n${error.type}\n${error.detail}`;
    return seen.size < seen.add(key).size;
  });
}
