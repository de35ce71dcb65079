import { describe, expect, it } from 'vitest';
import { startRest } from '../rest/rest.spec-support.ts';

const path = '/api/v1/namespaces/default/events';
const event = (name: string, count = 1) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name },
  involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
  count,
});

describe('events', () => {
  it('go an hour after they were last written, and no others', async () => {
    const server = await startRest();
    const names = async () =>
      (await server.call('GET', path)).json.items.map(({ metadata }) => metadata.name).sort();
    await server.call('POST', path, { body: event('once') });
    await server.call('POST', path, { body: event('again') });
    await server.clock.advance(40 * 60_000);
    await server.call('PUT', `${path}/again`, { body: event('again', 2) });
    expect(await names()).toEqual(['again', 'once']);
    await server.clock.advance(21 * 60_000);
    expect(await names()).toEqual(['again']);
    await server.clock.advance(40 * 60_000);
    expect(await names()).toEqual([]);
    await server.stop();
  });

  it('stay for as long as is said', async () => {
    const server = await startRest({ core: { eventTtlMs: 0 } });
    await server.call('POST', path, { body: event('kept') });
    await server.clock.advance(24 * 3_600_000);
    expect((await server.call('GET', `${path}/kept`)).status).toBe(200);
    await server.stop();
  });
});
