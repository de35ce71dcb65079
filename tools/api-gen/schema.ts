import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const optionPrefix = '(drydock.options.v1.';

export interface FieldModel {
  readonly protoName: string;
  readonly jsonName: string;
  readonly number: number;
  /** Scalar name, or the full name of a message. */
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly comment: string;
  /** The drydock options, by name. */
  readonly options: ReadonlyMap<string, string | boolean>;
}

export interface MessageModel {
  readonly package: string;
  readonly name: string;
  readonly fullName: string;
  readonly comment: string;
  readonly jsonForm: string | undefined;
  /** `group/version/resource` of served kinds. */
  readonly resource: string | undefined;
  readonly namespaced: boolean;
  readonly fields: readonly FieldModel[];
}

function drydockOptions(options: Record<string, unknown> | undefined): Map<string, string | boolean> {
  const result = new Map<string, string | boolean>();
  for (const [key, value] of Object.entries(options ?? {})) {
    if (key.startsWith(optionPrefix)) result.set(key.slice(optionPrefix.length, -1), value as string | boolean);
  }
  return result;
}

function fieldModel(field: protobuf.Field): FieldModel {
  const options = drydockOptions(field.options);
  return {
    protoName: field.name,
    jsonName: (options.get('json') as string | undefined) ?? field.name,
    number: field.id,
    type: field.type.replace(/^\./, ''),
    repeated: field.repeated,
    map: field instanceof protobuf.MapField,
    comment: field.comment ?? '',
    options,
  };
}

/** Reads every `.proto` under a folder, in the order of their paths. */
export function readSchema(root: string): MessageModel[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.proto') && !file.includes('options'))
    .sort();
  const messages: MessageModel[] = [];
  for (const file of files) {
    const { root: parsed, package: name = '' } = protobuf.parse(readFileSync(join(root, file), 'utf8'), {
      keepCase: true,
      alternateCommentMode: true,
    });
    const namespace = parsed.lookup(name) as protobuf.Namespace;
    for (const type of namespace.nestedArray) {
      if (!(type instanceof protobuf.Type)) continue;
      const options = drydockOptions(type.options);
      messages.push({
        package: name,
        name: type.name,
        fullName: `${name}.${type.name}`,
        comment: type.comment ?? '',
        jsonForm: options.get('json_form') as string | undefined,
        resource: options.get('resource') as string | undefined,
        namespaced: options.get('namespaced') === true,
        fields: type.fieldsArray.map(fieldModel),
      });
    }
  }
  return messages;
}
