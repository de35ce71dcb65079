import { badRequest } from '@drydock/base/apimachinery';
import type { HttpResponse, MessageSocket } from '@drydock/port/http';

/** How a log goes into the messages of a WebSocket: as it is, or as text in base64. */
type Encode = (bytes: Uint8Array) => Uint8Array | string;
const asIs: Encode = (bytes) => bytes;
const protocols = new Map<string, Encode>([
  ['', asIs],
  ['binary.k8s.io', asIs],
  ['base64.binary.k8s.io', (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))],
]);

async function send(socket: MessageSocket, body: HttpResponse['body'], encode: Encode): Promise<void> {
  // What a client says is not for us, and has to be read all the same: its good-bye is among it.
  void (async () => {
    while ((await socket.receive()) !== undefined);
  })();
  if (body === undefined) return;
  for await (const bytes of body instanceof Uint8Array ? [body] : body) {
    if (socket.closed.aborted) return;
    if (bytes.length > 0) await socket.send(encode(bytes));
  }
}

/** The answer to a request for a log, sent as messages to a client that asked over a WebSocket. */
export function logOverSocket(answer: HttpResponse, offered: readonly string[]): HttpResponse {
  const chosen = offered.length === 0 ? '' : offered.find((name) => name !== '' && protocols.has(name));
  const encode = chosen === undefined ? undefined : protocols.get(chosen);
  if (encode === undefined)
    throw badRequest(
      `requested protocol(s) are not supported: [${offered.join(' ')}]; supports [binary.k8s.io base64.binary.k8s.io]`,
    );
  return {
    status: 101,
    headers: {},
    body: undefined,
    upgrade: {
      kind: 'messages',
      ...(chosen ? { subprotocol: chosen } : {}),
      serve: (socket) => send(socket, answer.body, encode),
    },
  };
}
