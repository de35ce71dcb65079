import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from './rest.spec-support.ts';

let server: RestServer;
beforeEach(async () => {
  server = await startRest({ core: { disableAdmission: ['ServiceAccount'] } });
});
afterEach(() => server.stop());

const pods = '/api/v1/namespaces/default/pods';
const make = (name: string, nodeName?: string) =>
  server.call('POST', pods, {
    body: { metadata: { name }, spec: { nodeName, containers: [{ name: 'c', image: 'i' }] } },
  });
const asked = async (path: string) => {
  const { status, json } = await server.call('POST', `${pods}/${path}`);
  return [status, json.message];
};

describe('without nodes', () => {
  it.each(['exec?command=date&stdout=1', 'attach?stdout=1', 'portforward'])('%s', async (what) => {
    await make('waiting');
    await make('placed', 'gone');
    expect(await asked(`none/${what}`)).toEqual([404, 'pods "none" not found']);
    expect(await asked(`waiting/${what}`)).toEqual([400, 'pod waiting does not have a host assigned']);
    expect((await asked(`placed/${what}`))[0]).toBe(400);
  });

  it('logs', async () => {
    await make('placed', 'gone');
    const { status, json } = await server.call('GET', `${pods}/placed/log`);
    expect([status, json.message]).toEqual([503, 'no kubelet is connected']);
  });
});
