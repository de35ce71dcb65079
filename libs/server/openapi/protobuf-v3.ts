import { Message } from './message.ts';
import type { Json } from './schemas.ts';

/**
 * OpenAPI v3 documents in protobuf (gnostic's openapi.v3.Document), which kubectl's checks of query parameters ask for.
 * Field numbers are those of gnostic's OpenAPIv3.proto; what Kubernetes' documents have is encoded.
 */

/** Any: JSON is YAML. */
function any(value: unknown): Message {
  return new Message().text(2, JSON.stringify(value));
}

function named(name: string, value: Message): Message {
  return new Message().text(1, name).message(2, value);
}

function* extensions(value: Json): Iterable<Message> {
  for (const [name, content] of Object.entries(value))
    if (name.startsWith('x-')) yield named(name, any(content));
}

function reference(value: Json): Message | undefined {
  return typeof value['$ref'] === 'string' ? new Message().text(1, value['$ref']) : undefined;
}

/** One of a thing itself (1) and a reference to it (2). */
function orReference(value: Json, make: (value: Json) => Message): Message {
  const found = reference(value);
  return found === undefined ? new Message().message(1, make(value)) : new Message().message(2, found);
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const entriesOf = (value: unknown): [string, Json][] => Object.entries((value ?? {}) as Record<string, Json>);

/** Only scalars have a form; for others the default is there and empty, as gnostic has it. */
function defaultType(value: unknown): Message | undefined {
  if (value === undefined) return undefined;
  const message = new Message();
  if (typeof value === 'number') return message.double(1, value);
  if (typeof value === 'boolean') return message.choice(2, value);
  return typeof value === 'string' ? message.texts(3, [value]) : message;
}

function schema(value: Json): Message {
  const one = (item: Json): Message => orReference(item, schema);
  const { items, properties, additionalProperties: additional, not } = value;
  const result = new Message()
    .flag(1, value['nullable'])
    .message(7, value['example'] === undefined ? undefined : any(value['example']))
    .text(9, value['title'])
    .double(10, value['multipleOf'])
    .double(11, value['maximum'])
    .flag(12, value['exclusiveMaximum'])
    .double(13, value['minimum'])
    .flag(14, value['exclusiveMinimum'])
    .count(15, value['maxLength'])
    .count(16, value['minLength'])
    .text(17, value['pattern'])
    .count(18, value['maxItems'])
    .count(19, value['minItems'])
    .flag(20, value['uniqueItems'])
    .count(21, value['maxProperties'])
    .count(22, value['minProperties'])
    .texts(23, value['required'])
    .messages(24, listOf(value['enum']).map(any))
    .text(25, value['type'])
    .messages(26, listOf(value['allOf']).map(one))
    .messages(27, listOf(value['oneOf']).map(one))
    .messages(28, listOf(value['anyOf']).map(one))
    .message(29, not === undefined ? undefined : schema(not as Json))
    .message(30, items === undefined ? undefined : new Message().message(1, one(items as Json)));
  if (properties !== undefined)
    result.message(
      31,
      new Message().messages(
        1,
        entriesOf(properties).map(([name, item]) => named(name, one(item))),
      ),
    );
  if (typeof additional === 'boolean') result.message(32, new Message().choice(2, additional));
  else if (additional !== undefined) result.message(32, new Message().message(1, one(additional as Json)));
  return result
    .message(33, defaultType(value['default']))
    .text(34, value['description'])
    .text(35, value['format'])
    .messages(36, extensions(value));
}

function mediaTypes(content: unknown): Message | undefined {
  if (content === undefined) return undefined;
  return new Message().messages(
    1,
    entriesOf(content).map(([type, value]) => {
      const body = value['schema'] as Json | undefined;
      return named(
        type,
        new Message().message(1, body === undefined ? undefined : orReference(body, schema)),
      );
    }),
  );
}

function parameter(value: Json): Message {
  const { name, in: place, description, required } = value;
  const type = value['schema'] as Json | undefined;
  return new Message()
    .text(1, name)
    .text(2, place)
    .text(3, description)
    .flag(4, required)
    .message(10, type === undefined ? undefined : orReference(type, schema))
    .messages(14, extensions(value));
}

function requestBody(value: Json): Message {
  return new Message()
    .text(1, value['description'])
    .message(2, mediaTypes(value['content']))
    .flag(3, value['required']);
}

function response(value: Json): Message {
  return new Message().text(1, value['description']).message(3, mediaTypes(value['content']));
}

function operation(value: Json): Message {
  const body = value['requestBody'] as Json | undefined;
  const responses = entriesOf(value['responses']).map(([code, answer]) =>
    named(code, orReference(answer, response)),
  );
  return new Message()
    .texts(1, value['tags'])
    .text(3, value['description'])
    .text(5, value['operationId'])
    .messages(
      6,
      listOf(value['parameters']).map((one) => orReference(one, parameter)),
    )
    .message(7, body === undefined ? undefined : orReference(body, requestBody))
    .message(8, new Message().messages(2, responses))
    .messages(13, extensions(value));
}

const methods = { get: 4, put: 5, post: 6, delete: 7, options: 8, head: 9, patch: 10 } as const;

function pathItem(value: Json): Message {
  const result = new Message();
  for (const [method, field] of Object.entries(methods))
    if (value[method] !== undefined) result.message(field, operation(value[method] as Json));
  return result.messages(
    13,
    listOf(value['parameters']).map((one) => orReference(one, parameter)),
  );
}

function securityScheme(value: Json): Message {
  return new Message()
    .text(1, value['type'])
    .text(2, value['description'])
    .text(3, value['name'])
    .text(4, value['in']);
}

/** Encodes a document made by `buildOpenApiV3`. */
export function encodeOpenApiV3(document: Json): Uint8Array {
  const info = document['info'] as Json;
  const components = (document['components'] ?? {}) as Json;
  const each = (values: unknown, make: (value: Json) => Message): Message =>
    new Message().messages(
      1,
      entriesOf(values).map(([name, value]) => named(name, orReference(value, make))),
    );
  return new Message()
    .text(1, document['openapi'])
    .message(2, new Message().text(1, info['title']).text(6, info['version']))
    .message(
      4,
      new Message().messages(
        1,
        entriesOf(document['paths']).map(([path, item]) => named(path, pathItem(item))),
      ),
    )
    .message(
      5,
      new Message()
        .message(1, each(components['schemas'], schema))
        .message(7, each(components['securitySchemes'], securityScheme)),
    )
    .bytes();
}
