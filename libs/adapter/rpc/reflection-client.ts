import type { DescMethod, FileRegistry, JsonObject, JsonValue } from '@bufbuild/protobuf';
import { create, createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { Client, credentials } from '@grpc/grpc-js';

/** A client that knows the reflection protocol and nothing else of the server it talks to, as grpcurl does. */
export interface ReflectionClient {
  listServices(): Promise<string[]>;
  /** `method` is `package.Service/Method`; messages in protobuf's JSON form, made from what reflection says. */
  call(method: string, request: JsonObject): Promise<JsonValue>;
  /** For methods that stream answers. */
  stream(method: string, request: JsonObject): AsyncGenerator<JsonValue>;
  close(): void;
}

// Field numbers of ServerReflectionRequest and ServerReflectionResponse.
const FILE_BY_FILENAME = 3;
const FILE_CONTAINING_SYMBOL = 4;
const FILE_DESCRIPTOR_RESPONSE = 4;
const LIST_SERVICES_RESPONSE = 6;
const LIST_SERVICES = 7;
const ERROR_RESPONSE = 7;

const encodeRequest = ([field, value]: [number, string]): Buffer =>
  Buffer.from(
    new BinaryWriter()
      .uint32((field << 3) | 2)
      .string(value)
      .finish(),
  );

/** PEM texts; the certificate and its key for mutual TLS. */
export interface ReflectionTls {
  readonly certificateAuthority?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** The length-delimited fields of a message: number and bytes. */
function fieldsOf(bytes: Uint8Array): [number, Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const fields: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === 2) fields.push([field, reader.bytes()]);
    else reader.skip(wireType, field);
  }
  return fields;
}

export function createReflectionClient(
  address: string,
  version: 'v1' | 'v1alpha',
  tls?: ReflectionTls,
): ReflectionClient {
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const client = new Client(
    address,
    tls === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(pem(tls.certificateAuthority), pem(tls.key), pem(tls.certificate)),
  );
  const files = new Map<string, FileDescriptorProto>();

  /** Asks one question and returns the one field that answers it. */
  function ask(field: number, value: string, answer: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const call = client.makeBidiStreamRequest(
        `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
        encodeRequest,
        (bytes: Buffer) => bytes,
      );
      call.on('data', (response: Buffer) => {
        const found = fieldsOf(response).find(([number]) => number === answer);
        if (found !== undefined) resolve(found[1]);
        else reject(new Error(`reflection has no answer to ${value}`));
        if (fieldsOf(response).some(([number]) => number === ERROR_RESPONSE))
          reject(new Error(`no ${value}`));
      });
      call.on('error', reject);
      call.write([field, value]);
      call.end();
    });
  }

  async function addFiles(field: number, value: string): Promise<void> {
    const response = await ask(field, value, FILE_DESCRIPTOR_RESPONSE);
    for (const [, bytes] of fieldsOf(response)) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      files.set(file.name, file);
    }
    for (const file of [...files.values()]) {
      for (const dependency of file.dependency) {
        if (!files.has(dependency)) await addFiles(FILE_BY_FILENAME, dependency);
      }
    }
  }

  async function methodOf(path: string): Promise<{ method: DescMethod; registry: FileRegistry }> {
    const [service, name] = path.split('/') as [string, string];
    await addFiles(FILE_CONTAINING_SYMBOL, service);
    const registry = createFileRegistry(
      create(FileDescriptorSetSchema, { file: [...files.values()].reverse() }),
    );
    const method = registry.getService(service)?.methods.find((candidate) => candidate.name === name);
    if (method === undefined) throw new Error(`no method ${path}`);
    return { method, registry };
  }

  const codec = ({ method, registry }: { method: DescMethod; registry: FileRegistry }) => ({
    encode: (json: JsonObject) =>
      Buffer.from(toBinary(method.input, fromJson(method.input, json, { registry }))),
    decode: (bytes: Buffer) => toJson(method.output, fromBinary(method.output, bytes), { registry }),
  });

  return {
    async listServices() {
      const response = await ask(LIST_SERVICES, '*', LIST_SERVICES_RESPONSE);
      const decoder = new TextDecoder();
      return fieldsOf(response).map(([, service]) => decoder.decode(fieldsOf(service)[0]![1]));
    },

    async call(path, request) {
      const { encode, decode } = codec(await methodOf(path));
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(`/${path}`, encode, decode, request, (error, response) => {
          if (error === null) resolve(response!);
          else reject(error);
        });
      });
    },

    async *stream(path, request) {
      const { encode, decode } = codec(await methodOf(path));
      const call: ClientReadableStream<JsonValue> = client.makeServerStreamRequest(
        `/${path}`,
        encode,
        decode,
        request,
      );
      call.on('error', () => {});
      try {
        yield* call as AsyncIterable<JsonValue>;
      } finally {
        call.cancel();
      }
    },

    close: () => client.close(),
  };
}
