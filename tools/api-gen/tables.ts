import type { FieldModel, MessageModel } from './schema.ts';

const scalarKinds = new Set(['string', 'bool', 'int32', 'int64', 'uint32', 'uint64', 'double', 'bytes']);

/** Messages whose JSON is one of two things. */
const jsonForms: Readonly<Record<string, string>> = {
  JSONSchemaPropsOrArray: 'schemaOrArray',
  JSONSchemaPropsOrBool: 'schemaOrBool',
  JSONSchemaPropsOrStringArray: 'schemaOrStrings',
};

/**
 * One row a field: `[jsonName, number, kind, extras?]`. Kind is a FieldKind or, for messages, the full message name.
 * Extras are spread over the FieldSchema as they are.
 */
export type FieldRow = [string, number, string, Record<string, unknown>?];

function row(field: FieldModel, byName: ReadonlyMap<string, MessageModel>): FieldRow {
  const extras: Record<string, unknown> = {};
  let kind = field.type;
  if (!scalarKinds.has(kind)) {
    const form = byName.get(kind)?.jsonForm;
    if (form === 'list') {
      kind = 'string';
      extras['wrapped'] = true;
    } else if (form !== undefined) {
      const union = form === 'json' ? jsonForms[kind.slice(kind.lastIndexOf('.') + 1)] : undefined;
      if (union !== undefined) extras['jsonForm'] = union;
      kind = form;
    }
  }
  if (byName.get(field.type)?.atomic === true) extras['atomic'] = true;
  if (field.protoName !== field.jsonName) extras['protoName'] = field.protoName;
  if (field.explicit) extras['explicit'] = true;
  if (field.repeated) extras['repeated'] = true;
  if (field.map) extras['map'] = true;
  for (const [option, key] of [
    ['inline', 'inline'],
    ['required', 'required'],
    ['always', 'always'],
    ['struct', 'struct'],
    ['list_type', 'listType'],
    ['map_type', 'mapType'],
    ['patch_merge_key', 'patchMergeKey'],
    ['patch_strategy', 'patchStrategy'],
  ] as const) {
    const value = field.options.get(option);
    if (value !== undefined) extras[key] = value;
  }
  const keys = field.options.get('list_map_keys');
  if (typeof keys === 'string') extras['listMapKeys'] = keys.split(',');
  const values = field.options.get('values');
  if (typeof values === 'string') extras['values'] = values.split(',');
  const fallback = field.options.get('default');
  if (typeof fallback === 'string') extras['default'] = JSON.parse(fallback) as unknown;
  return Object.keys(extras).length === 0
    ? [field.jsonName, field.number, kind]
    : [field.jsonName, field.number, kind, extras];
}

/** `{message: rows}` as JSON, a message a line. */
export function schemaTable(messages: readonly MessageModel[]): string {
  const byName = new Map(messages.map((message) => [message.fullName, message]));
  const lines = messages.map(
    (message) =>
      `${JSON.stringify(message.fullName)}:${JSON.stringify(message.fields.map((field) => row(field, byName)))}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** Served kinds: `[group, version, resource, kind, namespaced, message]`. */
export function kindsTable(messages: readonly MessageModel[]): string {
  const lines = messages.flatMap(({ resource, name, namespaced, fullName }) => {
    if (resource === undefined) return [];
    const [group, version, plural] = resource.split('/');
    return [JSON.stringify([group, version, plural, name, namespaced, fullName])];
  });
  return `[\n${lines.join(',\n')}\n]\n`;
}

/** Comments: `{message: [comment, {field: comment}]}`. */
export function descriptionsTable(messages: readonly MessageModel[]): string {
  const lines = messages.map(
    ({ fullName, comment, fields }) =>
      `${JSON.stringify(fullName)}:${JSON.stringify([comment, Object.fromEntries(fields.map((field) => [field.jsonName, field.comment]))])}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}
