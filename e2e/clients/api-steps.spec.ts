import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRawClient,
  eventually,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Loose,
  type RawClient,
} from '../support/index.ts';

type Condition = { type: string; status: string };
const template = {
  metadata: { labels: { app: 'steps' } },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
};
const condition = (type: string) => ({ type, status: 'True', reason: 'Tested', message: 'from a test' });

describe('what clients rely on in a running cluster', () => {
  let cluster: ClusterProcess;
  let client: RawClient;
  const at = '/api/v1/namespaces/steps';

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    client = createRawClient(cluster.kubeconfig);
    await client.ask('POST', '/api/v1/namespaces', { metadata: { name: 'steps' } });
    await eventually(async () => (await client.send('GET', `${at}/serviceaccounts/default`)).status === 200);
  });
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  it('tells its version in whole numbers', async () => {
    const version = (await client.send('GET', '/version')).json<{ major: string; minor: string }>();
    expect([version.major, version.minor]).toEqual([
      expect.stringMatching(/^\d+$/) as string,
      expect.stringMatching(/^\d+$/) as string,
    ]);
  });

  it('prefers a version of each group that it serves, with resources in it', async () => {
    // Extension API servers come a little later.
    await eventually(async () => {
      const { items } = (await client.send('GET', '/apis/apiregistration.k8s.io/v1/apiservices')).json<{
        items: { status?: { conditions?: { type: string; status: string }[] } }[];
      }>();
      return items.every(({ status }) =>
        status?.conditions?.some((one) => one.type === 'Available' && one.status === 'True'),
      );
    });
    const { groups } = (await client.send('GET', '/apis')).json<{
      groups: {
        name: string;
        versions: { groupVersion: string }[];
        preferredVersion: { groupVersion: string };
      }[];
    }>();
    for (const { name, versions, preferredVersion } of groups) {
      expect(versions).toContainEqual(preferredVersion);
      expect((await client.send('GET', `/apis/${name}`)).json()).toMatchObject({
        kind: 'APIGroup',
        name,
        versions,
        preferredVersion,
      });
      for (const { groupVersion } of versions) {
        const list = (await client.send('GET', `/apis/${groupVersion}`)).json<{
          groupVersion: string;
          resources: { verbs: string[] }[];
        }>();
        expect(list.groupVersion).toBe(groupVersion);
        // Which metrics of others there are is up to them: here none are declared.
        if (!/^(custom|external)\.metrics\.k8s\.io$/.test(name))
          expect(list.resources.length).toBeGreaterThan(0);
        for (const { verbs } of list.resources) expect(verbs.length).toBeGreaterThan(0);
      }
    }
  });

  it('has no table of what has no metadata', async () => {
    const answer = await client.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
      body: { spec: { resourceAttributes: { verb: 'list', resource: 'pods' } } },
    });
    expect([answer.status, answer.json<{ reason: string }>().reason]).toEqual([406, 'NotAcceptable']);
  });

  it('describes the issuer of its tokens', async () => {
    const issuer = (await client.send('GET', '/.well-known/openid-configuration')).json<{
      issuer: string;
      jwks_uri: string;
    }>();
    expect(issuer).toMatchObject({
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
    });
    const keys = await client.send('GET', new URL(issuer.jwks_uri).pathname);
    expect(keys.headers['content-type']).toBe('application/jwk-set+json');
    expect(keys.json<{ keys: unknown[] }>().keys.length).toBeGreaterThan(0);
    const token = await client.ask('POST', `${at}/serviceaccounts/default/token`, { spec: {} });
    const [, claims = ''] = String(token.status?.['token']).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ iss: issuer.issuer });
  });

  it('gives each namespace the root certificate, again and again', async () => {
    const path = `${at}/configmaps/kube-root-ca.crt`;
    const pem = async () => {
      const answer = await client.send('GET', path);
      return answer.status === 200
        ? answer.json<{ data: Record<string, string> }>().data['ca.crt']
        : undefined;
    };
    const first = await eventually(pem);
    expect(first).toContain('BEGIN CERTIFICATE');
    await client.ask('DELETE', path);
    await eventually(async () => (await pem()) === first);
    await client.patch(path, { data: { 'ca.crt': 'mine' } });
    await eventually(async () => (await pem()) === first);
  });

  it('brings the hard limits of a quota back, whatever is written to its status', async () => {
    const path = `${at}/resourcequotas/quota`;
    await client.ask('POST', `${at}/resourcequotas`, {
      metadata: { name: 'quota' },
      spec: { hard: { cpu: '500m', memory: '500Mi' } },
    });
    const hard = async () => (await client.ask('GET', path)).status?.['hard'];
    await eventually(async () => JSON.stringify(await hard()) === '{"cpu":"500m","memory":"500Mi"}');
    const patched = await client.patch(`${path}/status`, { status: { hard: { cpu: '7', memory: '7Gi' } } });
    expect(patched.status?.['hard']).toEqual({ cpu: '7', memory: '7Gi' });
    expect(patched.spec).toEqual({ hard: { cpu: '500m', memory: '500Mi' } });
    await eventually(async () => JSON.stringify(await hard()) === '{"cpu":"500m","memory":"500Mi"}');
    await client.patch(path, { spec: { hard: { cpu: '1' } } });
    await eventually(async () => JSON.stringify(await hard()) === '{"cpu":"1","memory":"500Mi"}');
    await client.ask('DELETE', path);
  });

  it('takes finalizers of a namespace on and off', async () => {
    const path = '/api/v1/namespaces/held';
    const made = await client.ask('POST', '/api/v1/namespaces', { metadata: { name: 'held' } });
    expect(made.spec).toEqual({ finalizers: ['kubernetes'] });
    const finalize = async (finalizers: readonly string[]) =>
      client.ask('PUT', `${path}/finalize`, { ...(await client.ask('GET', path)), spec: { finalizers } });
    const held = await finalize(['kubernetes', 'example.org/held']);
    expect(held.spec).toEqual({ finalizers: ['kubernetes', 'example.org/held'] });
    await client.ask('DELETE', path);
    // The contents go; what somebody else holds stays.
    await eventually(
      async () =>
        JSON.stringify((await client.ask('GET', path)).spec) === '{"finalizers":["example.org/held"]}',
    );
    expect((await client.ask('GET', path)).status?.['phase']).toBe('Terminating');
    await finalize([]);
    await eventually(async () => (await client.send('GET', path)).status === 404);
  });

  const workloads: readonly (readonly [string, string, object])[] = [
    ['/apis/apps/v1', 'deployments', { selector: { matchLabels: { app: 'steps' } }, template }],
    ['/apis/apps/v1', 'replicasets', { selector: { matchLabels: { app: 'steps' } }, template }],
    ['/apis/apps/v1', 'daemonsets', { selector: { matchLabels: { app: 'steps' } }, template }],
    [
      '/apis/apps/v1',
      'statefulsets',
      { serviceName: '', selector: { matchLabels: { app: 'steps' } }, template },
    ],
    ['/api/v1', 'replicationcontrollers', { selector: { app: 'steps' }, template }],
    [
      '/apis/batch/v1',
      'jobs',
      { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
    ],
  ];

  it.each(workloads)('keeps conditions of others in %s %s', async (group, plural, spec) => {
    const path = `${group}/namespaces/steps/${plural}`;
    const one = `${path}/conditioned`;
    await client.ask('POST', path, { metadata: { name: 'conditioned' }, spec });
    const types = async () =>
      (((await client.ask('GET', one)).status?.['conditions'] ?? []) as Condition[]).map(({ type }) => type);
    const counted = ({ status }: Loose) =>
      Number(status?.['replicas'] ?? status?.['active'] ?? status?.['numberReady'] ?? 0);
    await eventually(async () => counted(await client.ask('GET', one)) > 0);
    await eventually(async () => {
      const present = await client.ask('GET', one);
      const conditions = [
        ...((present.status?.['conditions'] ?? []) as Condition[]),
        condition('StatusUpdate'),
      ];
      const body = { ...present, status: { ...present.status, conditions } };
      return (await client.send('PUT', `${one}/status`, { body })).status === 200;
    });
    // The controller writes the status anew, and leaves the condition where it is.
    await client.patch(one, { metadata: { annotations: { touched: 'yes' } } });
    if (plural !== 'daemonsets' && plural !== 'jobs') {
      await client.patch(one, { spec: { replicas: 2 } });
      await eventually(async () => counted(await client.ask('GET', one)) === 2);
    }
    expect(await types()).toContain('StatusUpdate');
    const removed = await client.send('DELETE', `${one}?propagationPolicy=Foreground`);
    expect(removed.status).toBe(200);
    await eventually(async () => (await client.send('GET', one)).status === 404);
  });

  it('runs no more Pods of a Job than it needs, and lets go of all of them', async () => {
    const names = Array.from({ length: 8 }, (_none, index) => `quick-${index}`);
    const path = '/apis/batch/v1/namespaces/steps/jobs';
    const fleeting = {
      metadata: { annotations: { 'drydock.dev/exit-after': '1ms', 'drydock.dev/start-delay': '0s' } },
      spec: { ...template.spec, restartPolicy: 'Never' },
    };
    for (const name of names)
      await client.ask('POST', path, {
        metadata: { name },
        spec: { completions: 6, parallelism: 2, template: fleeting },
      });
    for (const name of names) {
      await eventually(async () =>
        (
          (await client.ask('GET', `${path}/${name}`)).status?.['conditions'] as Condition[] | undefined
        )?.some(({ type }) => type === 'Complete'),
      );
      const pods = (await client.ask('GET', `${at}/pods?labelSelector=job-name%3D${name}`)) as unknown as {
        items: { metadata: { finalizers?: string[] } }[];
      };
      expect(pods.items.map(({ metadata }) => metadata.finalizers ?? [])).toEqual(Array(6).fill([]));
    }
  });

  it('mirrors Endpoints that somebody writes into slices', async () => {
    const slices = async () =>
      (
        (await client.ask(
          'GET',
          '/apis/discovery.k8s.io/v1/namespaces/steps/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dmirrored',
        )) as unknown as { items: (Loose & { endpoints: { addresses: string[] }[] })[] }
      ).items.map(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses));
    await client.ask('POST', `${at}/services`, {
      metadata: { name: 'mirrored' },
      spec: { ports: [{ name: 'p', port: 80 }] },
    });
    const path = `${at}/endpoints`;
    await client.ask('POST', path, {
      metadata: { name: 'mirrored' },
      subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ name: 'p', port: 80 }] }],
    });
    await eventually(async () => JSON.stringify(await slices()) === '[["10.1.2.3"]]');
    await client.patch(`${path}/mirrored`, {
      subsets: [{ addresses: [{ ip: '10.2.3.4' }], ports: [{ name: 'p', port: 80 }] }],
    });
    await eventually(async () => JSON.stringify(await slices()) === '[["10.2.3.4"]]');
    await client.ask('DELETE', `${path}/mirrored`);
    await eventually(async () => (await slices()).length === 0);
  });

  it('keeps the value of a PriorityClass, and lets the rest be changed', async () => {
    const path = '/apis/scheduling.k8s.io/v1/priorityclasses';
    await client.ask('POST', path, { metadata: { name: 'steps' }, value: 5 });
    await client.patch(`${path}/steps`, { description: 'changed' });
    const refused = await client.send('PATCH', `${path}/steps`, {
      contentType: 'application/merge-patch+json',
      body: { value: 6 },
    });
    expect([refused.status, refused.json<{ message: string }>().message]).toEqual([
      422,
      'PriorityClass.scheduling.k8s.io "steps" is invalid: value: Forbidden: may not be changed in an update.',
    ]);
    await client.ask('DELETE', `${path}/steps`);
  });

  it('brings a Pod whose deadline passes to its end', async () => {
    const pod = { activeDeadlineSeconds: 1, containers: [{ name: 'c', image: 'nginx' }] };
    await client.ask('POST', `${at}/pods`, { metadata: { name: 'late' }, spec: pod });
    await eventually(async () => (await client.ask('GET', `${at}/pods/late`)).status?.['phase'] === 'Failed');
    expect((await client.ask('GET', `${at}/pods/late`)).status).toMatchObject({ reason: 'DeadlineExceeded' });
  });

  it('runs the commands of init containers where that is asked for', async () => {
    const annotations = { 'drydock.dev/run-command': 'true' };
    const containers = [
      { name: 'main', image: 'busybox', command: ['sh', '-c', 'echo fine > /dev/termination-log'] },
    ];
    const init = (command: string) => [{ name: 'init', image: 'busybox', command: [command] }];
    for (const [name, command] of [
      ['init-true', 'true'],
      ['init-false', 'false'],
    ] as const) {
      await client.ask('POST', `${at}/pods`, {
        metadata: { name, annotations },
        spec: { restartPolicy: 'Never', initContainers: init(command), containers },
      });
    }
    const phase = async (name: string) => (await client.ask('GET', `${at}/pods/${name}`)).status;
    await eventually(async () => (await phase('init-true'))?.['phase'] === 'Succeeded');
    expect(await phase('init-true')).toMatchObject({
      initContainerStatuses: [{ state: { terminated: { exitCode: 0 } } }],
      containerStatuses: [{ state: { terminated: { exitCode: 0, message: 'fine\n' } } }],
    });
    await eventually(async () => (await phase('init-false'))?.['phase'] === 'Failed');
    expect(await phase('init-false')).toMatchObject({
      initContainerStatuses: [{ state: { terminated: { exitCode: 1 } } }],
      containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }],
    });
  });
});
