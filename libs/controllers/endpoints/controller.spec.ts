import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isNotFound } from '@drydock/base/apimachinery';
import { Endpoints, Pod, Service } from '@drydock/api/core/v1';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createEndpointsController } from './index.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
  cluster.kubelet();
});
afterEach(() => cluster.stop());

const service = (spec: object = {}): Service =>
  ({
    metadata: { name: 'web', namespace: 'default', labels: { team: 'blue' } },
    spec: {
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 8080 }],
      clusterIP: '10.96.0.9',
      ...spec,
    },
  }) as Service;
const endpoints = () => cluster.client.resource(Endpoints).namespace('default');
const exists = () =>
  endpoints()
    .get('web')
    .then(
      () => true,
      (err: unknown) => !isNotFound(err),
    );
const ips = async () => (await endpoints().get('web')).subsets?.[0]?.addresses?.length ?? 0;
const createPod = (name: string) =>
  cluster.client
    .resource(Pod)
    .namespace('default')
    .create({ metadata: { name, labels: { app: 'web' } }, spec: podTemplate({}).spec } as Pod);

describe('endpoints-controller', () => {
  beforeEach(() => void cluster.run(createEndpointsController));

  it('follows the Pods of a Service and goes with it', async () => {
    await cluster.client.resource(Service).create(service());
    await cluster.until(exists);
    const empty = await endpoints().get('web');
    expect(empty.subsets ?? []).toEqual([]);
    expect(empty.metadata.labels).toEqual({
      team: 'blue',
      'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
    });
    expect(empty.metadata.annotations).toEqual({
      'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z',
    });
    await createPod('a');
    await createPod('b');
    await cluster.until(async () => (await ips()) === 2);
    expect((await endpoints().get('web')).subsets?.[0]?.ports).toEqual([{ port: 8080, protocol: 'TCP' }]);
    await cluster.client.resource(Pod).namespace('default').delete('a');
    await cluster.until(async () => (await ips()) === 1);
    await cluster.client
      .resource(Pod)
      .namespace('default')
      .patch('b', { type: 'merge', body: { metadata: { labels: { app: 'other' } } } });
    await cluster.until(async () => (await ips()) === 0);
    await cluster.client.resource(Service).namespace('default').delete('web');
    await cluster.until(async () => !(await exists()));
    expect(cluster.errors).toEqual([]);
  });

  it('leaves the Endpoints of a Service without selector to their maker until the Service goes', async () => {
    await cluster.client.resource(Service).create(service({ selector: undefined }));
    const own = {
      metadata: { name: 'web', namespace: 'default' },
      subsets: [{ addresses: [{ ip: '192.0.2.1' }] }],
    };
    await cluster.client.resource(Endpoints).create(own as Endpoints);
    await cluster.settle();
    expect(await ips()).toBe(1);
    await cluster.client.resource(Service).namespace('default').delete('web');
    await cluster.until(async () => !(await exists()));
  });

  it('writes its own again when somebody changes them, and cannot be kept from it by deletion', async () => {
    await cluster.client.resource(Service).create(service());
    await createPod('a');
    await cluster.until(async () => (await exists()) && (await ips()) === 1);
    await endpoints().patch('web', { type: 'merge', body: { subsets: [] } });
    await cluster.until(async () => (await ips()) === 1);
    await endpoints().delete('web');
    await cluster.until(async () => (await exists()) && (await ips()) === 1);
  });

  const times = async () =>
    (await endpoints().get('web')).metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time'];
  it('tells when the change happened that it wrote for, and nothing where that is not known', async () => {
    await cluster.client.resource(Service).create(service());
    await cluster.until(exists);
    expect(await times()).toBe('2026-01-01T00:00:00Z');
    await cluster.clock.advance(5_000);
    await createPod('a');
    await cluster.until(async () => (await ips()) === 1);
    expect(await times()).toBe('2026-01-01T00:00:05Z');
    await cluster.client
      .resource(Service)
      .namespace('default')
      .patch('web', { type: 'merge', body: { spec: { ports: [{ port: 80, targetPort: 9090 }] } } });
    await cluster.until(async () => (await endpoints().get('web')).subsets?.[0]?.ports?.[0]?.port === 9090);
    expect(await times()).toBeUndefined();
  });
});

describe('endpoints-controller, when it begins', () => {
  it('removes Endpoints that lost their Service meanwhile, whoever made them, but no locks', async () => {
    const made = async (name: string, annotations: Record<string, string> = {}) =>
      cluster.client.resource(Endpoints).create({
        metadata: { name, namespace: 'default', annotations },
        subsets: [{ addresses: [{ ip: '192.0.2.1' }] }],
      } as Endpoints);
    await made('before');
    await made('lock', { 'control-plane.alpha.kubernetes.io/leader': '{}' });
    await made('web');
    await cluster.client.resource(Service).create(service({ selector: undefined }));
    await cluster.settle();
    cluster.run(createEndpointsController);
    const names = async () => (await cluster.list(Endpoints)).map(({ metadata }) => metadata.name).join();
    await cluster.until(async () => (await names()) === 'lock,web');
    await made('after');
    await cluster.settle();
    expect(await names()).toBe('after,lock,web');
  });
});
