import { Message } from './message.ts';
import type { Json } from './schemas.ts';

/**
 * The OpenAPI v2 document in protobuf (gnostic's openapi.v2.Document), which kubectl asks for.
 * Field numbers are those of gnostic's OpenAPIv2.proto; what clients of Kubernetes read is encoded, the rest left out.
 */

/** Any: JSON is YAML. */
function any(value: unknown): Message {
  return new Message().text(2, JSON.stringify(value));
}

function extensions(into: Message, field: number, value: Json): Message {
  for (const [name, content] of Object.entries(value)) {
    if (name.startsWith('x-')) into.message(field, new Message().text(1, name).message(2, any(content)));
  }
  return into;
}

function named(name: string, value: Message): Message {
  return new Message().text(1, name).message(2, value);
}

function schema(value: Json): Message {
  const result = new Message()
    .text(1, value['$ref'])
    .text(2, value['format'])
    .text(4, value['description'])
    .message(5, value['default'] === undefined ? undefined : any(value['default']))
    .texts(19, value['required']);
  const additional = value['additionalProperties'];
  if (additional !== undefined) result.message(21, new Message().message(1, schema(additional as Json)));
  if (typeof value['type'] === 'string') result.message(22, new Message().text(1, value['type']));
  if (value['items'] !== undefined)
    result.message(23, new Message().message(1, schema(value['items'] as Json)));
  const properties = value['properties'] as Record<string, Json> | undefined;
  if (properties !== undefined) {
    const all = new Message();
    for (const [name, property] of Object.entries(properties)) all.message(1, named(name, schema(property)));
    result.message(25, all);
  }
  return extensions(result, 31, value);
}

function parameter(value: Json): Message {
  const { in: place, name, description, required } = value;
  if (place === 'body') {
    const body = new Message().text(1, description).text(2, name).text(3, place).flag(4, required);
    body.message(5, schema((value['schema'] ?? {}) as Json));
    return new Message().message(1, new Message().message(1, body));
  }
  const other = new Message().flag(1, required).text(2, place).text(3, description).text(4, name);
  const wrapped =
    place === 'path'
      ? new Message().message(4, other.text(5, value['type']))
      : new Message().message(3, other.text(6, value['type']));
  return new Message().message(1, new Message().message(2, wrapped));
}

function operation(value: Json): Message {
  const result = new Message()
    .texts(1, value['tags'])
    .text(3, value['description'])
    .text(5, value['operationId'])
    .texts(6, value['produces'])
    .texts(7, value['consumes']);
  for (const one of (value['parameters'] ?? []) as Json[]) result.message(8, parameter(one));
  const responses = new Message();
  for (const [code, response] of Object.entries((value['responses'] ?? {}) as Record<string, Json>)) {
    const answer = new Message().text(1, response['description']);
    if (response['schema'] !== undefined)
      answer.message(2, new Message().message(1, schema(response['schema'] as Json)));
    responses.message(1, named(code, new Message().message(1, answer)));
  }
  result.message(9, responses);
  return extensions(result.texts(10, value['schemes']), 13, value);
}

const methods: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

/** Encodes a document made by `buildOpenApiV2`. */
export function encodeOpenApiV2(document: Json): Uint8Array {
  const info = document['info'] as Json;
  const paths = new Message();
  for (const [path, item] of Object.entries(document['paths'] as Record<string, Json>)) {
    const encoded = new Message();
    for (const [method, field] of Object.entries(methods)) {
      if (item[method] !== undefined) encoded.message(field, operation(item[method] as Json));
    }
    for (const one of (item['parameters'] ?? []) as Json[]) encoded.message(9, parameter(one));
    paths.message(2, named(path, encoded));
  }
  const definitions = new Message();
  for (const [name, value] of Object.entries(document['definitions'] as Record<string, Json>)) {
    definitions.message(1, named(name, schema(value)));
  }
  return new Message()
    .text(1, document['swagger'])
    .message(2, new Message().text(1, info['title']).text(2, info['version']))
    .message(8, paths)
    .message(9, definitions)
    .bytes();
}
