import type { Pod, Service } from '@drydock/api/core/v1';
import type { KubeObject, Status } from '@drydock/base/apimachinery';
import { ApiError } from '@drydock/base/apimachinery';
import type { VirtualClock } from '@drydock/base/clock';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import { silentLogger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import type { ResourceRef, Transport } from '@drydock/port/transport';
import { createMemoryStore } from '@drydock/store-memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allDefinitions } from '../resources/index.ts';
import type { ApiServerCore } from './index.ts';
import { createApiServerCore, systemUser } from './index.ts';

let store: Store;
let clock: VirtualClock;
let core: ApiServerCore;
let client: Transport;

async function start(): Promise<void> {
  core = createApiServerCore(
    {},
    { store, definitions: allDefinitions, clock, random: createSeededRandom(7), logger: silentLogger },
  );
  await core.start();
  client = core.transport(systemUser);
}

beforeEach(async () => {
  store = createMemoryStore();
  clock = createVirtualClock();
  await start();
});
afterEach(async () => {
  await core.stop();
  await store.close();
});

const v1 = (resource: string, namespace?: string, name?: string): ResourceRef => ({
  group: '',
  version: 'v1',
  resource,
  ...(namespace === undefined ? {} : { namespace }),
  ...(name === undefined ? {} : { name }),
});
const account = (name: string, extra: object = {}) =>
  client.create(v1('serviceaccounts', 'default'), {
    kind: 'ServiceAccount',
    apiVersion: 'v1',
    metadata: { name },
    ...extra,
  } as KubeObject);
const pod = (spec: object = {}, name = 'p'): KubeObject =>
  ({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
  }) as KubeObject;
const createPod = (spec: object = {}, name = 'p') =>
  client.create(v1('pods', 'default'), pod(spec, name)) as Promise<Pod>;
const createService = (name: string, spec: object, namespace = 'default') =>
  client.create(v1('services', namespace), {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  } as KubeObject) as Promise<Service>;

async function failureOf(call: () => Promise<unknown>): Promise<Status> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('bootstrap', () => {
  it('makes what every cluster has, once', async () => {
    const before = (await client.list(v1('namespaces'))).items;
    expect(before.map((item) => item.metadata.name)).toEqual([
      'default',
      'kube-node-lease',
      'kube-public',
      'kube-system',
    ]);
    const classes = await client.list({
      group: 'scheduling.k8s.io',
      version: 'v1',
      resource: 'priorityclasses',
    });
    expect(classes.items.map((item) => item.metadata.name)).toEqual([
      'system-cluster-critical',
      'system-node-critical',
    ]);
    expect(await client.get(v1('services', 'default', 'kubernetes'))).toMatchObject({
      metadata: { labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], type: 'ClusterIP', ipFamilies: ['IPv4'] },
    });
    await core.stop();
    await start();
    expect((await client.list(v1('namespaces'))).items.map((item) => item.metadata.uid)).toEqual(
      before.map((item) => item.metadata.uid),
    );
    expect(core.ready()).toBe(true);
  });

  it('writes down where the server is reached, and again when that changes', async () => {
    await core.publishAddress({ ip: '192.168.1.5', port: 6443 });
    await core.publishAddress({ ip: '192.168.1.6', port: 7443 });
    expect(await client.get(v1('endpoints', 'default', 'kubernetes'))).toMatchObject({
      subsets: [
        { addresses: [{ ip: '192.168.1.6' }], ports: [{ name: 'https', port: 7443, protocol: 'TCP' }] },
      ],
    });
    const slices = {
      group: 'discovery.k8s.io',
      version: 'v1',
      resource: 'endpointslices',
      namespace: 'default',
    };
    expect((await client.list(slices)).items).toMatchObject([
      { endpoints: [{ addresses: ['192.168.1.6'] }] },
    ]);
  });
});

describe('what every cluster has', () => {
  const names = async (ref: ResourceRef) =>
    (await client.list(ref)).items.map((item) => item.metadata.name).sort();
  const schemas = { group: 'flowcontrol.apiserver.k8s.io', version: 'v1', resource: 'flowschemas' };
  const ranges = { group: 'networking.k8s.io', version: 'v1', resource: 'servicecidrs' };

  it('is made again some time after it was deleted: the kubernetes Service, where it is reached, the range', async () => {
    await core.publishAddress({ ip: '192.168.1.5', port: 6443 });
    const before = await client.get(v1('services', 'default', 'kubernetes'));
    await client.delete(v1('services', 'default', 'kubernetes'));
    await client.delete(v1('endpoints', 'default', 'kubernetes'));
    expect(await names(v1('services', 'default'))).toEqual([]);
    await clock.advance(10_000);
    const after = await client.get(v1('services', 'default', 'kubernetes'));
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(after).toMatchObject({ spec: { clusterIP: '10.96.0.1' } });
    expect(await client.get(v1('endpoints', 'default', 'kubernetes'))).toMatchObject({
      subsets: [{ addresses: [{ ip: '192.168.1.5' }] }],
    });
  });

  it('keeps its namespaces and its flow control, and lets what was changed be', async () => {
    const leases = v1('namespaces', undefined, 'kube-node-lease');
    await client.delete(leases);
    const { metadata } = await client.get(leases);
    await client.update({ ...leases, subresource: 'finalize' }, {
      ...{ apiVersion: 'v1', kind: 'Namespace', metadata },
      spec: { finalizers: [] },
    } as KubeObject);
    const all = await names(schemas);
    await client.delete({ ...schemas, name: 'probes' });
    const changed = await client.get({ ...schemas, name: 'catch-all' });
    expect(await names(v1('namespaces'))).not.toContain('kube-node-lease');
    expect(await names(schemas)).not.toContain('probes');
    await clock.advance(60_000);
    expect(await names(v1('namespaces'))).toContain('kube-node-lease');
    expect(await names(schemas)).toEqual(all);
    expect((await client.get({ ...schemas, name: 'catch-all' })).metadata.resourceVersion).toBe(
      changed.metadata.resourceVersion,
    );
    expect(await names(ranges)).toEqual(['kubernetes']);
  });
});

describe('NamespaceLifecycle', () => {
  it('refuses what is created in a namespace that is not there', async () => {
    const made = failureOf(() =>
      client.create(v1('configmaps', 'nowhere'), {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: 'a' },
      }),
    );
    expect(await made).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'namespaces "nowhere" not found',
      details: { name: 'nowhere', kind: 'namespaces' },
    });
  });

  it('refuses what is created in a terminating namespace', async () => {
    await client.create(v1('namespaces'), { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'x' } });
    await client.delete(v1('namespaces', undefined, 'x'));
    const made = failureOf(() =>
      client.create(v1('configmaps', 'x'), { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } }),
    );
    expect(await made).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'configmaps "a" is forbidden: unable to create new content in namespace x because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace x is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
  });

  it("keeps the system's namespaces", async () => {
    expect((await failureOf(() => client.delete(v1('namespaces', undefined, 'kube-system')))).message).toBe(
      'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    );
  });
});

describe('ServiceAccount', () => {
  it('refuses Pods whose account is missing', async () => {
    expect(await failureOf(() => createPod({ serviceAccountName: 'robot' }))).toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found',
    });
    const pending = failureOf(() => createPod());
    await clock.advance(2_000);
    expect((await pending).message).toContain('serviceaccount "default" not found');
  });

  it('waits for the default account of a new namespace', async () => {
    const pending = createPod();
    await clock.advance(150);
    await account('default');
    await clock.advance(200);
    expect((await pending).spec?.serviceAccountName).toBe('default');
  });

  it('mounts a token as Kubernetes does', async () => {
    await account('default', { imagePullSecrets: [{ name: 'pull' }] });
    const { spec } = await createPod();
    const name = spec!.volumes![0]!.name;
    expect(name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(spec).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      imagePullSecrets: [{ name: 'pull' }],
      containers: [
        {
          volumeMounts: [
            { name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
          ],
        },
      ],
      volumes: [
        {
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              {
                downwardAPI: {
                  items: [
                    { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
                  ],
                },
              },
            ],
          },
        },
      ],
    });
    expect((await createPod({ automountServiceAccountToken: false }, 'q')).spec?.volumes).toBeUndefined();
  });
});

describe('Priority and DefaultTolerationSeconds', () => {
  beforeEach(() => account('default'));

  it('give every Pod a priority and tolerations', async () => {
    expect((await createPod()).spec).toMatchObject({
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: [
        {
          key: 'node.kubernetes.io/not-ready',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
        {
          key: 'node.kubernetes.io/unreachable',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
      ],
    });
    expect(
      (
        await createPod(
          { priorityClassName: 'system-node-critical', tolerations: [{ operator: 'Exists' }] },
          'q',
        )
      ).spec,
    ).toMatchObject({
      priority: 2_000_001_000,
      tolerations: [{ operator: 'Exists' }],
    });
    expect((await failureOf(() => createPod({ priorityClassName: 'none' }, 'r'))).message).toBe(
      'pods "r" is forbidden: no PriorityClass with name none was found',
    );
    expect((await failureOf(() => createPod({ priority: 5 }, 'r'))).message).toBe(
      'pods "r" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    );
  });
});

describe('ServiceIP', () => {
  it('gives each Service an address of its own, however many come at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 200 }, (_, index) => createService(`s${index}`, { type: 'NodePort' })),
    );
    const ips = made.map((service) => service.spec!.clusterIP);
    expect(new Set(ips).size).toBe(200);
    expect(ips.every((ip) => /^10\.(9[6-9]|10\d|11[01])\./.test(ip!))).toBe(true);
    const ports = made.map((service) => service.spec!.ports![0]!.nodePort!);
    expect(new Set(ports).size).toBe(200);
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...ports)).toBeLessThanOrEqual(32_767);
  });

  it('refuses an address or a port that is taken, also by a write under way, and takes them back', async () => {
    const both = await Promise.allSettled([
      createService('a', {
        clusterIP: '10.96.7.7',
        type: 'NodePort',
        ports: [{ port: 80, nodePort: 30_500 }],
      }),
      createService('b', { clusterIP: '10.96.7.7' }),
    ]);
    expect(both.map((one) => one.status)).toEqual(['fulfilled', 'rejected']);
    expect((await failureOf(() => createService('b', { clusterIP: '10.96.7.7' }))).message).toBe(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.7.7"]: failed to allocate IP 10.96.7.7: provided IP is already allocated',
    );
    expect((await failureOf(() => createService('b', { clusterIP: '1.2.3.4' }))).message).toContain(
      'the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 10.96.0.0/12',
    );
    expect(
      (
        await failureOf(() =>
          createService('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_500 }] }),
        )
      ).message,
    ).toBe(
      'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30500: provided port is already allocated',
    );
    expect(
      (await failureOf(() => createService('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })))
        .message,
    ).toContain('provided port is not in the valid range. The range of valid ports is 30000-32767');
    await client.delete(v1('services', 'default', 'a'));
    expect(
      (
        await createService('b', {
          clusterIP: '10.96.7.7',
          type: 'NodePort',
          ports: [{ port: 80, nodePort: 30_500 }],
        })
      ).spec,
    ).toMatchObject({
      clusterIP: '10.96.7.7',
      clusterIPs: ['10.96.7.7'],
    });
  });

  it.each([
    ['ExternalName', { type: 'ExternalName', externalName: 'a.b' }, undefined],
    ['ClusterIP', { type: 'ClusterIP' }, undefined],
    [
      'a balancer without node ports',
      { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false },
      undefined,
    ],
    ['a balancer', { type: 'LoadBalancer' }, 30_500],
  ])(
    'node ports are given back when the Service becomes %s, and only then',
    async (_name, change, nodePort) => {
      const made = await createService('n', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_500 }] });
      const changed = { ...made, spec: { ...made.spec, ...change } } as KubeObject;
      const ref = { group: '', version: 'v1', resource: 'services', namespace: 'default', name: 'n' };
      const after = (await client.update(ref, changed)) as typeof made;
      expect(after.spec?.ports?.[0]?.nodePort).toBe(nodePort);
    },
  );

  it('a node port that is changed together with the type is refused', async () => {
    const made = await createService('n', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_500 }] });
    const spec = { ...made.spec, type: 'ClusterIP', ports: [{ port: 80, nodePort: 30_501 }] };
    const ref = { group: '', version: 'v1', resource: 'services', namespace: 'default', name: 'n' };
    const failure = await failureOf(() => client.update(ref, { ...made, spec } as KubeObject));
    expect(failure.message).toContain(
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    );
  });

  it('takes addresses out of a range that was added once it is ready', async () => {
    const range = { group: 'networking.k8s.io', version: 'v1', resource: 'servicecidrs' };
    const made = await client.create(range, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: 'more' },
      spec: { cidrs: ['192.168.7.0/29'] },
    } as KubeObject);
    const refused = await failureOf(() => createService('c', { clusterIP: '192.168.7.3' }));
    expect(refused.message).toContain('the provided IP (192.168.7.3) is not in the valid range');
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: '',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await client.update({ ...range, name: 'more', subresource: 'status' }, {
      ...made,
      status: { conditions: [condition] },
    } as KubeObject);
    expect((await createService('c', { clusterIP: '192.168.7.3' })).spec?.clusterIP).toBe('192.168.7.3');
  });

  it('gives back what a refused Service had reserved', async () => {
    const wrong = { clusterIP: '10.96.7.8', sessionAffinity: 'Sometimes' };
    expect((await failureOf(() => createService('a', wrong))).code).toBe(422);
    expect((await createService('a', { clusterIP: '10.96.7.8' })).spec?.clusterIP).toBe('10.96.7.8');
  });

  it('remembers across a restart', async () => {
    await createService('a', { clusterIP: '10.96.7.7' });
    await core.stop();
    await start();
    expect((await failureOf(() => createService('b', { clusterIP: '10.96.7.7' }))).code).toBe(422);
    expect((await failureOf(() => createService('c', { clusterIP: '10.96.0.1' }))).code).toBe(422);
  });

  it('knows headless and ExternalName Services, and changes of type', async () => {
    expect((await createService('h', { clusterIP: 'None', selector: { a: 'b' } })).spec).toMatchObject({
      clusterIP: 'None',
      clusterIPs: ['None'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    });
    const external = await createService('e', { type: 'ExternalName', externalName: 'example.com' });
    expect(external.spec?.clusterIP).toBeUndefined();
    const plain = await createService('p', {});
    const ip = plain.spec!.clusterIP!;
    const nodePort = (await client.patch(v1('services', 'default', 'p'), {
      type: 'merge',
      body: { spec: { type: 'NodePort' } },
    })) as Service;
    expect(nodePort.spec).toMatchObject({ clusterIP: ip, ports: [{ nodePort: expect.any(Number) }] });
    const back = (await client.patch(v1('services', 'default', 'p'), {
      type: 'merge',
      body: { spec: { type: 'ClusterIP' } },
    })) as Service;
    expect(back.spec?.clusterIP).toBe(ip);
    expect(back.spec?.ports?.[0]?.nodePort).toBeUndefined();
    const gone = (await client.patch(v1('services', 'default', 'p'), {
      type: 'merge',
      body: { spec: { type: 'ExternalName', externalName: 'example.com' } },
    })) as Service;
    expect(gone.spec?.clusterIP).toBeUndefined();
    expect((await createService('q', { clusterIP: ip })).spec?.clusterIP).toBe(ip);
  });
});

describe('a transport of messages', () => {
  it('has the bytes of all that it gave', async () => {
    const messages = core.messageTransport(systemUser);
    const asWritten = (object: KubeObject) =>
      JSON.parse(new TextDecoder().decode(core.bytesOf(object))) as unknown;
    const claims = v1('configmaps', 'default');
    const ref = v1('configmaps', 'default', 'a');
    const body = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { one: '1' } };
    const stop = new AbortController();
    const { metadata } = await messages.list(claims);
    const events = messages
      .watch(claims, { resourceVersion: metadata.resourceVersion ?? '' }, stop.signal)
      [Symbol.asyncIterator]();

    const given = [
      await messages.create(claims, { ...body, metadata: { name: 'a' } } as KubeObject),
      await messages.get(ref),
      ...(await messages.list(claims)).items,
      await messages.update(ref, { ...body, data: { one: '2' } } as KubeObject),
      await messages.patch(ref, { type: 'merge', body: { data: { two: '3' } } }),
      await messages.patch(ref, { type: 'merge', body: { data: { two: '4' } } }, { dryRun: ['All'] }),
      (await messages.delete(ref)) as KubeObject,
    ];
    for (const object of given) if (object.kind !== 'Status') expect(asWritten(object)).toEqual(object);
    expect(new Set(given.map((object) => object.metadata.resourceVersion)).size).toBeGreaterThan(2);

    const seen: string[] = [];
    while (seen.length < 4) {
      const { value: batch = [] } = await events.next();
      for (const { type, object } of batch) {
        seen.push(type);
        expect(asWritten(object)).toEqual(object);
      }
    }
    stop.abort();
    expect(seen).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
  });

  it('knows nothing of what others were given', async () => {
    expect(core.bytesOf(await account('a'))).toBeUndefined();
  });
});

describe('an eviction', () => {
  it('says of a Pod why it goes, and of which Pod that was said', async () => {
    await account('default');
    const made = await createPod({}, 'leaving');
    const name = v1('pods', 'default', 'leaving');
    await client.patch(name, { type: 'merge', body: { metadata: { finalizers: ['example.org/held'] } } });
    await client.patch(
      { ...name, subresource: 'status' },
      { type: 'merge', body: { status: { phase: 'Running' } } },
    );
    await client.create({ ...name, subresource: 'eviction' }, {
      kind: 'Eviction',
      apiVersion: 'policy/v1',
      metadata: { name: 'leaving' },
    } as KubeObject);
    const held = (await client.get(name)) as Pod;
    expect(held.metadata.uid).toBe(made.metadata.uid);
    expect(held.metadata.deletionTimestamp).toBeDefined();
    expect(held.status?.conditions).toMatchObject([
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
        observedGeneration: 1,
      },
    ]);
  });
});
