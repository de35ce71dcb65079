import type { FieldSchema, MessageSchema } from '@drydock/base/apimachinery';
import { goQuote } from '@drydock/base/apimachinery';
import { lookupSchema } from '../scheme/index.ts';

/** As Go's strict decoder: more than so many complaints help nobody. */
const maxProblems = 100;

/** What is below a key: an object of a message, a map or list of something, or anything. */
type Shape =
  | { readonly kind: 'message'; readonly schema: MessageSchema; readonly top: boolean }
  | { readonly kind: 'map' | 'list'; readonly below: Shape }
  /** Untyped: only repeated keys can be wrong. */
  | { readonly kind: 'any' }
  /** Kept as raw text: nothing in it is looked at. */
  | { readonly kind: 'raw' };

const any: Shape = { kind: 'any' };
const raw: Shape = { kind: 'raw' };

function shapeOf(field: FieldSchema): Shape {
  let below: Shape = raw;
  if (field.message !== undefined) {
    const schema = lookupSchema(field.message);
    if (schema !== undefined) below = { kind: 'message', schema, top: false };
  }
  if (field.map === true) return { kind: 'map', below };
  return field.repeated === true || field.wrapped === true ? { kind: 'list', below } : below;
}

/** Walks a text that is known to be JSON in its own order, which a parsed object has lost. */
class StrictWalk {
  readonly problems: string[] = [];
  readonly #text: string;
  readonly #seen = new Set<string>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(shape: Shape, path: string): void {
    this.#space();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(shape, path);
      case 0x5b:
        return this.#list(shape, path);
      case 0x22:
        this.#string();
        return;
      default: {
        const end = /[,\]}\s]|$/g;
        end.lastIndex = this.#at;
        this.#at = end.exec(this.#text)?.index ?? this.#text.length;
      }
    }
  }

  #complain(kind: 'unknown' | 'duplicate', path: string): void {
    const problem = `${kind} field ${goQuote(path)}`;
    if (this.#seen.has(problem) || this.problems.length >= maxProblems) return;
    this.#seen.add(problem);
    this.problems.push(problem);
  }

  #object(shape: Shape, path: string): void {
    const keys = new Set<string>();
    this.#at++;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] === '}') break;
      const key = this.#string();
      this.#space();
      this.#at++;
      const where = path === '' ? key : `${path}.${key}`;
      const below = this.#member(shape, key, where);
      // What is unknown is told as that only, and in raw text nothing counts.
      if (below !== undefined) {
        if (keys.has(key)) this.#complain('duplicate', where);
        keys.add(key);
      }
      this.value(below ?? raw, where);
      this.#space();
      if (this.#text[this.#at] === ',') this.#at++;
    }
    this.#at++;
  }

  /** What a member's value should be; undefined when the member is unknown, which was told then. */
  #member(shape: Shape, key: string, where: string): Shape | undefined {
    switch (shape.kind) {
      case 'message': {
        const field = shape.schema.byJsonName.get(key);
        if (field !== undefined) return shapeOf(field);
        if (
          (key === 'kind' || key === 'apiVersion') &&
          (shape.top || shape.schema.byJsonName.has('metadata'))
        )
          return raw;
        this.#complain('unknown', where);
        return undefined;
      }
      case 'map':
        return shape.below;
      case 'any':
        return any;
      default:
        return shape.kind === 'raw' ? undefined : any;
    }
  }

  #list(shape: Shape, path: string): void {
    const below = shape.kind === 'list' ? shape.below : shape.kind === 'any' ? any : raw;
    this.#at++;
    for (let index = 0; ; index++) {
      this.#space();
      if (this.#text[this.#at] === ']') break;
      this.value(below, `${path}[${index}]`);
      this.#space();
      if (this.#text[this.#at] === ',') this.#at++;
    }
    this.#at++;
  }

  /** Reads a string and answers its value. */
  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end >= 0) {
      let slashes = 0;
      while (this.#text[end - 1 - slashes] === '\\') slashes++;
      if (slashes % 2 === 0) break;
      end = this.#text.indexOf('"', end + 1);
    }
    this.#at = end + 1;
    const inside = this.#text.slice(start + 1, end);
    return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }
}

/**
 * What a strict decoder says about a text that is valid JSON and fits its schema, in the order of the text:
 * `unknown field "spec.foo"`, `duplicate field "spec.x"`. Slow: to be asked when something is known to be wrong.
 * @param schemaName the message of the object; undefined looks for repeated keys only
 */
export function strictProblems(text: string, schemaName: string | undefined): string[] {
  const schema = schemaName === undefined ? undefined : lookupSchema(schemaName);
  const walk = new StrictWalk(text);
  walk.value(schema === undefined ? any : { kind: 'message', schema, top: true }, '');
  return walk.problems;
}
