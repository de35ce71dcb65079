import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

let server: RestServer;
beforeEach(async () => {
  server = await startRest({ core: { disableAdmission: ['ServiceAccount'] } });
});
afterEach(() => server.stop());

const base = '/api/v1/namespaces/default';
const post = (resource: string, body: object, query = '') =>
  server.call('POST', `${base}/${resource}${query}`, { body });
const container = (resources: object = {}, name = 'c') => ({ name, image: 'i', resources });
const pod = (name: string, containers: object[] = [container()], more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers, ...more },
});
const limits = (...items: object[]) =>
  post('limitranges', {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'l' },
    spec: { limits: items },
  });
const quota = (hard: object, more: object = {}) =>
  post('resourcequotas', {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q' },
    spec: { hard, ...more },
  });
const message = async (answer: ReturnType<typeof post>) => {
  const { status, json } = await answer;
  return status === 201 ? 'created' : json.message;
};

describe('LimitRanger', () => {
  it('fills in what containers do not name, and tells so', async () => {
    await limits({ type: 'Container', default: { cpu: '500m' }, defaultRequest: { memory: '64Mi' } });
    const { json } = await post('pods', pod('p', [container({ requests: { cpu: '100m' } })]));
    expect(json).toMatchObject({
      metadata: {
        annotations: {
          'kubernetes.io/limit-ranger':
            'LimitRanger plugin set: memory request for container c; cpu limit for container c',
        },
      },
      spec: {
        containers: [{ resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m' } } }],
      },
    });
  });

  it('refuses what is too much, too little or out of proportion', async () => {
    await limits({
      type: 'Container',
      min: { cpu: '100m' },
      max: { memory: '1Gi' },
      maxLimitRequestRatio: { cpu: '2' },
    });
    const resources = { requests: { cpu: '50m', memory: '1Gi' }, limits: { cpu: '200m', memory: '2Gi' } };
    expect(await message(post('pods', pod('p', [container(resources)])))).toBe(
      'pods "p" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum memory usage per Container is 1Gi, but limit is 2Gi, cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000]',
    );
  });

  it('adds up the containers of a Pod, and looks at claims', async () => {
    await limits(
      { type: 'Pod', max: { cpu: '1' } },
      { type: 'PersistentVolumeClaim', min: { storage: '5Gi' } },
    );
    const one = container({ limits: { cpu: '600m' } });
    expect(await message(post('pods', pod('p', [one, { ...one, name: 'd' }])))).toBe(
      'pods "p" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m',
    );
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    expect(await message(post('persistentvolumeclaims', claim))).toBe(
      'persistentvolumeclaims "v" is forbidden: minimum storage usage per PersistentVolumeClaim is 5Gi, but request is 1Gi',
    );
  });

  it('has ranges that make sense', async () => {
    const { json } = await limits(
      { type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } },
      { type: 'Container' },
      { type: 'Thing' },
    );
    const causes = (json.details?.causes ?? []).map(({ field }) => field);
    expect(causes).toContain('spec.limits[0].min[cpu]');
    expect(causes).toContain('spec.limits[1].type');
    expect(causes).toContain('spec.limits[2].type');
  });
});

describe('ResourceQuota', () => {
  it('lets nothing in beyond what is allowed, whoever is first', async () => {
    await quota({ pods: '3' });
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => message(post('pods', pod(name)))),
    );
    expect(answers.filter((text) => text === 'created')).toHaveLength(3);
    expect(answers.find((text) => text !== 'created')).toMatch(
      /^pods "[a-e]" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3$/,
    );
    const { json } = await server.call('GET', `${base}/resourcequotas/q`);
    expect(json).toMatchObject({ status: { hard: { pods: '3' }, used: { pods: '3' } } });
  });

  it('wants containers to name what it limits', async () => {
    await quota({ 'requests.cpu': '1', 'limits.memory': '1Gi' });
    expect(
      await message(post('pods', pod('p', [container(), container({ limits: { memory: '1Mi' } }, 'd')]))),
    ).toBe(
      'pods "p" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c,d',
    );
    const good = container({ requests: { cpu: '600m' }, limits: { memory: '1Mi' } });
    expect(await message(post('pods', pod('p', [good])))).toBe('created');
    expect(await message(post('pods', pod('q', [good])))).toBe(
      'pods "q" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
    );
  });

  it('counts objects, of custom kinds too, and nothing in dry runs', async () => {
    await quota({ configmaps: '1', 'count/deployments.apps': '0' });
    const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
    expect(await message(post('configmaps', map('a'), '?dryRun=All'))).toBe('created');
    expect(await message(post('configmaps', map('a')))).toBe('created');
    expect(await message(post('configmaps', map('b')))).toContain('requested: configmaps=1');
  });

  it('of a scope is about Pods of that scope', async () => {
    await quota({ pods: '0' }, { scopes: ['BestEffort'] });
    expect(await message(post('pods', pod('a')))).toContain('exceeded quota');
    expect(await message(post('pods', pod('b', [container({ requests: { cpu: '1m' } })])))).toBe('created');
  });
});

describe('PodSecurity', () => {
  const label = (labels: object) =>
    server.call('PATCH', '/api/v1/namespaces/default', {
      type: 'application/merge-patch+json',
      body: { metadata: { labels } },
    });

  it('refuses Pods that are not of the level that is enforced', async () => {
    await label({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(await message(post('pods', pod('p')))).toBe(
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
    const good = {
      ...container(),
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    };
    expect(await message(post('pods', pod('p', [good])))).toBe('created');
  });

  it.each([
    [{ hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
    [{ volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    [
      { containers: [{ ...container(), securityContext: { privileged: true } }] },
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      { containers: [{ ...container(), securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }] },
      'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      { containers: [{ ...container(), ports: [{ containerPort: 80, hostPort: 80 }] }] },
      'hostPort (container "c" uses hostPort 80)',
    ],
  ])('knows the baseline %#', async (more, reason) => {
    await label({ 'pod-security.kubernetes.io/enforce': 'baseline' });
    expect(await message(post('pods', pod('p', undefined, more)))).toBe(
      `pods "p" is forbidden: violates PodSecurity "baseline:latest": ${reason}`,
    );
  });

  it('warns of templates, and of Pods that are there when a namespace becomes stricter', async () => {
    await post('pods', pod('a', undefined, { hostNetwork: true }));
    const stricter = await label({
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/warn': 'baseline',
    });
    expect(stricter.warnings).toEqual([
      'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
      'a: host namespaces',
    ]);
    const { warnings, status } = await server.call('POST', '/apis/apps/v1/namespaces/default/deployments', {
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { hostIPC: true, containers: [container()] } },
        },
      },
    });
    expect([status, warnings]).toEqual([
      201,
      ['would violate PodSecurity "baseline:latest": host namespaces (hostIPC=true)'],
    ]);
  });

  it('takes no label that says nothing', async () => {
    const { status, json } = await label({ 'pod-security.kubernetes.io/enforce': 'strict' });
    expect(status).toBe(422);
    expect(json.message).toContain('must be one of privileged, baseline, restricted');
  });
});
