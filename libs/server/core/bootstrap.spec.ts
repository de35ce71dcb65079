import type { ClusterRole, ClusterRoleBinding, Role } from '@drydock/api/rbac/v1';
import type { APIService } from '@drydock/api/apiregistration/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import { silentLogger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import type { ResourceRef, Transport } from '@drydock/port/transport';
import { createMemoryStore } from '@drydock/store-memory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { allDefinitions } from '../resources/index.ts';
import type { ApiServerCore, ExtensionAuthentication } from './index.ts';
import { createApiServerCore, systemUser } from './index.ts';

let store: Store;
let core: ApiServerCore;
let client: Transport;

async function start(extensionAuthentication?: ExtensionAuthentication): Promise<void> {
  core = createApiServerCore(
    { authorizationMode: 'RBAC', extensionAuthentication },
    {
      store,
      definitions: allDefinitions,
      clock: createVirtualClock(),
      random: createSeededRandom(7),
      logger: silentLogger,
    },
  );
  await core.start();
  client = core.transport(systemUser);
}
async function restart(extensionAuthentication?: ExtensionAuthentication): Promise<void> {
  await core.stop();
  await start(extensionAuthentication);
}

beforeEach(async () => {
  store = createMemoryStore();
  await start();
});
afterEach(async () => {
  await core.stop();
  await store.close();
});

const rbac = (resource: string, name: string, namespace?: string): ResourceRef => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource,
  name,
  ...(namespace === undefined ? {} : { namespace }),
});
const get = async <T extends KubeObject>(ref: ResourceRef) => (await client.get(ref)) as T;

describe('the default policy', () => {
  it('has the roles of the parts of Kubernetes, bound to them', async () => {
    const scheduler = await get<ClusterRole>(rbac('clusterroles', 'system:kube-scheduler'));
    expect(scheduler.rules).toContainEqual({
      apiGroups: [''],
      resources: ['bindings', 'pods/binding'],
      verbs: ['create'],
    });
    const loop = await get<ClusterRoleBinding>(
      rbac('clusterrolebindings', 'system:controller:job-controller'),
    );
    expect(loop.subjects).toEqual([
      { kind: 'ServiceAccount', name: 'job-controller', namespace: 'kube-system' },
    ]);
    const reader = await get<Role>(rbac('roles', 'extension-apiserver-authentication-reader', 'kube-system'));
    expect(reader.rules?.[0]?.resourceNames).toEqual(['extension-apiserver-authentication']);
    expect(
      await get(rbac('rolebindings', 'system::extension-apiserver-authentication-reader', 'kube-system')),
    ).toBeDefined();
  });

  it('lets a part do what is its own, and nothing else', async () => {
    const may = async (name: string, verb: string, group: string, resource: string) => {
      const user = { name, groups: ['system:authenticated'] };
      const asked = { group, version: 'v1', resource, subresource: '', namespace: 'default', name: '' };
      return (await core.authorizer.authorize({ user, verb, resource: asked })).allowed;
    };
    const jobs = 'system:serviceaccount:kube-system:job-controller';
    expect(await may(jobs, 'create', '', 'pods')).toBe(true);
    expect(await may(jobs, 'create', '', 'secrets')).toBe(false);
    expect(await may('system:kube-scheduler', 'delete', '', 'pods')).toBe(true);
    expect(await may('system:kube-scheduler', 'create', 'apps', 'deployments')).toBe(false);
    expect(await may('system:kube-proxy', 'watch', 'discovery.k8s.io', 'endpointslices')).toBe(true);
  });

  it('gives back at the next start what was taken, and leaves what was added', async () => {
    const ref = rbac('clusterroles', 'system:kube-dns');
    const role = await get<ClusterRole>(ref);
    const added = { apiGroups: ['example.org'], resources: ['zones'], verbs: ['get'] };
    await client.update(ref, { ...role, rules: [added] } as KubeObject);
    const bindingRef = rbac('clusterrolebindings', 'system:kube-dns');
    const binding = await get<ClusterRoleBinding>(bindingRef);
    const jane = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' };
    await client.update(bindingRef, { ...binding, subjects: [jane] } as KubeObject);
    await restart();
    const rules = (await get<ClusterRole>(ref)).rules;
    expect(rules?.[0]).toEqual(added);
    expect(rules).toContainEqual({ apiGroups: [''], resources: ['services'], verbs: ['list', 'watch'] });
    expect((await get<ClusterRoleBinding>(bindingRef)).subjects).toEqual([jane, ...(binding.subjects ?? [])]);
  });

  it('binds anew what was bound to another role', async () => {
    const ref = rbac('clusterrolebindings', 'system:kube-dns');
    const { subjects, metadata } = await get<ClusterRoleBinding>(ref);
    await client.delete(ref);
    const { name: _name, ...collection } = ref;
    await client.create(collection, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: metadata.name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects,
    } as KubeObject);
    await restart();
    expect((await get<ClusterRoleBinding>(ref)).roleRef?.name).toBe('system:kube-dns');
  });

  it('stays as somebody wants it who says so', async () => {
    const ref = rbac('clusterroles', 'system:kube-dns');
    const role = await get<ClusterRole>(ref);
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    await client.update(ref, {
      ...role,
      metadata: { ...role.metadata, annotations },
      rules: [],
    } as KubeObject);
    await restart();
    expect((await get<ClusterRole>(ref)).rules ?? []).toEqual([]);
  });

  it('writes nothing at a start where nothing is missing', async () => {
    const before = await get(rbac('clusterroles', 'view'));
    await restart();
    expect((await get(rbac('clusterroles', 'view'))).metadata.resourceVersion).toBe(
      before.metadata.resourceVersion,
    );
  });
});

describe('extension API servers', () => {
  it('are told whom to believe', async () => {
    const ref = { group: '', version: 'v1', resource: 'configmaps', namespace: 'kube-system' };
    const name = 'extension-apiserver-authentication';
    await restart({ clientCa: 'A', requestHeaderClientCa: 'B', requestHeaderAllowedNames: ['front'] });
    const told = (await client.get({ ...ref, name })) as KubeObject & { data: Record<string, string> };
    expect(told.data).toEqual({
      'client-ca-file': 'A',
      'requestheader-client-ca-file': 'B',
      'requestheader-allowed-names': '["front"]',
      'requestheader-username-headers': '["X-Remote-User"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    });
    await restart({ clientCa: 'C' });
    const later = (await client.get({ ...ref, name })) as KubeObject & { data: Record<string, string> };
    expect(later.data).toEqual({ 'client-ca-file': 'C' });
  });
});

describe('APIServices of what is served here', () => {
  const services = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };
  const find = async (name: string) => {
    try {
      return (await client.get({ ...services, name })) as APIService;
    } catch {
      return undefined;
    }
  };
  const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boats.example.org' },
    spec: {
      group: 'example.org',
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
      versions: ['v1', 'v2', 'v0'].map((name) => ({
        name,
        served: name !== 'v0',
        storage: name === 'v1',
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    },
  } as KubeObject;

  it('are there for the built-in groups, and available', async () => {
    const apps = await find('v1.apps');
    expect(apps?.spec).toEqual({
      group: 'apps',
      version: 'v1',
      groupPriorityMinimum: 17_800,
      versionPriority: 15,
    });
    expect(apps?.metadata.labels).toEqual({ 'kube-aggregator.kubernetes.io/automanaged': 'onstart' });
    expect(apps?.status?.conditions).toMatchObject([{ type: 'Available', status: 'True', reason: 'Local' }]);
    expect((await find('v1.'))?.spec?.groupPriorityMinimum).toBe(18_000);
    expect(await find('v1.apiregistration.k8s.io')).toBeUndefined();
  });

  it('come and go with definitions of custom resources', async () => {
    await client.create(crds, crd);
    await vi.waitFor(async () => expect(await find('v2.example.org')).toBeDefined());
    expect((await find('v1.example.org'))?.metadata.labels).toEqual({
      'kube-aggregator.kubernetes.io/automanaged': 'true',
    });
    expect(await find('v0.example.org')).toBeUndefined();
    await client.delete({ ...services, name: 'v2.example.org' });
    await vi.waitFor(async () => expect(await find('v2.example.org')).toBeDefined());
    await client.delete({ ...crds, name: 'boats.example.org' });
    await vi.waitFor(async () => expect(await find('v1.example.org')).toBeUndefined());
  });

  it('stay away from what somebody registered', async () => {
    const name = 'v1.example.org';
    await client.create(services, {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name },
      spec: { group: 'example.org', version: 'v1', groupPriorityMinimum: 10, versionPriority: 10 },
    } as KubeObject);
    await client.create(crds, crd);
    await vi.waitFor(async () => expect(await find('v2.example.org')).toBeDefined());
    await client.delete({ ...crds, name: 'boats.example.org' });
    await vi.waitFor(async () => expect(await find('v2.example.org')).toBeUndefined());
    expect((await find(name))?.spec?.groupPriorityMinimum).toBe(10);
  });
});
