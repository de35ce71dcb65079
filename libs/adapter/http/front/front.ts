import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, internalError } from '@drydock/base/apimachinery';
import type { ClientCertificate, HttpResponse } from '@drydock/port/http';
import type { NodeRequest } from '../node-request.ts';
import { endToEndHeaders, relayAnswer, standsFor } from '../upstream.ts';
import { ChunkQueue } from './chunk-queue.ts';
import {
  askedBody,
  bytesOf,
  laterBody,
  type Batch,
  type FrontItem,
  type MainItem,
  type RequestItem,
} from './messages.ts';
import type { Outbox } from './outbox.ts';
import { RelaySocket } from './relay-socket.ts';

/** Bodies that are no larger are read before main asks for them: most come with the head of their request. */
const earlyBytes = 64 * 1024;

interface Open {
  readonly request: NodeRequest;
  /** Where it is read without being asked for. */
  readonly earlyBody: Promise<Uint8Array> | undefined;
  answer(response: HttpResponse): void;
  stream?: ChunkQueue;
}

/** The front's side of the bridge. */
export interface Front {
  /** Answers a request with what main says. */
  handle(request: NodeRequest): Promise<HttpResponse>;
  /** Has main serve a connection that asks for another protocol. */
  upgrade(request: NodeRequest, incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  receive(batch: Batch<MainItem>): void;
}

/** What nobody reads: its client has left. */
const nothing: HttpResponse = { status: 503, headers: {}, body: undefined };

/** A head as it came. */
function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Joins a connection with its end on main, until one of them is closed. */
function join(near: Duplex, far: RelaySocket): void {
  near.on('error', () => near.destroy());
  far.on('error', () => far.destroy());
  near.once('close', () => far.destroy());
  far.once('close', () => {
    // What it has said last is let through.
    near.end(() => near.destroy());
  });
  near.pipe(far);
  far.pipe(near);
}

export function createFront(outbox: Outbox<FrontItem>): Front {
  const open = new Map<number, Open>();
  const relays = new Map<number, RelaySocket>();
  const numbers = new WeakMap<ClientCertificate, number>();
  const known = new Map<string, number>();
  let lastId = 0;

  /** Tells main of a certificate once, however many connections show it. */
  function numberOf(certificate: ClientCertificate | undefined): number {
    if (certificate === undefined) return 0;
    let number = numbers.get(certificate);
    if (number === undefined) {
      const text = JSON.stringify(certificate);
      number = known.get(text);
      if (number === undefined) {
        number = known.size + 1;
        known.set(text, number);
        outbox.add(['certificate', number, certificate]);
      }
      numbers.set(certificate, number);
    }
    return number;
  }

  function sendBody(id: number, body: Uint8Array): void {
    const place = outbox.place(body);
    outbox.add(['body', id, place, body.length]);
  }

  function sendBodyOf(id: number, reading: Promise<Uint8Array>, arrived: (body: Uint8Array) => void): void {
    reading.then(arrived, (error: unknown) => {
      const failure = error instanceof ApiError ? error : internalError('the request body could not be read');
      outbox.add(['body-failed', id, failure.status]);
    });
  }

  /** Answers the body, where it is read already. */
  function sendRequest(id: number, request: NodeRequest): Promise<Uint8Array> | undefined {
    const { headers, repeated } = request.headerList();
    const declared = request.declaredBytes();
    const early = declared !== undefined && declared <= earlyBytes;
    const certificate = numberOf(request.clientCertificate);
    const item: RequestItem = [
      'request',
      id,
      request.remoteAddress,
      certificate,
      request.method,
      request.url,
      headers,
      repeated,
      0,
      declared === 0 ? 0 : early ? laterBody : askedBody,
    ];
    outbox.add(item);
    if (!early || declared === 0) return undefined;
    const { sent } = outbox;
    const reading = request.body(earlyBytes);
    sendBodyOf(id, reading, (body) => {
      if (outbox.sent !== sent) {
        sendBody(id, body);
        return;
      }
      item[8] = outbox.place(body);
      item[9] = body.length;
    });
    return reading;
  }

  function relay(id: number): RelaySocket {
    const socket = new RelaySocket({ id, outbox, readsOut: true, onClose: () => relays.delete(id) });
    relays.set(id, socket);
    return socket;
  }

  /** Passes a request on to main, which passes it on: main is to this thread what another server is to main. */
  function passOn(id: number, { earlyBody }: Open): HttpResponse {
    return standsFor({
      upgrade: () => Promise.reject(new Error('upgrades are relayed as they come')),
      async send(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
        const socket = relay(id);
        const call = httpRequest({
          createConnection: () => socket,
          method: incoming.method ?? 'GET',
          path: incoming.url ?? '/',
          headers: endToEndHeaders(incoming),
          setHost: false,
        });
        outgoing.once('close', () => call.destroy());
        const answered = new Promise<IncomingMessage>((resolve, reject) => {
          call.once('response', resolve).once('error', reject);
        });
        if (earlyBody === undefined) incoming.pipe(call);
        else
          earlyBody.then(
            (body) => call.end(body),
            () => call.destroy(),
          );
        const answer = await answered.catch((error: unknown) => {
          // Who has left is not waited for.
          if (!outgoing.closed) throw error;
        });
        if (answer !== undefined) await relayAnswer(answer, outgoing);
      },
    });
  }

  function receiveOne(batch: Batch<MainItem>, item: MainItem): void {
    const id = item[1];
    switch (item[0]) {
      case 'relay-data':
      case 'relay-taken':
      case 'relay-end':
      case 'relay-close':
        relays.get(id)?.receive(batch, item);
        return;
    }
    const one = open.get(id);
    if (one === undefined) {
      // Its client left meanwhile.
      if (item[0] === 'relay') outbox.add(['relay-close', id]);
      return;
    }
    switch (item[0]) {
      case 'answer':
        open.delete(id);
        one.answer({
          status: item[2],
          headers: item[3] as HttpResponse['headers'],
          body: bytesOf(batch, item[4], item[5]),
          gzip: item[6],
        });
        return;
      case 'empty':
        open.delete(id);
        one.answer({ status: item[2], headers: item[3] as HttpResponse['headers'], body: undefined });
        return;
      case 'begin':
        one.stream = new ChunkQueue((bytes) => outbox.add(['taken', id, bytes]));
        one.answer({ status: item[2], headers: item[3] as HttpResponse['headers'], body: one.stream });
        return;
      case 'chunk':
        one.stream?.push(bytesOf(batch, item[2], item[3]));
        return;
      case 'end':
        open.delete(id);
        one.stream?.end();
        return;
      case 'break':
        open.delete(id);
        one.request.cut();
        one.stream?.end();
        return;
      case 'read-body':
        sendBodyOf(id, one.request.body(item[2]), (body) => sendBody(id, body));
        return;
      case 'relay':
        open.delete(id);
        one.answer(passOn(id, one));
        return;
    }
  }

  return {
    handle(request) {
      const id = ++lastId;
      const earlyBody = sendRequest(id, request);
      return new Promise((resolve) => {
        const one: Open = { request, earlyBody, answer: resolve };
        open.set(id, one);
        request.onClose(() => {
          if (!open.delete(id)) return;
          outbox.add(['gone', id]);
          if (one.stream === undefined) resolve(nothing);
          else one.stream.end();
        });
      });
    },
    upgrade(request, incoming, socket, head) {
      const id = ++lastId;
      const certificate = numberOf(request.clientCertificate);
      outbox.add(['upgrade', id, request.remoteAddress, certificate]);
      const far = relay(id);
      far.write(headOf(incoming), 'latin1');
      if (head.length > 0) far.write(head);
      join(socket, far);
    },
    receive(batch) {
      for (const item of batch[0]) receiveOne(batch, item);
    },
  };
}
