import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createFileRegistry,
  fromBinary,
  getExtension,
  hasExtension,
  ScalarType,
  type DescExtension,
  type DescField,
  type DescFile,
  type DescMessage,
  type FileRegistry,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const optionsPackage = 'drydock.options.v1';

export interface FieldModel {
  readonly protoName: string;
  readonly jsonName: string;
  readonly number: number;
  /** Scalar name, or the full name of a message; of the values, for maps. */
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** A scalar declared `optional`: its zero is a value of its own. */
  readonly explicit: boolean;
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
  /** Owned as a whole by server-side apply. */
  readonly atomic: boolean;
  /** `group/version/resource` of served kinds. */
  readonly resource: string | undefined;
  readonly namespaced: boolean;
  readonly fields: readonly FieldModel[];
}

/** Compiles the schema with buf and answers it as a registry of descriptors. */
function compile(root: string): FileRegistry {
  const buf = fileURLToPath(import.meta.resolve('@bufbuild/buf/package.json'));
  const image = execFileSync(process.execPath, [join(buf, '../bin/buf'), 'build', '-o', '-'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
}

/** The comments of a file before its messages and fields, by descriptor path. */
function commentsOf(file: DescFile): Map<string, string> {
  const comments = new Map<string, string>();
  for (const { path, leadingComments } of file.proto.sourceCodeInfo?.location ?? []) {
    if (leadingComments === '') continue;
    comments.set(path.join('.'), leadingComments.trim().replaceAll(/\s*\n\s*/g, ' '));
  }
  return comments;
}

function optionsOf(
  desc: DescField | DescMessage,
  extensions: readonly DescExtension[],
): Map<string, string | boolean> {
  const found = new Map<string, string | boolean>();
  const { options } = desc.proto;
  for (const extension of extensions) {
    if (options === undefined || extension.extendee.typeName !== options.$typeName) continue;
    if (hasExtension(options, extension)) {
      found.set(extension.name, getExtension(options, extension) as string | boolean);
    }
  }
  return found;
}

function typeOf(field: DescField): string {
  const scalar =
    field.fieldKind === 'map' ? (field.mapKind === 'scalar' ? field.scalar : undefined) : field.scalar;
  if (scalar !== undefined) return ScalarType[scalar].toLowerCase();
  if (field.message === undefined) throw new Error(`${field.toString()}: neither scalar nor message`);
  return field.message.typeName;
}

/** Reads the schema under a folder with a `buf.yaml`: every message, file by file in the order of their paths. */
export function readSchema(root: string): MessageModel[] {
  const registry = compile(root);
  const extensions = [...registry].filter(
    (type) => type.kind === 'extension' && type.file.proto.package === optionsPackage,
  ) as DescExtension[];
  const files = [...registry.files]
    .filter(({ proto }) => proto.package !== optionsPackage && !proto.package.startsWith('google.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return files.flatMap((file) => {
    const comments = commentsOf(file);
    return file.messages.map((message, index): MessageModel => {
      const options = optionsOf(message, extensions);
      return {
        package: file.proto.package,
        name: message.name,
        fullName: message.typeName,
        comment: comments.get(`4.${index}`) ?? '',
        jsonForm: options.get('json_form') as string | undefined,
        atomic: options.get('atomic') === true,
        resource: options.get('resource') as string | undefined,
        namespaced: options.get('namespaced') === true,
        fields: message.fields.map((field, at): FieldModel => {
          const own = optionsOf(field, extensions);
          return {
            protoName: field.name,
            jsonName: (own.get('json') as string | undefined) ?? field.name,
            number: field.number,
            type: typeOf(field),
            repeated: field.fieldKind === 'list',
            map: field.fieldKind === 'map',
            explicit: field.fieldKind === 'scalar' && field.presence === FeatureSet_FieldPresence.EXPLICIT,
            comment: comments.get(`4.${index}.2.${at}`) ?? '',
            options: own,
          };
        }),
      };
    });
  });
}
