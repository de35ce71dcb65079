import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { HttpResponse } from '@drydock/port/http';

/** Kubernetes compresses for speed, not for size. */
const gzipLevel = 1;
/** Small parts are copied together up to this size: a write each would cost more than the copy. */
const batchBytes = 256 * 1024;
/** Larger answers go out in slices of this size, so that the client reads the first while the next is encrypted. */
const sliceBytes = 1024 * 1024;

const compress = promisify(gzip);

type Headers = OutgoingHttpHeaders;

function isStream(body: NonNullable<HttpResponse['body']>): body is AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in body;
}

function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

function writeParts(outgoing: ServerResponse, parts: readonly Uint8Array[]): void {
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < parts.length; i += 1) {
    bytes += parts[i]!.length;
    if (bytes >= batchBytes || i === parts.length - 1) {
      const batch = i === start ? parts[i]! : Buffer.concat(parts.slice(start, i + 1), bytes);
      if (i === parts.length - 1) outgoing.end(batch);
      else outgoing.write(batch);
      start = i + 1;
      bytes = 0;
    }
  }
  if (parts.length === 0) outgoing.end();
}

/** Resolves when the client has taken enough to go on, or is gone. */
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.on('drain', done);
    outgoing.on('close', done);
  });
}

async function writeSlices(outgoing: ServerResponse, body: Uint8Array): Promise<void> {
  let at = 0;
  for (; at + sliceBytes < body.length; at += sliceBytes) {
    if (!outgoing.write(body.subarray(at, at + sliceBytes))) await drained(outgoing);
    if (outgoing.closed) return;
  }
  outgoing.end(body.subarray(at));
}

async function writeStream(outgoing: ServerResponse, body: AsyncIterable<Uint8Array>): Promise<void> {
  outgoing.flushHeaders();
  for await (const chunk of body) {
    if (outgoing.closed) return;
    if (chunk.length > 0 && !outgoing.write(chunk)) await drained(outgoing);
    if (outgoing.closed) return;
  }
  outgoing.end();
}

async function sendCompressed(
  outgoing: ServerResponse,
  response: HttpResponse,
  body: Uint8Array,
): Promise<void> {
  const packed = await compress(body, { level: gzipLevel, strategy: constants.Z_DEFAULT_STRATEGY });
  if (outgoing.closed) return;
  const headers: Headers = {
    ...response.headers,
    'content-encoding': 'gzip',
    'content-length': packed.length,
  };
  outgoing.writeHead(response.status, headers);
  outgoing.end(packed);
}

/**
 * Writes a neutral answer to a node response. Returns a promise only where the answer takes time; it rejects when a stream
 * fails midway (the connection must be cut then, since the status is out already).
 */
export function sendResponse(
  outgoing: ServerResponse,
  response: HttpResponse,
  head: boolean,
): Promise<void> | undefined {
  const { status, body } = response;
  const headers = response.headers as Headers;
  if (body === undefined || status === 204 || status === 304) {
    outgoing.writeHead(
      status,
      status === 204 || status === 304 ? headers : { ...headers, 'content-length': 0 },
    );
    outgoing.end();
    return undefined;
  }
  if (body instanceof Uint8Array) {
    if (response.gzip === true && !head) return sendCompressed(outgoing, response, body);
    outgoing.writeHead(status, { ...headers, 'content-length': body.length });
    if (body.length > sliceBytes && !head) return writeSlices(outgoing, body);
    // One write for head and body: node holds the head back until `end`.
    if (head) outgoing.end();
    else outgoing.end(body);
    return undefined;
  }
  if (isStream(body)) {
    outgoing.writeHead(status, headers);
    if (!head) return writeStream(outgoing, body);
    outgoing.end();
    return undefined;
  }
  if (response.gzip === true && !head) return sendCompressed(outgoing, response, Buffer.concat(body));
  outgoing.writeHead(status, { ...headers, 'content-length': lengthOf(body) });
  if (head) outgoing.end();
  else writeParts(outgoing, body);
  return undefined;
}
