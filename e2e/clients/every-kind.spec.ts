import * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eventually,
  removeDataDir,
  sampleNamespace as namespace,
  samples,
  startClusterProcess,
  type ClusterProcess,
} from '../support/index.ts';

type Typed = k8s.KubernetesObject & { [field: string]: unknown };
type Call = (request: object) => Promise<Typed>;

/** `rbac.authorization.k8s.io/v1` is served by RbacAuthorizationV1Api. */
function apiOf(config: k8s.KubeConfig, apiVersion: string): Record<string, Call> {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const upper = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
  const name = `${group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(upper)
    .join('')}${upper(version)}Api`;
  const type = (k8s as unknown as Record<string, Parameters<typeof config.makeApiClient>[0]>)[name];
  if (type === undefined) throw new Error(`the client has no ${name}`);
  return config.makeApiClient(type) as unknown as Record<string, Call>;
}

/** Words that mean something in TypeScript have another name in the client's types. */
const renamed: Readonly<Record<string, string>> = { default: '_default', enum: '_enum', from: '_from' };

function typed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(typed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [renamed[key] ?? key, typed(one)]));
}

/** What the test compares: what was asked for, and not what the server notes beside it. Times are Dates in the client's objects. */
function plain(object: object): Record<string, unknown> {
  const { status: _status, metadata, ...rest } = JSON.parse(JSON.stringify(object)) as Typed;
  const {
    managedFields: _fields,
    resourceVersion: _version,
    generation: _generation,
    ...meta
  } = metadata ?? {};
  return { ...rest, metadata: meta };
}

describe('@kubernetes/client-node on every kind', () => {
  let cluster: ClusterProcess;
  let config: k8s.KubeConfig;

  beforeAll(async () => {
    // Nobody else writes: what was read last is what is there.
    cluster = await startClusterProcess({ args: ['--store', 'memory', '--components', 'apiserver'] });
    config = new k8s.KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const core = config.makeApiClient(k8s.CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'default' } } });
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  it.each(samples)('creates, reads, replaces, lists and deletes $resource', async (sample) => {
    const { object, name, namespaced } = sample;
    const kind = String(object['kind']);
    const api = apiOf(config, String(object['apiVersion']));
    const where = namespaced ? { namespace } : {};
    const call = (verb: string, request: object): Promise<Typed> => {
      const method = api[`${verb}${namespaced ? 'Namespaced' : ''}${kind}`];
      if (method === undefined) throw new Error(`the client cannot ${verb} ${kind}`);
      return method.call(api, { ...where, ...request });
    };
    const created = await call('create', { body: typed(object) as object });
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    const read = await call('read', { name });
    expect(plain(read)).toEqual(plain(created));
    // Nothing that was sent is lost on the way through the client's types and back.
    const { stringData: _written, ...kept } = typed(object) as Typed;
    expect(plain(read)).toMatchObject({ ...kept, metadata: { name } });
    await eventually(async () => {
      const present = await call('read', { name });
      const body = {
        ...present,
        metadata: { ...present.metadata, labels: { ...present.metadata?.labels, typed: 'yes' } },
      };
      const replaced = await call('replace', { name, body });
      expect(plain(replaced)).toEqual(plain(body));
      return replaced.metadata?.resourceVersion !== present.metadata?.resourceVersion;
    });
    const list = await call('list', { labelSelector: 'typed=yes' });
    expect((list['items'] as k8s.KubernetesObject[]).map(({ metadata }) => metadata?.name)).toEqual([name]);
    await call('delete', { name, body: { gracePeriodSeconds: 0 } });
  });
});
