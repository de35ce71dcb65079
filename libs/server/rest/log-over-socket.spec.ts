import { describe, expect, it } from 'vitest';
import type { HttpResponse, MessageSocket } from '@drydock/port/http';
import { logOverSocket } from './log-over-socket.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

async function sent(body: HttpResponse['body'], offered: readonly string[]) {
  const messages: (Uint8Array | string)[] = [];
  const socket: MessageSocket = {
    receive: () => Promise.resolve(undefined),
    send: (data) => {
      messages.push(data);
      return Promise.resolve();
    },
    close() {},
    closed: new AbortController().signal,
  };
  const { status, upgrade } = logOverSocket({ status: 200, headers: {}, body }, offered);
  if (upgrade?.kind !== 'messages') throw new Error('no messages');
  await upgrade.serve(socket);
  return { status, protocol: upgrade.subprotocol, messages };
}

describe('a log over a WebSocket', () => {
  it.each([
    [[], undefined, bytes('é\n')],
    [['binary.k8s.io'], 'binary.k8s.io', bytes('é\n')],
    [['other', 'base64.binary.k8s.io'], 'base64.binary.k8s.io', 'w6kK'],
  ])('to a client that offers %j', async (offered, protocol, message) => {
    expect(await sent(bytes('é\n'), offered)).toEqual({ status: 101, protocol, messages: [message] });
  });

  it('is sent as it comes, without what is empty', async () => {
    async function* body() {
      yield bytes('one\n');
      await Promise.resolve();
      yield bytes('');
      yield bytes('two\n');
    }
    expect((await sent(body(), [])).messages).toEqual([bytes('one\n'), bytes('two\n')]);
  });

  it('is refused to a client that offers nothing known', async () => {
    await expect(sent(bytes(''), ['v4.channel.k8s.io'])).rejects.toThrow(
      'requested protocol(s) are not supported: [v4.channel.k8s.io]',
    );
  });
});
