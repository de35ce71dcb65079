/** How a field is written in JSON and in protobuf. */
export type FieldKind =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'double'
  /** base64 text in JSON */
  | 'bytes'
  | 'message'
  /** RFC 3339, seconds / microseconds; messages in protobuf */
  | 'time'
  | 'microTime'
  /** text such as `500m` (JSON numbers accepted); message in protobuf */
  | 'quantity'
  | 'intOrString'
  /** Go duration text such as `1m0s`; message in protobuf */
  | 'duration'
  /** any JSON object; bytes in protobuf */
  | 'rawExtension'
  | 'fieldsV1'
  /** any JSON value (apiextensions JSON) */
  | 'json';

export interface FieldSchema {
  /** JSON name. */
  readonly name: string;
  /** Name in protobuf where it differs. */
  readonly protoName?: string;
  readonly number: number;
  readonly kind: FieldKind;
  /** Full message name for kind `message` (also for repeated and map values). */
  readonly message?: string;
  readonly repeated?: boolean;
  /** Map with string keys; `kind` is the value's. */
  readonly map?: boolean;
  /** In protobuf a message with one repeated field `items`; in JSON the bare list. */
  readonly wrapped?: boolean;
  /** The message's own fields appear in the parent's JSON object (Go inlining); `name` is not a JSON key. */
  readonly inline?: boolean;
  readonly required?: boolean;
  /** A scalar whose zero is a value of its own (a pointer in Kubernetes' types); the zero of any other means absent. */
  readonly explicit?: boolean;
  /** Stands in JSON even when it is empty; all else is left out then. */
  readonly always?: boolean;
  /** A message that protobuf has even when it is empty, where JSON leaves it out. */
  readonly struct?: boolean;
  /** For kind `json`: what the value is one of, where protobuf has a message with a field for each. */
  readonly jsonForm?: 'schemaOrArray' | 'schemaOrBool' | 'schemaOrStrings';
  /** The values that the text may have. */
  readonly values?: readonly string[];
  /** Value taken when the field is absent. */
  readonly default?: unknown;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  /** Its message, or each of its elements, is owned as a whole by server-side apply. */
  readonly atomic?: boolean;
  readonly patchMergeKey?: string;
  /** Comma-separated as in Kubernetes: `merge`, `retainKeys`, `replace`. */
  readonly patchStrategy?: string;
  readonly description?: string;
}

/** One message of the API schema. */
export interface MessageSchema {
  /** Full protobuf name, e.g. `k8s.io.api.core.v1.PodSpec`. */
  readonly name: string;
  readonly description?: string;
  /** In declaration order; inlined messages appear as one `inline` field. */
  readonly fields: readonly FieldSchema[];
  /** Fields by JSON name, with those of inlined messages lifted up. */
  readonly byJsonName: ReadonlyMap<string, FieldSchema>;
}

/** Finds a message by its full name. `@drydock/api/scheme` exports the generated one as `lookupSchema`. */
export type SchemaLookup = (fullName: string) => MessageSchema | undefined;
