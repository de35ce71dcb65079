import { afterEach, describe, expect, it } from 'vitest';
import { Pod, type PodResourceClaim } from '@drydock/api/core/v1';
import { claimFinalizer } from '@drydock/api/resource-claims';
import { ResourceClaim, ResourceClaimTemplate, type ResourceClaimStatus } from '@drydock/api/resource/v1';
import { formatTime } from '@drydock/base/apimachinery';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { generateNameFor } from './generated-claim.ts';
import { createResourceClaimController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const named = (name: string) => ({ name, namespace: 'default' });
const spec = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } };
const pods = () => cluster.client.resource(Pod).namespace('default');
const claims = () => cluster.client.resource(ResourceClaim).namespace('default');
const template = (name: string, metadata: object = {}) =>
  cluster.client.resource(ResourceClaimTemplate).create({ metadata: named(name), spec: { metadata, spec } });
const make = (name: string, resourceClaims: PodResourceClaim[], nodeName?: string) =>
  pods().create({
    metadata: named(name),
    spec: { ...podTemplate({}).spec, resourceClaims, ...(nodeName === undefined ? {} : { nodeName }) },
  });
const own = { name: 'own', resourceClaimTemplateName: 't' };
const all = () => cluster.list(ResourceClaim);
const statuses = async (name: string) => (await pods().get(name)).status?.resourceClaimStatuses;
const allocation = {
  devices: { results: [{ request: 'r', driver: 'gpu.example.com', pool: 'p', device: 'd1' }] },
};

/** What the scheduler does with a claim. */
async function allocate(name: string, ...users: Pod[]): Promise<ResourceClaim> {
  const claim = await claims().get(name);
  const protectedClaim = await claims().update({
    ...claim,
    metadata: { ...claim.metadata, finalizers: [claimFinalizer] },
  });
  const reservedFor = users.map(({ metadata }) => ({
    resource: 'pods',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
  }));
  const status: ResourceClaimStatus = { allocation, ...(users.length > 0 ? { reservedFor } : {}) };
  return claims().updateStatus({ ...protectedClaim, status });
}
const end = (name: string, phase: string) =>
  pods().patch(
    name,
    { type: 'merge', body: { status: { phase, startTime: formatTime(cluster.clock.now()) } } },
    { subresource: 'status' },
  );
const usersOf = async (name: string) =>
  (await claims().get(name)).status?.reservedFor?.map((user) => user.name) ?? [];

describe('resourceclaim-controller', () => {
  it('makes a claim of a template, the Pod’s own, and tells the Pod its name', async () => {
    cluster = await startCluster();
    cluster.run(createResourceClaimController);
    await template('t', { labels: { a: 'b' }, annotations: { c: 'd' } });
    const pod = await make('web', [own, { name: 'shared', resourceClaimName: 'common' }]);
    await cluster.until(async () => (await statuses('web')) !== undefined);
    const [claim] = await all();
    expect(claim?.metadata).toMatchObject({
      name: expect.stringMatching(/^web-own-.{5}$/) as string,
      labels: { a: 'b' },
      annotations: { c: 'd', 'resource.kubernetes.io/pod-claim-name': 'own' },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          name: 'web',
          uid: pod.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
    expect(claim?.spec?.devices?.requests?.[0]?.exactly).toMatchObject({
      deviceClassName: 'gpu',
      allocationMode: 'ExactCount',
      count: 1,
    });
    expect(await statuses('web')).toEqual([{ name: 'own', resourceClaimName: claim?.metadata.name }]);
    expect(await all()).toHaveLength(1);
    expect(cluster.errors).toEqual([]);
  });

  it('tells why there is no claim, and makes it when there can be one', async () => {
    cluster = await startCluster();
    cluster.run(createResourceClaimController);
    await make('web', [own]);
    await cluster.settle();
    expect((await cluster.events('web'))[0]).toMatch(
      /^Warning FailedResourceClaimCreation PodResourceClaim own: resource claim template "t": resourceclaimtemplate\.resource\.k8s\.io "t" not found/,
    );
    await template('t');
    await cluster.until(async () => (await statuses('web')) !== undefined);
    expect(await all()).toHaveLength(1);
  });

  it('makes a claim anew that was deleted, and takes one for its own that nobody told the Pod of', async () => {
    cluster = await startCluster();
    const stop = cluster.run(createResourceClaimController);
    await template('t');
    await make('web', [own]);
    await cluster.until(async () => (await statuses('web')) !== undefined);
    const [first] = await all();
    await claims().delete(first?.metadata.name ?? '');
    await cluster.until(async () => (await all()).length === 1);
    const [second] = await all();
    await cluster.until(
      async () => (await statuses('web'))?.[0]?.resourceClaimName === second?.metadata.name,
    );
    await stop();
    await pods().patch(
      'web',
      { type: 'merge', body: { status: { resourceClaimStatuses: null } } },
      { subresource: 'status' },
    );
    cluster.run(createResourceClaimController);
    await cluster.until(async () => (await statuses('web')) !== undefined);
    expect((await all()).map(({ metadata }) => metadata.uid)).toEqual([second?.metadata.uid]);
  });

  it('gives devices back when the last user has ended, and removes what was made for it', async () => {
    cluster = await startCluster();
    cluster.run(createResourceClaimController);
    await template('t');
    await claims().create({ metadata: named('common'), spec });
    const shared = { name: 'shared', resourceClaimName: 'common' };
    const a = await make('a', [own, shared], 'node-1');
    const b = await make('b', [shared], 'node-1');
    await cluster.until(async () => (await statuses('a')) !== undefined);
    const generated = (await statuses('a'))?.[0]?.resourceClaimName ?? '';
    await allocate('common', a, b);
    await allocate(generated, a);
    await end('a', 'Succeeded');
    await cluster.until(async () => (await all()).length === 1);
    await cluster.clock.advance(60_000);
    expect((await all()).map(({ metadata }) => metadata.name)).toEqual(['common']);
    expect(await usersOf('common')).toEqual(['b']);
    expect((await claims().get('common')).status?.allocation).toBeDefined();
    await end('b', 'Failed');
    await cluster.until(async () => (await usersOf('common')).length === 0);
    await cluster.settle();
    const { metadata, status } = await claims().get('common');
    expect(status?.allocation).toBeUndefined();
    expect(metadata.finalizers).toBeUndefined();
    expect(cluster.errors).toEqual([]);
  });

  it('removes the claim that stands for the extended resources of a Pod that has ended', async () => {
    cluster = await startCluster();
    cluster.run(createResourceClaimController);
    const pod = await pods().create({ metadata: named('web'), spec: podTemplate({}).spec ?? {} } as never);
    const owner = {
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'web',
      uid: pod.metadata.uid ?? '',
      controller: true,
    };
    await claims().create({ metadata: { ...named('extended'), ownerReferences: [owner] }, spec });
    await allocate('extended', pod);
    const extendedResourceClaimStatus = { resourceClaimName: 'extended', requestMappings: [] };
    await pods().patch(
      'web',
      { type: 'merge', body: { status: { extendedResourceClaimStatus } } },
      { subresource: 'status' },
    );
    await cluster.settle();
    expect(await usersOf('extended')).toEqual(['web']);
    await end('web', 'Succeeded');
    await cluster.until(async () => (await all()).length === 0);
    expect(cluster.errors).toEqual([]);
  });

  it('takes away users that are gone or were replaced while it was away', async () => {
    cluster = await startCluster();
    await claims().create({ metadata: named('common'), spec });
    const shared = { name: 'shared', resourceClaimName: 'common' };
    const [kept, gone, old] = await Promise.all(['kept', 'gone', 'old'].map((name) => make(name, [shared])));
    await allocate('common', kept!, gone!, old!);
    await pods().delete('gone', { gracePeriodSeconds: 0 });
    await pods().delete('old', { gracePeriodSeconds: 0 });
    await make('old', [shared]);
    cluster.run(createResourceClaimController);
    await cluster.until(async () => String(await usersOf('common')) === 'kept');
    expect((await claims().get('common')).status?.allocation).toBeDefined();
  });

  it('lets a deleted claim go that nobody uses', async () => {
    cluster = await startCluster();
    cluster.run(createResourceClaimController);
    await claims().create({ metadata: named('common'), spec });
    await allocate('common');
    await cluster.settle();
    expect((await claims().get('common')).status?.allocation).toBeDefined();
    await claims().delete('common');
    await cluster.until(async () => (await all()).length === 0);
  });

  it('notes a Pod as a user that somebody else put on its node', async () => {
    cluster = await startCluster();
    cluster.run(createResourceClaimController);
    await claims().create({ metadata: named('common'), spec });
    await allocate('common');
    await make('a', [{ name: 'shared', resourceClaimName: 'common' }]);
    await cluster.settle();
    expect(await usersOf('common')).toEqual([]);
    await make('b', [{ name: 'shared', resourceClaimName: 'common' }], 'node-1');
    await cluster.until(async () => String(await usersOf('common')) === 'b');
  });

  it('removes the claim of a Pod that is deleted before it has a node', async () => {
    cluster = await startCluster();
    cluster.run(createResourceClaimController);
    await template('t');
    await pods().create({
      metadata: { ...named('web'), finalizers: ['example.com/stay'] },
      spec: { ...podTemplate({}).spec, resourceClaims: [own] },
    });
    await cluster.until(async () => (await all()).length === 1);
    await pods().delete('web');
    await cluster.until(async () => (await all()).length === 0);
  });
});

describe('the name of a generated claim', () => {
  it.each([
    ['web', 'own', 'web-own-'],
    ['p'.repeat(40), 'c'.repeat(20), `${'p'.repeat(36)}-${'c'.repeat(18)}`],
  ])('of %s and %s begins with %s', (pod, claim, expected) => {
    expect(generateNameFor(pod, claim)).toBe(expected);
  });
});
