import {
  badRequest,
  goQuote,
  isJsonObject,
  JsonSyntaxError,
  parseJson,
  unsupportedMediaType,
  type KubeObject,
} from '@drydock/base/apimachinery';
import { decodeObject, ProtobufSyntaxError } from '@drydock/api/protobuf';
import { apiVersionOf } from '@drydock/base/apimachinery';
import type { HttpRequest } from '@drydock/port/http';
import type { DeleteOptions, PatchType } from '@drydock/port/transport';
import type { ResourceDefinition } from '../registry/index.ts';
import { mediaTypes } from './accept.ts';
import { messageOf } from './protobuf.ts';
import { deleteOptions, patchOptions, type Query } from './query.ts';
import { decodePatch } from './request-patch.ts';
import { decodeYaml } from './yaml.ts';

export const maxBodyBytes = 3 * 1024 * 1024;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};
const shownBytes = 30;

function mediaType(request: HttpRequest): string {
  const header = request.header('content-type') ?? '';
  const semicolon = header.indexOf(';');
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}

/** The kind that the body of a request must be of. */
export interface BodyKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Custom resources have no protobuf form. */
  readonly custom: boolean;
}

/** What a body of a resource or a subresource must be. */
export function bodyKind(definition: ResourceDefinition, subresource: string | undefined): BodyKind {
  const { group, version, kind, scale, subresources } = definition;
  const custom = definition.custom !== undefined;
  const own = { apiVersion: apiVersionOf(group, version), kind, custom };
  if (subresource === undefined || subresource === 'status') return own;
  if (subresource === 'scale' && scale !== undefined)
    return { apiVersion: 'autoscaling/v1', kind: 'Scale', custom: false };
  const handler =
    subresources !== undefined && Object.hasOwn(subresources, subresource)
      ? subresources[subresource]
      : undefined;
  if (handler === undefined) return own;
  const apiVersion = apiVersionOf(handler.group ?? group, handler.version ?? version);
  return { apiVersion, kind: handler.kind, custom: false };
}

/** The beginning of a body as Kubernetes shows it in messages. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const head = bytes.subarray(0, shownBytes);
  const shown =
    bytes[0] === 0x7b
      ? decoder.decode(head)
      : [...head].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${shown}${bytes.length > shownBytes ? ' ...' : ''}`;
}

function unreadable(kind: string, why: string, bytes: Uint8Array): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(bytes)})`,
  );
}

/** @throws ApiError 400 in Kubernetes' words */
function decodeProtobuf(bytes: Uint8Array, expected: BodyKind): KubeObject {
  const { apiVersion, kind } = expected;
  if (expected.custom) {
    throw unreadable(
      kind,
      'object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message',
      bytes,
    );
  }
  let said = { apiVersion, kind };
  try {
    return decodeObject(
      bytes,
      (itsVersion, itsKind) => {
        said = { apiVersion: itsVersion, kind: itsKind };
        return messageOf(itsVersion, itsKind);
      },
      { apiVersion, kind },
    ) as unknown as KubeObject;
  } catch (error) {
    if (!(error instanceof ProtobufSyntaxError)) throw error;
    // Where the kind is known, the message names it instead of the bytes.
    if (said.kind !== kind || error.message.startsWith('no kind')) {
      const version = said.apiVersion.slice(said.apiVersion.lastIndexOf('/') + 1);
      throw badRequest(
        `${said.kind} in version ${goQuote(version)} cannot be handled as a ${kind}: ${error.message}`,
      );
    }
    throw unreadable(kind, error.message, bytes);
  }
}

/** Kubernetes' words for a YAML body that cannot be read. */
function unreadableYaml(kind: string, bytes: Uint8Array, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return unreadable(kind, `error converting YAML to JSON: ${why}`, bytes);
}

/**
 * A body as what the registry takes: bytes of JSON as they are, YAML and protobuf parsed.
 * @throws ApiError 400, 413, 415
 */
export async function readBody(
  request: HttpRequest,
  expected: BodyKind,
  problems: string[],
): Promise<Uint8Array | KubeObject> {
  const type = mediaType(request);
  const bytes = await request.body(maxBodyBytes);
  switch (type) {
    case '':
    case mediaTypes.json:
      return bytes;
    case mediaTypes.yaml:
      try {
        const { value, problem } = decodeYaml(decoder.decode(bytes));
        if (problem !== undefined) problems.push(problem);
        // What is no object is refused where the kind is known.
        return value as KubeObject;
      } catch (error) {
        throw unreadableYaml(expected.kind, bytes, error);
      }
    case mediaTypes.protobuf:
      return decodeProtobuf(bytes, expected);
    default:
      throw unsupportedMediaType(Object.values(mediaTypes));
  }
}

/** A patch and its options. @throws ApiError 400, 413, 415 */
export async function readPatch(
  request: HttpRequest,
  query: Query,
  definition: ResourceDefinition,
  problems: string[],
) {
  const type = patchTypes[mediaType(request)];
  // Nothing is known of the lists of custom resources that a strategic merge could go by.
  if (type === undefined || (type === 'strategic' && definition.custom !== undefined)) {
    const supported = Object.keys(patchTypes).filter(
      (name) => definition.custom === undefined || patchTypes[name] !== 'strategic',
    );
    throw unsupportedMediaType(supported);
  }
  const bytes = await request.body(maxBodyBytes);
  const options = patchOptions(query, type === 'apply');
  const read = decodePatch(type, decoder.decode(bytes), options.fieldValidation !== 'Ignore');
  problems.push(...read.problems);
  return { patch: read.patch, options };
}

const deleteOptionsKind: BodyKind = { apiVersion: 'meta.k8s.io/v1', kind: 'DeleteOptions', custom: false };

function decodeOptions(type: string, bytes: Uint8Array): unknown {
  if (type === mediaTypes.protobuf) return decodeProtobuf(bytes, deleteOptionsKind);
  const text = decoder.decode(bytes);
  try {
    return type === mediaTypes.yaml ? decodeYaml(text).value : parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`error converting YAML to JSON: ${why}`);
  }
}

/** The options of a DELETE, from its body and the query. @throws ApiError 400, 413, 415 */
export async function readDeleteOptions(request: HttpRequest, query: Query): Promise<DeleteOptions> {
  const bytes = await request.body(maxBodyBytes);
  if (bytes.length === 0) return deleteOptions(query, undefined);
  const type = mediaType(request) || mediaTypes.json;
  if (!Object.values(mediaTypes).includes(type)) throw unsupportedMediaType(Object.values(mediaTypes));
  const body = decodeOptions(type, bytes);
  if (body === null) return deleteOptions(query, {});
  if (!isJsonObject(body)) {
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(body) ? 'array' : typeof body} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  return deleteOptions(query, body);
}
