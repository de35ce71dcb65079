import { fieldPath, type FieldPath } from '@drydock/base/apimachinery';
import { additionalOf, itemsOf, type JsonSchema } from './schema.ts';

/** A path of names beneath a schema, or why it leads nowhere. */
export type ResolvedPath =
  | { readonly path: FieldPath; readonly names: readonly string[]; readonly schema: JsonSchema }
  | { readonly error: string };

const step = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\])/;

/**
 * Follows a simple JSON path (`.spec.replicas`, `['a.b']`) through a schema.
 * @param listIndexes whether `[0]` may lead into lists
 */
export function resolveFieldPath(schema: JsonSchema, text: string, listIndexes = true): ResolvedPath {
  let path = fieldPath();
  const names: string[] = [];
  let at = schema;
  let rest = text;
  while (rest !== '') {
    const match = step.exec(rest);
    if (match === null) return { error: `expected . or [ but got: ${rest[0] ?? ''}` };
    rest = rest.slice(match[0].length);
    const [, dotted, quoted, position] = match;
    if (position !== undefined) {
      if (!listIndexes) return { error: 'accessing array items is not allowed' };
      const items = itemsOf(at);
      if (items === undefined) return { error: 'does not refer to a valid field' };
      path = path.index(Number(position));
      at = items;
      continue;
    }
    const name = dotted ?? (quoted ?? '').replaceAll(/\\(.)/g, '$1');
    const property = Object.hasOwn(at.properties ?? {}, name) ? at.properties?.[name] : undefined;
    const additional = additionalOf(at);
    if (property !== undefined) {
      path = path.child(name);
      at = property;
    } else if (typeof additional === 'object') {
      path = path.key(name);
      at = additional;
    } else return { error: 'does not refer to a valid field' };
    names.push(name);
  }
  return { path, names, schema: at };
}
