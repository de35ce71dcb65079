import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ApiError } from '@drydock/base/apimachinery';
import type { HttpHandler, HttpResponse } from '@drydock/port/http';
import type { Logger } from '@drydock/port/observability';
import { NodeRequest } from './node-request.ts';
import { sendResponse } from './send-response.ts';
import { forwardOf } from './upstream.ts';

/** What a client is told of a handler that failed. */
export const failed: HttpResponse = {
  status: 500,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: new TextEncoder().encode('internal server error\n'),
};

/** A client that goes away mid-answer is no news. */
const ignore = (): void => {};

/** A failure as its Status. */
export const statusAnswer = (error: ApiError): HttpResponse => ({
  status: error.code,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
  body: new TextEncoder().encode(JSON.stringify(error.status)),
});

/** The requests that take time, so that stopping can end them. */
export class ActiveRequests {
  readonly #requests = new Set<NodeRequest>();

  add(request: NodeRequest): void {
    this.#requests.add(request);
  }

  delete(request: NodeRequest): void {
    this.#requests.delete(request);
  }

  abortAll(): void {
    for (const request of this.#requests) request.abort();
  }
}

/** A handler that may look behind the neutral request. */
export type NodeHandler = (request: NodeRequest) => ReturnType<HttpHandler>;

/** Turns a handler into node's request listener. */
export function createRequestListener(
  handler: NodeHandler,
  active: ActiveRequests,
  logger: Logger,
  proxyAuthority?: X509Certificate,
): RequestListener {
  function fail(outgoing: ServerResponse, error: unknown): void {
    logger.error('request failed', { err: error });
    // A status that is out cannot be taken back: cutting the connection is how HTTP/1.1 tells of a broken answer.
    if (outgoing.headersSent) outgoing.destroy();
    else void sendResponse(outgoing, failed, false);
  }

  async function finishLater(
    request: NodeRequest,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    answer: HttpResponse | Promise<HttpResponse>,
  ): Promise<void> {
    active.add(request);
    try {
      const response = await answer;
      const forward = forwardOf(response);
      if (forward === undefined) await sendResponse(outgoing, response, request.method === 'HEAD');
      else await forward.send(incoming, outgoing, request);
    } catch (error) {
      // Whoever left hears nothing; who waits for another server is told why it does not answer.
      if (error instanceof ApiError && !outgoing.headersSent)
        void sendResponse(outgoing, statusAnswer(error), false);
      else fail(outgoing, error);
    } finally {
      active.delete(request);
    }
  }

  return (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const request = new NodeRequest(incoming, outgoing, proxyAuthority);
    outgoing.on('error', ignore);
    try {
      const answer = handler(request);
      if (answer instanceof Promise) {
        void finishLater(request, incoming, outgoing, answer);
        return;
      }
      const body = answer.body;
      if (
        answer.gzip === true ||
        forwardOf(answer) !== undefined ||
        (body !== undefined && Symbol.asyncIterator in body)
      ) {
        void finishLater(request, incoming, outgoing, answer);
        return;
      }
      void sendResponse(outgoing, answer, request.method === 'HEAD');
    } catch (error) {
      fail(outgoing, error);
    }
  };
}
