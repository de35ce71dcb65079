import type { X509Certificate } from 'node:crypto';
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '@drydock/base/apimachinery';
import type { HttpResponse, HttpUpgrade } from '@drydock/port/http';
import type { Logger } from '@drydock/port/observability';
import { NodeRequest } from './node-request.ts';
import { sendResponse } from './send-response.ts';
import { statusAnswer, type ActiveRequests, type NodeHandler } from './serve.ts';
import { createSocketChannel } from './socket-channel.ts';
import { forwardOf, relayAnswer } from './upstream.ts';

export type UpgradeListener = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Go's client drops the messages of channels that it has not set up yet, and it sets them up after the handshake without a
 * word. A server that has to reach a kubelet first is never that quick; this one must wait.
 */
const settleMs = 50;

function switchingHead(response: HttpResponse): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
  for (const [name, value] of Object.entries(response.headers)) {
    for (const one of typeof value === 'string' ? [value] : value) lines.push(`${name}: ${one}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Answers upgrade requests: changes the protocol where the handler says so, else answers as to any request, and closes. */
export function createUpgradeListener(
  handler: NodeHandler,
  active: ActiveRequests,
  logger: Logger,
  proxyAuthority?: X509Certificate,
): UpgradeListener {
  async function become(
    request: NodeRequest,
    response: HttpResponse,
    upgrade: HttpUpgrade,
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const [{ createSpdySession }, { acceptWebSocket, createMessageSocket, createTunnel }] = await Promise.all(
      [import('./spdy/index.ts'), import('./websocket.ts')],
    );
    if (request.upgrade === 'spdy/3.1') {
      if (upgrade.kind !== 'streams') throw new Error('a WebSocket protocol was answered to a SPDY request');
      socket.write(switchingHead(response));
      const session = createSpdySession(createSocketChannel(socket, head));
      request.onAbort(() => void session.close());
      try {
        await upgrade.serve(session);
      } finally {
        await session.close();
      }
      return;
    }
    const accepted = await acceptWebSocket(incoming, socket, head, upgrade.subprotocol);
    if (accepted === undefined) return;
    const messages = createMessageSocket(accepted);
    request.onAbort(() => messages.close(1001));
    try {
      if (upgrade.kind === 'messages') {
        await new Promise((resolve) => setTimeout(resolve, settleMs));
        await upgrade.serve(messages);
      } else {
        const session = createSpdySession(createTunnel(messages));
        try {
          await upgrade.serve(session);
        } finally {
          await session.close();
        }
      }
    } finally {
      messages.close();
    }
  }

  /** An answer that is no upgrade: node has handed the connection over, so it serves this one answer and closes. */
  async function answerWith(
    request: NodeRequest,
    incoming: IncomingMessage,
    socket: Duplex,
    write: (outgoing: ServerResponse) => Promise<void>,
  ) {
    const outgoing = new ServerResponse(incoming);
    outgoing.shouldKeepAlive = false;
    outgoing.assignSocket(socket as never);
    // Node's server no longer does, and large answers wait for it.
    socket.on('drain', () => outgoing.emit('drain'));
    const finished = new Promise<void>((resolve) => {
      outgoing.once('finish', resolve);
      socket.once('close', resolve);
    });
    request.onAbort(() => socket.destroy());
    await write(outgoing);
    await finished;
    socket.end();
  }

  const answer = (
    request: NodeRequest,
    incoming: IncomingMessage,
    socket: Duplex,
    response: HttpResponse,
  ): Promise<void> =>
    answerWith(request, incoming, socket, async (outgoing) => {
      await sendResponse(outgoing, response, false);
    });

  async function serve(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const request = new NodeRequest(incoming, socket, proxyAuthority);
    active.add(request);
    try {
      const response = await handler(request);
      const forward = forwardOf(response);
      if (forward !== undefined)
        await forward
          .upgrade(incoming, socket, head, request, (other) =>
            answerWith(request, incoming, socket, (outgoing) => relayAnswer(other, outgoing)),
          )
          .catch((error: unknown) => {
            if (!(error instanceof ApiError)) throw error;
            return answer(request, incoming, socket, statusAnswer(error));
          });
      else if (response.upgrade === undefined) await answer(request, incoming, socket, response);
      else await become(request, response, response.upgrade, incoming, socket, head);
    } catch (error) {
      logger.debug('upgraded connection failed', { err: error });
      if (!socket.destroyed) socket.end();
    } finally {
      active.delete(request);
      request.abort();
    }
  }

  return (incoming, socket, head) => {
    socket.on('error', () => socket.destroy());
    void serve(incoming, socket, head);
  };
}
