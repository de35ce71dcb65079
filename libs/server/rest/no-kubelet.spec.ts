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
const node = (name: string, ...addresses: object[]) =>
  server.call('POST', '/api/v1/nodes', { body: { metadata: { name }, status: { addresses } } });
const asked = async (path: string, method = 'POST') => {
  const { status, json } = await server.call(method, `${pods}/${path}`);
  return [status, json.message, json.reason];
};
const away = [404, 'nodes "gone" not found', 'NotFound'];
const unreachable = [500, 'no preferred addresses found; known addresses: []', undefined];

describe('without kubelets', () => {
  beforeEach(async () => {
    await node('bare');
    await node('there', { type: 'InternalIP', address: '192.0.2.1' });
    await make('waiting');
    await make('placed', 'gone');
    await make('silent', 'bare');
    await make('well', 'there');
  });

  it.each(['exec?command=date&stdout=1', 'attach?stdout=1', 'portforward'])('%s', async (what) => {
    expect(await asked(`none/${what}`)).toEqual([404, 'pods "none" not found', 'NotFound']);
    expect(await asked(`waiting/${what}`)).toEqual([
      ...[400, 'pod waiting does not have a host assigned', 'BadRequest'],
    ]);
    expect(await asked(`placed/${what}`)).toEqual(away);
    expect(await asked(`silent/${what}`)).toEqual(unreachable);
    expect(await asked(`well/${what}`)).toEqual([400, 'Upgrade request required', 'BadRequest']);
  });

  it('logs', async () => {
    expect(await asked('placed/log', 'GET')).toEqual(away);
    expect(await asked('silent/log', 'GET')).toEqual(unreachable);
    expect(await asked('well/log', 'GET')).toEqual([503, 'no kubelet is connected', 'ServiceUnavailable']);
  });

  it('nodes', async () => {
    const answer = async (name: string) => {
      const { status, json } = await server.call('GET', `/api/v1/nodes/${name}/proxy/healthz`);
      return [status, json.message, json.reason];
    };
    expect(await answer('gone')).toEqual(away);
    expect(await answer('bare')).toEqual(unreachable);
    expect(await answer('there')).toEqual([503, 'no kubelet is connected', 'ServiceUnavailable']);
  });
});
