import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from './rest.spec-support.ts';

const space = 'namespaces/default';
let server: RestServer;
beforeAll(async () => {
  server = await startRest();
});
afterAll(() => server.stop());

type Loose = Readonly<Record<string, unknown>>;
let names = 0;

/** Creates an object and answers what was made of it, or the refusal. */
async function create(
  apiVersion: string,
  resource: string,
  kind: string,
  fields: Loose,
  metadata: Loose = {},
) {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const body = { apiVersion, kind, metadata: { name: `odd-${(names += 1)}`, ...metadata }, ...fields };
  const { json } = await server.call('POST', `${root}/${space}/${resource}`, { body });
  return json as unknown as Loose & { metadata: Loose; spec: Loose; message?: string };
}

describe('lists and maps with nothing in them', () => {
  it('are absent, as protobuf has them', async () => {
    const map = await create(
      'v1',
      'configmaps',
      'ConfigMap',
      { data: {}, binaryData: {} },
      { labels: {}, finalizers: [] },
    );
    expect(Object.keys(map)).toEqual(['kind', 'apiVersion', 'metadata']);
    expect(Object.keys(map.metadata)).not.toContain('labels');
    expect(Object.keys(map.metadata)).not.toContain('finalizers');
    const service = await create('v1', 'services', 'Service', {
      spec: { clusterIP: 'None', ports: [], selector: {}, externalIPs: [] },
    });
    for (const key of ['ports', 'selector', 'externalIPs']) expect(service.spec).not.toHaveProperty(key);
    const policy = await create('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy', {
      spec: {
        podSelector: { matchLabels: {} },
        ingress: [{ from: [], ports: [] }],
        egress: [],
        policyTypes: [],
      },
    });
    expect(policy.spec).toEqual({ podSelector: {}, ingress: [{}], policyTypes: ['Ingress'] });
  });

  it('stand where JSON always shows them, and empty objects stay', async () => {
    const quiet = await create('v1', 'limitranges', 'LimitRange', { spec: { limits: [] } });
    expect(quiet.spec).toEqual({ limits: [] });
    const containers = [{ name: 'a', image: 'a:1', securityContext: {}, env: [], args: [] }];
    const template = { spec: { containers, volumes: [{ name: 'v', emptyDir: {} }], tolerations: [] } };
    const made = await create('v1', 'podtemplates', 'PodTemplate', { template });
    const spec = (made as unknown as { template: { spec: Loose & { containers: Loose[] } } }).template.spec;
    expect(spec['volumes']).toEqual([{ name: 'v', emptyDir: {} }]);
    expect(spec).not.toHaveProperty('tolerations');
    expect(spec.containers[0]).toHaveProperty('securityContext', {});
    expect(spec.containers[0]).not.toHaveProperty('env');
  });
});

describe('times', () => {
  const lease = (spec: Loose) => create('coordination.k8s.io/v1', 'leases', 'Lease', { spec });
  const layout = '"2006-01-02T15:04:05.000000Z07:00"';

  it('with microseconds are kept in UTC', async () => {
    const { spec } = await lease({
      acquireTime: '2020-01-01T01:00:00.123456+01:00',
      renewTime: '2020-01-01T00:00:00.000000Z',
    });
    expect(spec).toMatchObject({
      acquireTime: '2020-01-01T00:00:00.123456Z',
      renewTime: '2020-01-01T00:00:00.000000Z',
    });
  });

  it.each([
    ['2020-01-01T00:00:00Z', 'cannot parse "Z" as ".000000"'],
    ['2020-01-01T00:00:00.123Z', 'cannot parse ".123Z" as ".000000"'],
    ['2020-01-01T00:00:00.1234567Z', 'cannot parse "7Z" as "Z07:00"'],
  ])('with microseconds have all their digits: %s', async (renewTime, problem) => {
    expect((await lease({ renewTime })).message).toBe(
      `Lease in version "v1" cannot be handled as a Lease: parsing time "${renewTime}" as ${layout}: ${problem}`,
    );
  });

  it.each([
    ['2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z'],
    ['2020-01-01T00:00:00.999Z', '2020-01-01T00:00:00Z'],
    ['2020-01-01T01:30:00.5+01:30', '2020-01-01T00:00:00Z'],
  ])('of seconds are kept in UTC, fractions cut off: %s', async (firstTimestamp, kept) => {
    const event = { involvedObject: { namespace: 'default' }, firstTimestamp };
    expect(await create('v1', 'events', 'Event', event)).toHaveProperty('firstTimestamp', kept);
  });
});

describe('numbers', () => {
  it.each([4_294_967_297, -2_147_483_649, 80.5])('that may be texts have 32 bits: %d', async (targetPort) => {
    const { message } = await create('v1', 'services', 'Service', {
      spec: { ports: [{ port: 80, targetPort }] },
    });
    expect(message).toBe(
      `Service in version "v1" cannot be handled as a Service: json: cannot unmarshal number ${targetPort} into Go value of type int32`,
    );
  });

  it('of resources have no part smaller than a thousandth', async () => {
    const hard = { cpu: '1.0005', memory: '100n', pods: '1', 'requests.cpu': '0.00001', 'limits.cpu': '1.5' };
    const { spec } = await create('v1', 'resourcequotas', 'ResourceQuota', { spec: { hard } });
    expect(spec['hard']).toEqual({
      cpu: '1001m',
      memory: '1m',
      pods: '1',
      'requests.cpu': '1m',
      'limits.cpu': '1500m',
    });
  });

  it('of a generation are kept where the kind counts none', async () => {
    const { metadata } = await create('v1', 'configmaps', 'ConfigMap', {}, { generation: 7 });
    expect(metadata['generation']).toBe(7);
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: metadata['name'] },
      data: { a: 'b' },
    };
    const path = `/api/v1/${space}/configmaps/${metadata['name'] as string}`;
    expect((await server.call('PUT', path, { body })).json.metadata.generation).toBe(7);
    const { message } = await create('v1', 'configmaps', 'ConfigMap', {}, { name: 'minus', generation: -1 });
    expect(message).toBe(
      'ConfigMap "minus" is invalid: metadata.generation: Invalid value: -1: must be greater than or equal to 0',
    );
  });

  it('of characters in a generated name are 63 at most', async () => {
    const generateName = 'a'.repeat(70);
    const { metadata } = await create('v1', 'configmaps', 'ConfigMap', {}, { name: '', generateName });
    expect(metadata['name']).toMatch(/^a{58}[a-z0-9]{5}$/);
  });
});

describe('field selectors', () => {
  const pods = `/api/v1/${space}/pods`;
  const events = '/apis/events.k8s.io/v1/events';
  const signing = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const plain = 'is not a known field selector: only "metadata.name", "metadata.namespace"';
  it.each<readonly [path: string, field: string, refusal?: string]>([
    [pods, 'status.podIPs'],
    [pods, 'spec.host'],
    [pods, 'metadata.namespace'],
    [pods, 'spec.foo', 'field label not supported: spec.foo'],
    ['/api/v1/nodes', 'spec.unschedulable'],
    ['/api/v1/nodes', 'metadata.namespace', 'field label not supported: metadata.namespace'],
    ['/api/v1/namespaces', 'status.phase'],
    ['/api/v1/namespaces', 'metadata.namespace', 'field label not supported: metadata.namespace'],
    ['/api/v1/persistentvolumes', 'metadata.namespace'],
    ['/api/v1/persistentvolumes', 'status.phase', `"status.phase" ${plain}`],
    ['/api/v1/secrets', 'type'],
    ['/api/v1/services', 'spec.clusterIP'],
    ['/api/v1/configmaps', 'data', `"data" ${plain}`],
    ['/api/v1/events', 'involvedObject.kind'],
    ['/api/v1/events', 'regarding.kind', 'field label not supported: regarding.kind'],
    [events, 'regarding.kind'],
    [events, 'reportingController'],
    [events, 'metadata.namespace'],
    [events, 'involvedObject.kind', 'field label not supported: involvedObject.kind'],
    [signing, 'spec.signerName'],
    [signing, 'metadata.namespace', 'field label not supported: metadata.namespace'],
    ['/apis/batch/v1/jobs', 'status.successful'],
    ['/apis/batch/v1/jobs', 'status.x', 'field label "status.x" not supported for batchv1.Job'],
    ['/apis/apps/v1/deployments', 'status.replicas', `"status.replicas" ${plain}`],
    ['/apis/resource.k8s.io/v1/resourceslices', 'spec.driver'],
  ])('on %s: %s', async (path, field, refusal) => {
    const { status, json } = await server.call('GET', `${path}?fieldSelector=${field}%3Dx`);
    expect([status, refusal === undefined ? undefined : json.message]).toEqual([
      refusal === undefined ? 200 : 400,
      refusal,
    ]);
  });

  it('find Events by what they regard', async () => {
    const involvedObject = { kind: 'Pod', namespace: 'default', name: 'sought' };
    await create('v1', 'events', 'Event', { involvedObject, reportingComponent: 'me' }, { name: 'found' });
    const found = async (selector: string) =>
      (await server.call('GET', `${events}?fieldSelector=${selector}`)).json.items.map(
        ({ metadata }) => metadata.name,
      );
    expect(await found('regarding.name%3Dsought')).toEqual(['found']);
    expect(await found('reportingController%3Dme,regarding.kind%3DPod')).toEqual(['found']);
    expect(await found('regarding.name%3Dother')).toEqual([]);
  });
});
