import { ConfigMap, Namespace, Pod, Secret } from '@drydock/api/core/v1';
import {
  ownerReferenceTo,
  type KubeObject,
  type OwnerReference,
  type ResourceType,
} from '@drydock/base/apimachinery';
import { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import type { Transport } from '@drydock/port/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namespaceNamed, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createGarbageCollector } from './index.ts';

const types: readonly ResourceType[] = [ConfigMap, Secret, Pod, Namespace];
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await startCluster();
  cluster.run((deps) => createGarbageCollector({ resources: () => types }, deps));
  await cluster.settle();
});
afterEach(() => cluster.stop());

const configMaps = () => cluster.client.resource(ConfigMap).namespace('default');

function create(name: string, owners: readonly OwnerReference[] = [], finalizers: readonly string[] = []) {
  const metadata = { name, namespace: 'default', ownerReferences: [...owners], finalizers: [...finalizers] };
  return configMaps().create({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
}

function ownedBy(owner: KubeObject, blockOwnerDeletion = false): OwnerReference {
  return ownerReferenceTo(owner, ConfigMap, { blockOwnerDeletion });
}

const names = async () =>
  (await cluster.list(ConfigMap, 'default')).map(({ metadata }) => metadata.name ?? '').sort();
const has =
  (...wanted: string[]) =>
  async () =>
    JSON.stringify(await names()) === JSON.stringify(wanted);
const ownerUids = async (name: string) =>
  ((await configMaps().get(name)).metadata.ownerReferences ?? []).map(({ uid }) => uid);

describe('garbage-collector-controller', () => {
  it('deletes what an owner leaves behind, down the whole chain', async () => {
    const owner = await create('a-owner');
    const child = await create('b-child', [ownedBy(owner)]);
    await create('c-grandchild', [ownedBy(child)]);
    await create('d-stranger');
    await cluster.settle();
    expect(await names()).toEqual(['a-owner', 'b-child', 'c-grandchild', 'd-stranger']);

    await configMaps().delete('a-owner', { propagationPolicy: 'Background' });
    await cluster.until(has('d-stranger'));
  });

  it('deletes an object whose owner never was, or had another uid', async () => {
    const owner = await create('owner');
    await create('dangling', [{ ...ownedBy(owner), name: 'never', uid: 'no-such-uid' }]);
    await create('mistaken', [{ ...ownedBy(owner), uid: 'an-older-uid' }]);
    await cluster.until(has('owner'));
  });

  it('keeps an object while one owner lives, and takes the lost one off it', async () => {
    const [first, second] = [await create('first'), await create('second')];
    await create('shared', [ownedBy(first), ownedBy(second)]);
    await cluster.settle();
    await configMaps().delete('first', { propagationPolicy: 'Background' });
    await cluster.until(async () => (await ownerUids('shared')).length === 1);
    expect(await ownerUids('shared')).toEqual([second.metadata.uid]);
  });

  it('holds an owner in foreground deletion until blocking dependents are gone', async () => {
    const owner = await create('owner');
    await create('slow', [ownedBy(owner, true)], ['example.com/hold']);
    await cluster.settle();
    await configMaps().delete('owner', { propagationPolicy: 'Foreground' });
    await cluster.until(async () => Boolean((await configMaps().get('slow')).metadata.deletionTimestamp));
    expect(await names()).toEqual(['owner', 'slow']);

    await configMaps().patch('slow', { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.until(has());
  });

  it('lets an owner go when a dependent no longer blocks it, or no longer names it', async () => {
    const owner = await create('owner');
    await create('unblocked', [ownedBy(owner, true)], ['example.com/hold']);
    await create('disowned', [ownedBy(owner, true)], ['example.com/hold']);
    await cluster.settle();
    await configMaps().delete('owner', { propagationPolicy: 'Foreground' });
    const deleting = async (name: string) =>
      Boolean((await configMaps().get(name)).metadata.deletionTimestamp);
    await cluster.until(async () => (await deleting('unblocked')) && (await deleting('disowned')));
    const refer = (name: string, ownerReferences: readonly OwnerReference[]) =>
      configMaps().patch(name, { type: 'merge', body: { metadata: { ownerReferences } } });
    await refer('unblocked', [ownedBy(owner)]);
    await cluster.settle();
    expect(await names()).toEqual(['disowned', 'owner', 'unblocked']);
    await refer('disowned', []);
    await cluster.until(has('disowned', 'unblocked'));
  });

  it('breaks a circle of owners that would wait for each other', async () => {
    const [first, second, third] = [await create('first'), await create('second'), await create('third')];
    const own = (name: string, owner: KubeObject) =>
      configMaps().patch(name, {
        type: 'merge',
        body: { metadata: { ownerReferences: [ownedBy(owner, true)] } },
      });
    await own('first', third);
    await own('second', first);
    await own('third', second);
    await create('stranger');
    await cluster.settle();
    expect(await names()).toEqual(['first', 'second', 'stranger', 'third']);

    await configMaps().delete('first', { propagationPolicy: 'Foreground' });
    await cluster.until(has('stranger'));
  });

  it('does not wait in the foreground for dependents that do not block, but deletes them', async () => {
    const owner = await create('owner');
    await create('slow', [ownedBy(owner)], ['example.com/hold']);
    await cluster.settle();
    await configMaps().delete('owner', { propagationPolicy: 'Foreground' });
    await cluster.until(has('slow'));
    await cluster.until(async () => Boolean((await configMaps().get('slow')).metadata.deletionTimestamp));
  });

  it('orphans dependents before it lets their owner go', async () => {
    const owner = await create('owner');
    await create('orphan', [ownedBy(owner, true)]);
    await cluster.settle();
    await configMaps().delete('owner', { propagationPolicy: 'Orphan' });
    await cluster.until(has('orphan'));
    await cluster.settle();
    expect(await ownerUids('orphan')).toEqual([]);
    expect(await names()).toEqual(['orphan']);
  });

  it('takes an owner in another namespace for absent, and says so', async () => {
    await cluster.client.resource(Namespace).create(namespaceNamed('elsewhere'));
    const owner = await cluster.client
      .resource(ConfigMap)
      .namespace('elsewhere')
      .create({ metadata: { name: 'owner', namespace: 'elsewhere' } });
    await cluster.settle();
    await create('child', [ownedBy(owner)]);
    await cluster.until(has());
    await cluster.until(async () => (await cluster.events('child')).length > 0);
    expect(await cluster.events('child')).toEqual([
      `Warning OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: ${owner.metadata.uid}] does not exist in namespace "default"`,
    ]);
  });

  it.each<[string, Partial<OwnerReference>, kept: boolean]>([
    ['as it is', {}, true],
    ['by another name', { name: 'other' }, false],
    ['as another kind', { kind: 'Secret' }, false],
    ['as another kind, by another name', { kind: 'Secret', name: 'other' }, false],
    ['as a kind that is not served', { apiVersion: 'extensions/v1beta1' }, true],
    ['as a cluster-wide kind', { kind: 'Namespace' }, false],
  ])('a reference that names its owner %s holds: %j, %s', async (_title, wrong, kept) => {
    const owner = await create('owner');
    await create('child', [{ ...ownedBy(owner), ...wrong }]);
    await create('good', [ownedBy(owner)]);
    await cluster.until(has(...(kept ? ['child'] : []), 'good', 'owner'));
    await cluster.settle();
    expect(await names()).toEqual([...(kept ? ['child'] : []), 'good', 'owner']);
  });

  it('tells of a cluster-wide object that names a namespaced owner, and leaves it alone', async () => {
    const owner = await create('owner');
    await cluster.settle();
    await cluster.client
      .resource(Namespace)
      .create({ metadata: { name: 'child', ownerReferences: [ownedBy(owner)] } });
    await cluster.until(async () => (await cluster.events('child')).length > 0);
    expect(await cluster.events('child')).toEqual([
      `Warning OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, namespace: , name: owner, uid: ${owner.metadata.uid}] does not exist in namespace ""`,
    ]);
    expect(
      (await cluster.client.resource(Namespace).get('child')).metadata.deletionTimestamp,
    ).toBeUndefined();
  });

  it('deletes in the foreground what waits with its owner, though it was to be orphaned', async () => {
    const owner = await create('owner');
    const child = await create('child', [ownedBy(owner, true)]);
    await create('grandchild', [ownedBy(child, true)]);
    await cluster.settle();
    await configMaps().delete('owner', { propagationPolicy: 'Foreground' });
    await cluster.until(has());
  });

  it('leaves alone what is owned by a kind that is not served', async () => {
    await create('kept', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w-uid' }]);
    await create('lost', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'w', uid: 'w-uid-2' }]);
    await cluster.until(has('kept'));
  });

  it('takes nothing off an object as long as one of its owners is of a kind that is not served', async () => {
    const owners = [
      { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w-uid' },
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone-uid' },
    ];
    await create('child', owners);
    await create('lost', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone-uid' }]);
    await cluster.until(has('child'));
    expect(await ownerUids('child')).toEqual(['w-uid', 'gone-uid']);
  });
});

describe('garbage-collector-controller, when an object changes while its owners are looked for', () => {
  const gone = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone-uid' };

  /** A collector that finds out about the owner `gone` only after `child` was patched. */
  async function patchedMeanwhile(body: object): Promise<void> {
    await cluster.stop();
    let patched = false;
    cluster = await startCluster({
      transport: (real) =>
        new Proxy(real, {
          get(target, property: keyof Transport) {
            if (property !== 'get') return target[property];
            return async (...args: Parameters<Transport['get']>) => {
              if (args[0].name === 'gone' && !patched) {
                patched = true;
                await configMaps().patch('child', { type: 'merge', body });
              }
              return target.get(...args);
            };
          },
        }),
    });
    await create('child', [gone]);
    cluster.run((deps) => createGarbageCollector({ resources: () => types }, deps));
    await cluster.until(() => patched);
    await cluster.settle();
  }

  it('leaves what nobody owns any more', async () => {
    await patchedMeanwhile({ metadata: { ownerReferences: null } });
    expect(await names()).toEqual(['child']);
  });

  it('deletes it all the same after a change that has nothing to do with owners', async () => {
    await patchedMeanwhile({ data: { changed: 'yes' } });
    await cluster.until(has());
  });
});

describe('garbage-collector-controller and a kind that is served later', () => {
  it('looks again at what its objects own', async () => {
    let served: readonly ResourceType[] = [ConfigMap, CustomResourceDefinition];
    await cluster.stop();
    cluster = await startCluster();
    cluster.run((deps) => createGarbageCollector({ resources: () => served }, deps));
    await create('child', [{ apiVersion: 'v1', kind: 'Secret', name: 'gone', uid: 'gone-uid' }]);
    await cluster.settle();
    expect(await names()).toEqual(['child']);
    served = [...served, Secret];
    await cluster.client.resource(CustomResourceDefinition).create({
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        names: { plural: 'widgets', kind: 'Widget' },
        scope: 'Namespaced',
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    } as CustomResourceDefinition);
    await cluster.until(has());
  });
});
