import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRawClient,
  removeDataDir,
  sampleNamespace as namespace,
  samples,
  startClusterProcess,
  type ClusterProcess,
  eventually,
  type RawClient,
} from '../support/index.ts';

const time = '2026-01-02T03:04:05Z';
const condition = (type: string) => ({
  type,
  status: 'True',
  reason: 'Tested',
  message: 'from a test',
  lastTransitionTime: time,
});
const ingress = { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] };
const counts = { replicas: 2, readyReplicas: 1, availableReplicas: 1 };

/** For each kind with a status: what is patched in, and what replaces or joins it by an update. */
const changes: Readonly<Record<string, readonly [patch: object, update: object]>> = {
  namespaces: [{ conditions: [condition('Patched')] }, { conditions: [condition('Updated')] }],
  nodes: [{ conditions: [condition('Patched')] }, { nodeInfo: { kubeletVersion: 'v1' } }],
  persistentvolumes: [{ message: 'patched', reason: 'P' }, { message: 'updated' }],
  persistentvolumeclaims: [{ conditions: [condition('Patched')] }, { phase: 'Lost' }],
  pods: [{ message: 'patched', reason: 'Tested' }, { conditions: [condition('Ready')] }],
  replicationcontrollers: [{ ...counts, conditions: [condition('Patched')] }, { replicas: 3 }],
  resourcequotas: [{ hard: { pods: '7' } }, { used: { pods: '1' } }],
  services: [{ loadBalancer: ingress }, { conditions: [condition('Updated')] }],
  customresourcedefinitions: [{ conditions: [condition('Patched')] }, { storedVersions: ['v1'] }],
  validatingadmissionpolicies: [
    { conditions: [condition('Patched')] },
    { typeChecking: { expressionWarnings: [{ fieldRef: 'spec', warning: 'none' }] } },
  ],
  daemonsets: [{ conditions: [condition('Patched')] }, { numberReady: 2 }],
  deployments: [{ ...counts, conditions: [condition('Patched')] }, { updatedReplicas: 1 }],
  replicasets: [{ ...counts, conditions: [condition('Patched')] }, { replicas: 5 }],
  statefulsets: [{ ...counts, conditions: [condition('Patched')] }, { replicas: 5 }],
  horizontalpodautoscalers: [{ currentReplicas: 1, desiredReplicas: 2 }, { currentReplicas: 2 }],
  cronjobs: [{ lastScheduleTime: time }, { lastSuccessfulTime: time }],
  jobs: [{ conditions: [condition('Patched')] }, { active: 1 }],
  prioritylevelconfigurations: [
    { conditions: [condition('Patched')] },
    { conditions: [condition('Updated')] },
  ],
  flowschemas: [{ conditions: [condition('Patched')] }, { conditions: [condition('Updated')] }],
  ingresses: [
    { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
    { loadBalancer: { ingress: [{ hostname: 'a.example.org' }] } },
  ],
  poddisruptionbudgets: [
    { expectedPods: 3, disruptedPods: { gone: time } },
    { currentHealthy: 2, desiredHealthy: 1 },
  ],
  servicecidrs: [{ conditions: [condition('Patched')] }, { conditions: [condition('Updated')] }],
  volumeattachments: [{ attached: true }, { attached: false, attachError: { message: 'no' } }],
  resourceclaims: [
    {
      allocation: {
        devices: { results: [{ request: 'gpu', driver: 'd.example.org', pool: 'p', device: 'x' }] },
      },
    },
    { reservedFor: [{ resource: 'pods', name: 'a', uid: 'u' }] },
  ],
  apiservices: [{ conditions: [condition('Patched')] }, { conditions: [condition('Updated')] }],
  certificatesigningrequests: [
    { conditions: [condition('Patched')] },
    { conditions: [condition('Updated')] },
  ],
};

/** Of these the server itself notes conditions, in which those of others stay. */
const noted = new Set(['customresourcedefinitions', 'flowschemas', 'apiservices']);

/** Holds for a status with more conditions than these. */
function among(status: object): object {
  return Object.fromEntries(
    Object.entries(status).map(([field, value]: [string, unknown]) => [
      field,
      field === 'conditions' ? expect.arrayContaining(value as unknown[]) : value,
    ]),
  );
}

describe('the status of every kind that has one', () => {
  let cluster: ClusterProcess;
  let client: RawClient;
  const served = new Set<string>();

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory', '--components', 'apiserver'] });
    client = createRawClient(cluster.kubeconfig);
    await client.ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    await client.ask('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
      metadata: { name: 'default' },
    });
  });
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  const withStatus = samples.filter(({ resource }) => Object.hasOwn(changes, resource.split('.')[0]!));

  it.each(withStatus)('$object.apiVersion $resource is patched and updated', async (sample) => {
    const { object, name, namespaced, resource } = sample;
    const version = String(object['apiVersion']);
    const plural = resource.split('.')[0]!;
    served.add(`${version} ${plural}`);
    const group = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
    const path = namespaced ? `${group}/namespaces/${namespace}/${plural}` : `${group}/${plural}`;
    const [patch, update] = changes[plural]!;
    const balancer = plural === 'services' ? { type: 'LoadBalancer' } : {};
    const spec = object['spec'] === undefined ? {} : { spec: { ...(object['spec'] as object), ...balancer } };
    const created = await client.ask('POST', path, { ...object, ...spec });
    const status = `${path}/${name}/status`;

    const patched = await client.patch(status, {
      metadata: { annotations: { 'patched-status': 'true' } },
      status: patch,
    });
    expect(patched.status).toMatchObject(patch);
    expect(patched.metadata.annotations).toMatchObject({ 'patched-status': 'true' });
    if (noted.has(plural)) {
      await eventually(async () => {
        const present = await client.ask('GET', status);
        const body = { ...present, status: { ...present.status, ...update } };
        return (await client.send('PUT', status, { body })).status === 200;
      });
      expect((await client.ask('GET', status)).status).toMatchObject(among({ ...patch, ...update }));
      return;
    }
    const updated = await client.ask('PUT', status, {
      ...patched,
      status: { ...patched.status, ...update },
    });
    expect(updated.status).toMatchObject({ ...patch, ...update });
    const read = await client.ask('GET', status);
    expect(read).toEqual(updated);
    expect(read['kind']).toBe(object['kind']);
    expect(read.metadata.generation).toBe(created.metadata.generation);
    expect(read.spec).toEqual(created.spec);

    // The object itself does not take a status.
    const one = `${path}/${name}`;
    const whole = await client.ask('GET', one);
    const other = await client.patch(one, { status: null });
    expect(other.status).toEqual(whole.status);
  });

  it('leaves out no kind', async () => {
    const groups = (await client.send('GET', '/apis')).json<{
      groups: { versions: { groupVersion: string }[] }[];
    }>();
    const versions = groups.groups.flatMap(({ versions: all }) =>
      all.map(({ groupVersion }) => groupVersion),
    );
    const found: string[] = [];
    for (const version of ['v1', ...versions]) {
      const path = version === 'v1' ? '/api/v1' : `/apis/${version}`;
      const list = (await client.send('GET', path)).json<{ resources: { name: string }[] }>();
      for (const { name } of list.resources)
        if (name.endsWith('/status')) found.push(`${version} ${name.slice(0, -'/status'.length)}`);
    }
    expect([...served].sort()).toEqual(found.sort());
  });
});
