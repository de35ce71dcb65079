import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSchedulerExtenderCaller } from './scheduler-extender-caller.ts';

let server: Server | undefined;
afterEach(() => server?.close());

async function serve(status: number, answer: string, delayMs = 0): Promise<string> {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const end = () => response.writeHead(status).end(answer || `{"echo":${body}}`);
      if (delayMs > 0) setTimeout(end, delayMs).unref();
      else end();
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/filter`;
}

const caller = createSchedulerExtenderCaller();
const call = (url: string, timeoutMs = 5_000) => caller.post({ url, timeoutMs }, 'filter', { a: 1 });

describe('calls of scheduler extenders', () => {
  it('post JSON and read JSON', async () => {
    expect(await call(await serve(200, ''))).toEqual({ echo: { a: 1 } });
  });

  it('say which call failed with which status', async () => {
    const url = await serve(503, 'busy');
    await expect(call(url)).rejects.toThrow(`failed filter with extender at URL ${url}, code 503`);
  });

  it('say that there is nobody, in the words of the clients of Kubernetes', async () => {
    const url = await serve(200, '');
    server?.close();
    const { port } = new URL(url);
    await expect(call(url)).rejects.toThrow(
      `Post "${url}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
  });

  it('give up after their time', async () => {
    const url = await serve(200, '', 10_000);
    await expect(call(url, 50)).rejects.toThrow(`Post "${url}": context deadline exceeded`);
  });
});
