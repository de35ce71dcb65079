import { afterEach, beforeEach, expect, it } from 'vitest';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

let server: RestServer;
beforeEach(async () => {
  server = await startRest({ core: { disableAdmission: ['ServiceAccount'] } });
});
afterEach(() => server.stop());

const path = '/api/v1/namespaces/default/pods';
const pod = (more: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...more },
});

it('a Pod keeps its priority and its tolerations when it is replaced by the manifest it came from', async () => {
  expect((await server.call('POST', path, { body: pod() })).status).toBe(201);
  const answer = await server.call('PUT', `${path}/p`, { body: pod({}, { labels: { status: 'replaced' } }) });
  expect(answer.json).toMatchObject({
    metadata: { labels: { status: 'replaced' } },
    spec: { priority: 0, preemptionPolicy: 'PreemptLowerPriority' },
  });
});

it('a priority cannot be changed', async () => {
  await server.call('POST', path, { body: pod() });
  const { status, json } = await server.call('PUT', `${path}/p`, { body: pod({ priority: 5 }) });
  expect([status, json.reason]).toEqual([422, 'Invalid']);
});
