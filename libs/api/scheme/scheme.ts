import type { FieldKind, FieldSchema, MessageSchema } from '@drydock/base/apimachinery';
import kindRows from '../gen/kinds.json' with { type: 'json' };
import table from '../gen/schema.json' with { type: 'json' };

type FieldRow = readonly [
  name: string,
  number: number,
  kind: string,
  extras?: Readonly<Record<string, unknown>>,
];

const rows = table as unknown as Readonly<Record<string, readonly FieldRow[]>>;
const built = new Map<string, MessageSchema>();

function fieldSchema([name, number, kind, extras]: FieldRow): FieldSchema {
  const isMessage = kind.includes('.');
  return {
    name,
    number,
    kind: (isMessage ? 'message' : kind) as FieldKind,
    ...(isMessage ? { message: kind } : {}),
    ...extras,
  };
}

/**
 * The schema of a message by its full protobuf name (`k8s.io.api.apps.v1.Deployment`), or undefined.
 * Built on first use, from the generated table.
 */
export function lookupSchema(fullName: string): MessageSchema | undefined {
  const known = built.get(fullName);
  if (known !== undefined) return known;
  const own = Object.hasOwn(rows, fullName) ? rows[fullName] : undefined;
  if (own === undefined) return undefined;
  const fields = own.map(fieldSchema);
  const byJsonName = new Map<string, FieldSchema>();
  const schema: MessageSchema = { name: fullName, fields, byJsonName };
  built.set(fullName, schema);
  for (const field of fields) {
    if (field.inline === true && field.message !== undefined) {
      for (const [name, lifted] of lookupSchema(field.message)?.byJsonName ?? [])
        byJsonName.set(name, lifted);
    } else byJsonName.set(field.name, field);
  }
  return schema;
}

let atomic: Set<string> | undefined;

/** Whether server-side apply owns the message as a whole wherever it stands. */
export function isAtomicMessage(fullName: string): boolean {
  if (atomic === undefined) {
    atomic = new Set();
    for (const own of Object.values(rows)) {
      for (const [, , kind, extras] of own) if (extras?.['atomic'] === true) atomic.add(kind);
    }
  }
  return atomic.has(fullName);
}

/** One served kind. */
export interface KindInfo {
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Full name of the message that describes it. */
  readonly schema: string;
}

/** Every kind that has a path of its own. */
export const kinds: readonly KindInfo[] = (
  kindRows as unknown as readonly (readonly [string, string, string, string, boolean, string])[]
).map(([group, version, resource, kind, namespaced, schema]) => ({
  group,
  version,
  resource,
  kind,
  namespaced,
  schema,
}));

const byKind = new Map(kinds.map((info) => [`${info.group}/${info.version}/${info.kind}`, info]));
const byResource = new Map(kinds.map((info) => [`${info.group}/${info.version}/${info.resource}`, info]));

export function findKind(group: string, version: string, kind: string): KindInfo | undefined {
  return byKind.get(`${group}/${version}/${kind}`);
}

export function findResource(group: string, version: string, resource: string): KindInfo | undefined {
  return byResource.get(`${group}/${version}/${resource}`);
}

type Descriptions = Readonly<Record<string, readonly [string, Readonly<Record<string, string>>]>>;

/** What messages and fields mean: `{message: [text, {field: text}]}`. Loaded on first use. */
export async function loadDescriptions(): Promise<Descriptions> {
  const { default: texts } = await import('../gen/descriptions.json', { with: { type: 'json' } });
  return texts as unknown as Descriptions;
}
