import { toApiError, type KubeObject, type Status } from '@drydock/base/apimachinery';
import { watchFrame } from '@drydock/api/protobuf';
import type { HttpResponse, MessageSocket } from '@drydock/port/http';
import type { ResourceRef, WatchOptions } from '@drydock/port/transport';
import type { Registry, RequestContext } from '../registry/index.ts';
import { watchBatchLines, type StoredWatch, type StoredWatchEvent } from '../watch-cache/index.ts';
import { mediaTypes, type Form } from './accept.ts';
import { convert, type TableContext } from './answer.ts';
import { objectInProtobuf, valueInProtobuf } from './protobuf.ts';

type Batch = readonly StoredWatchEvent[];
type EncodeBatch = (batch: Batch) => Uint8Array;

const encoder = new TextEncoder();

/** A line of JSON, or a frame of protobuf. */
function encodeEvent(type: string, object: KubeObject | Status, form: Form): Uint8Array {
  return form.encoding === 'protobuf'
    ? watchFrame(type, valueInProtobuf(object))
    : encoder.encode(`${JSON.stringify({ type, object })}\n`);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const bytes = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Events that look the same to every watcher of the form: each is encoded once. */
function encodeShared(form: Form, table: () => TableContext): EncodeBatch {
  const whole = form.as === 'object' || form.as === 'partial list';
  const name = whole ? form.encoding : `${form.encoding} ${form.metaVersion}`;
  const once = ({ type, stored }: StoredWatchEvent): Uint8Array => {
    if (!whole) return encodeEvent(type, convert(stored.object, form, table), form);
    return form.encoding === 'protobuf'
      ? watchFrame(type, objectInProtobuf(stored))
      : encodeEvent(type, stored.object, form);
  };
  return (batch) => joined(batch.map((event) => event.encodeOnce(name, once)));
}

/** Tables: ages pass, and only the first event tells the columns. */
function encodeTables(form: Form, table: () => TableContext): EncodeBatch {
  let headless = false;
  return (batch) =>
    joined(
      batch.map(({ type, object }) => {
        const bytes = encodeEvent(type, convert(object, form, table, headless), form);
        headless = true;
        return bytes;
      }),
    );
}

function encoderOf(form: Form, table: () => TableContext): EncodeBatch {
  if (form.as === 'table') return encodeTables(form, table);
  return form.as === 'object' && form.encoding === 'json' ? watchBatchLines : encodeShared(form, table);
}

async function* stream(watch: StoredWatch, encode: EncodeBatch, form: Form): AsyncIterable<Uint8Array> {
  try {
    for await (const batch of watch) yield encode(batch);
  } catch (error) {
    // The answer has begun: the error goes out as an event, as Kubernetes sends it.
    yield encodeEvent('ERROR', toApiError(error).status, form);
  } finally {
    watch.close();
  }
}

const decoder = new TextDecoder();
/** The length that stands before each frame of a stream; messages have an end of their own. */
const frameHeadBytes = 4;

/** One message an event: text for JSON, binary for protobuf. */
function sendEvent(socket: MessageSocket, bytes: Uint8Array, form: Form): Promise<void> {
  return socket.send(form.encoding === 'protobuf' ? bytes.subarray(frameHeadBytes) : decoder.decode(bytes));
}

/** What a client says is not for us, and has to be read all the same: its good-bye is among it. */
async function ignoreAll(socket: MessageSocket): Promise<void> {
  while ((await socket.receive()) !== undefined);
}

async function serveOverSocket(
  socket: MessageSocket,
  watch: StoredWatch,
  encode: EncodeBatch,
  form: Form,
): Promise<void> {
  const close = () => watch.close();
  socket.closed.addEventListener('abort', close);
  void ignoreAll(socket);
  try {
    for await (const batch of watch)
      for (const event of batch) await sendEvent(socket, encode([event]), form);
  } catch (error) {
    if (!socket.closed.aborted)
      await sendEvent(socket, encodeEvent('ERROR', toApiError(error).status, form), form);
  } finally {
    watch.close();
    socket.closed.removeEventListener('abort', close);
  }
}

function upgraded(
  protocol: string | undefined,
  serve: (socket: MessageSocket) => Promise<void>,
): HttpResponse {
  const subprotocol = protocol === undefined ? {} : { subprotocol: protocol };
  return { status: 101, headers: {}, body: undefined, upgrade: { kind: 'messages', ...subprotocol, serve } };
}

/**
 * Starts a watch and answers it as a stream of JSON lines or of protobuf frames; over a WebSocket (`sockets` are the
 * subprotocols that its client offers) as one message an event.
 */
export async function watchAnswer(
  registry: Registry,
  ref: ResourceRef,
  options: WatchOptions,
  context: RequestContext,
  form: Form,
  table: () => TableContext,
  sockets?: readonly string[],
): Promise<HttpResponse> {
  const type = mediaTypes[form.encoding];
  const headers = {
    'content-type': form.encoding === 'json' ? type : `${type};stream=watch`,
    'cache-control': 'no-cache, private',
  };
  let watch: StoredWatch;
  try {
    // A wrong parameter is told before anything is sent.
    if (form.as === 'table') table();
    watch = await registry.watch(ref, options, context);
  } catch (error) {
    const failure = toApiError(error);
    // A revision that is gone or not there yet is told in the stream, as Kubernetes does: clients look for it there.
    if (failure.code !== 410 && failure.code !== 504) throw failure;
    const told = encodeEvent('ERROR', failure.status, form);
    return sockets === undefined
      ? { status: 200, headers, body: told }
      : upgraded(sockets[0], (socket) => sendEvent(socket, told, form));
  }
  const encode = encoderOf(form, table);
  if (sockets !== undefined)
    return upgraded(sockets[0], (socket) => serveOverSocket(socket, watch, encode, form));
  return { status: 200, headers, body: stream(watch, encode, form) };
}
