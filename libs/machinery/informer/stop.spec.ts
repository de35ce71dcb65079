import { ConfigMap } from '@drydock/api/core/v1';
import { systemClock, systemRandom } from '@drydock/base/clock';
import { silentLogger as logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import { describe, expect, it } from 'vitest';
import { createClient } from '../client/index.ts';
import { createInformerFactory } from './index.ts';

const never = new Promise<never>(() => undefined);

/** A server that takes calls and never answers. */
function silentServer(): { transport: Transport; readonly lists: number } {
  const server = { lists: 0 };
  const transport = {
    list: () => {
      server.lists++;
      return never;
    },
  } as unknown as Transport;
  return Object.assign(server, { transport });
}

describe('informers that are stopped', () => {
  it('do not wait for the answer of a server that has fallen silent', async () => {
    const server = silentServer();
    const client = createClient(server.transport);
    const informers = createInformerFactory(client, { clock: systemClock, random: systemRandom, logger });
    informers.informer(ConfigMap);
    informers.start();
    expect(server.lists).toBe(1);
    const late = systemClock.sleep(1_000).then(() => 'late');
    expect(await Promise.race([informers.stop().then(() => 'stopped'), late])).toBe('stopped');
  });
});
