import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

let server: RestServer;
beforeEach(async () => {
  server = await startRest({ core: { serviceCidr: '10.7.0.0/16' } });
});
afterEach(() => server.stop());

const addresses = '/apis/networking.k8s.io/v1/ipaddresses';
const services = '/api/v1/namespaces/default/services';
const parents = async () =>
  (await server.call('GET', addresses)).json.items.map((one) => [
    one.metadata.name,
    (one as unknown as { spec: { parentRef: { name: string } } }).spec.parentRef.name,
  ]);
const service = (name: string, clusterIP: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { clusterIP, ports: [{ port: 80 }] },
});

describe('a new cluster', () => {
  it('tells the range of its Services', async () => {
    const { json } = await server.call('GET', '/apis/networking.k8s.io/v1/servicecidrs/kubernetes');
    expect(json).toMatchObject({
      spec: { cidrs: ['10.7.0.0/16'] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  });

  it('has an IPAddress for each address of a Service, for as long as it has it', async () => {
    await server.call('POST', services, { body: service('a', '10.7.5.5') });
    await server.call('POST', services, { body: service('headless', 'None') });
    await server.clock.advance(0);
    expect(await parents()).toEqual([
      ['10.7.0.1', 'kubernetes'],
      ['10.7.5.5', 'a'],
    ]);
    await server.call('DELETE', `${services}/a`);
    await server.call('POST', services, { body: service('b', '10.7.5.5') });
    await server.clock.advance(0);
    expect(await parents()).toContainEqual(['10.7.5.5', 'b']);
    await server.call('DELETE', `${services}/b`);
    await server.clock.advance(0);
    expect(await parents()).toEqual([['10.7.0.1', 'kubernetes']]);
  });

  it('has the priority levels and flow schemas of Kubernetes, each of which has its level', async () => {
    const base = '/apis/flowcontrol.apiserver.k8s.io/v1';
    const levels = (await server.call('GET', `${base}/prioritylevelconfigurations`)).json.items;
    const flows = (await server.call('GET', `${base}/flowschemas`)).json.items;
    expect([levels.length, flows.length]).toEqual([8, 13]);
    const names = new Set(levels.map(({ metadata }) => metadata.name));
    for (const one of flows) {
      const { spec } = one as unknown as { spec: { priorityLevelConfiguration: { name: string } } };
      expect(names).toContain(spec.priorityLevelConfiguration.name);
    }
  });
});
