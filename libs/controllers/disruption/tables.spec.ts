import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deployment, ReplicaSet, StatefulSet } from '@drydock/api/apps/v1';
import { Pod, ReplicationController } from '@drydock/api/core/v1';
import { PodDisruptionBudget } from '@drydock/api/policy/v1';
import { formatTime, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import { createStage, type Stage } from '../shared/stage.spec-support.ts';
import { createDisruptionController } from './index.ts';

// The facts of kube-controller-manager's own tests of what a budget allows as Pods and their controllers come and change.

const startMs = Date.parse('2026-03-01T00:00:00Z');
const custom: ResourceType = {
  group: 'custom.k8s.io',
  version: 'v1',
  kind: 'customresource',
  resource: 'customresources',
  namespaced: true,
};
let stage: Stage;
beforeEach(() => {
  stage = createStage({ startMs });
});
afterEach(() => stage.stop());

interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}
const uidOf = ({ kind, name }: Owner) => `${kind}-${name}`;
const [rs, rc, ss, deployment] = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs' },
  { apiVersion: 'v1', kind: 'ReplicationController', name: 'rc' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'ss' },
  { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
] as const;
const reference = (owner: Owner) => ({ ...owner, uid: uidOf(owner), controller: true });
const put = (type: ResourceType, owner: Owner, replicas: number | undefined, above?: Owner) =>
  stage.put(type, {
    metadata: {
      name: owner.name,
      namespace: 'default',
      uid: uidOf(owner),
      ownerReferences: above === undefined ? [] : [reference(above)],
    },
    spec: { replicas },
  } as unknown as KubeObject);
const pod = (name: string, owner?: Owner, ready = true, metadata: object = {}) =>
  stage.put(Pod, {
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      labels: { foo: 'bar' },
      ownerReferences: owner === undefined ? [] : [reference(owner)],
      ...metadata,
    },
    spec: { containers: [] },
    status: { phase: 'Running', conditions: ready ? [{ type: 'Ready', status: 'True' }] : [] },
  } as Pod);
async function budget(spec: object, status: object = {}): Promise<void> {
  stage.put(PodDisruptionBudget, {
    metadata: { name: 'b', namespace: 'default', uid: 'b' },
    spec: { selector: { matchLabels: { foo: 'bar' } }, ...spec },
    status,
  } as PodDisruptionBudget);
  await stage.play((deps) => createDisruptionController({ resources: () => [custom] }, deps));
}
const written = () => (stage.writes.at(-1)?.body as PodDisruptionBudget | undefined)?.status;
/** Allowed, healthy, wanted healthy and expected. */
async function counts() {
  await stage.settle();
  const { disruptionsAllowed, currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = written() ?? {};
  return [disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods];
}

describe('a number that must be available', () => {
  it('is counted up as Pods come, and down as one is not ready', async () => {
    await budget({ minAvailable: 3 });
    for (let at = 0; at < 4; at++) {
      expect(await counts()).toEqual([0, at, 3, at]);
      pod(`p${at}`);
    }
    expect(await counts()).toEqual([1, 4, 3, 4]);
    pod('p0', undefined, false);
    expect(await counts()).toEqual([0, 3, 3, 4]);
  });

  it('counts all Pods where the selector is empty', async () => {
    await budget({ minAvailable: 3, selector: {} });
    expect(await counts()).toEqual([0, 0, 3, 0]);
    pod('p');
    expect(await counts()).toEqual([0, 1, 3, 1]);
  });
});

it.each([
  ['a number that may be unavailable', { maxUnavailable: 1 }],
  ['a share that must be available', { minAvailable: '28%' }],
])('%s allows nothing for Pods without controller', async (_title, spec) => {
  await budget(spec);
  expect((await counts())[0]).toBe(0);
  pod('naked');
  expect((await counts())[0]).toBe(0);
  expect(stage.events.some((event) => event.startsWith('Warning UnmanagedPods '))).toBe(true);
});

it.each<[object, [replicas: number, counts: number[]][]]>([
  [
    { maxUnavailable: 2 },
    [
      [7, [0, 1, 5, 7]],
      [5, [0, 1, 3, 5]],
    ],
  ],
  [
    { maxUnavailable: '30%' },
    [
      [7, [0, 1, 4, 7]],
      [3, [0, 1, 2, 3]],
    ],
  ],
  [{ minAvailable: '20%' }, [[10, [0, 1, 2, 10]]]],
])('%j is worked out of what a ReplicaSet wants', async (spec, steps) => {
  await budget(spec);
  for (const [replicas, expected] of steps) {
    put(ReplicaSet, rs, replicas);
    pod('pod', rs);
    expect(await counts()).toEqual(expected);
  }
});

it.each<[string, ResourceType, Owner]>([
  ['ReplicationController', ReplicationController, rc],
  ['StatefulSet', StatefulSet, ss],
])('a share is worked out of what a %s wants, once there are Pods', async (_kind, type, owner) => {
  await budget({ minAvailable: '34%' });
  put(type, owner, 3);
  expect(await counts()).toEqual([0, 0, 0, 0]);
  for (let at = 0; at < 3; at++) {
    pod(`p${at}`, owner);
    expect(await counts()).toEqual([at === 2 ? 1 : 0, at + 1, 2, 3]);
  }
  pod('rogue');
  expect(stage.errors).toEqual([]);
});

it('a share of two collections', async () => {
  const [size, one, two] = [11, 4, 7];
  await budget({ minAvailable: '28%' });
  put(ReplicationController, rc, size);
  expect(await counts()).toEqual([0, 0, 0, 0]);
  let unready = size - one - 1;
  for (let at = 1; at <= size; at++) {
    pod(`quux-${at}`, rc, at > unready);
    const healthy = Math.max(0, at - unready);
    expect(await counts()).toEqual([Math.max(0, healthy - one), healthy, one, size]);
  }
  put(Deployment, deployment, size);
  put(ReplicaSet, rs, size, deployment);
  expect(await counts()).toEqual([1, one + 1, one, size]);
  unready = 2 * size - (two + 2) - unready;
  for (let at = 1; at <= size; at++) {
    pod(`quuux-${at}`, rs, at > unready);
    const healthy = one + 1 + Math.max(0, at - unready);
    expect(await counts()).toEqual([Math.max(0, healthy - two), healthy, two, 2 * size]);
  }
  for (const [name, ready, allowed] of [
    [`quux-${size}`, false, 1],
    [`quux-${size - 1}`, false, 0],
    [`quux-${size}`, true, 1],
  ] as const) {
    pod(name, rc, ready);
    expect(await counts()).toEqual([allowed, two + allowed, two, 2 * size]);
  }
});

it('a share of what anything that can be scaled wants', async () => {
  const owner = { apiVersion: 'custom.k8s.io/v1', kind: 'customresource', name: 'own' };
  stage.live(custom, 'own', {
    metadata: { name: 'own', uid: uidOf(owner) },
    spec: { replicas: 10 },
  } as KubeObject);
  for (let at = 0; at < 4; at++) pod(`p${at}`, owner);
  await budget({ maxUnavailable: 5 });
  expect(await counts()).toEqual([0, 4, 5, 10]);
});

it('more healthy Pods than their controller wants', async () => {
  await budget({ minAvailable: '1%' });
  for (const name of ['p0', 'p1']) pod(name);
  expect((await counts())[0]).toBe(0);
  put(ReplicationController, rc, 1);
  for (const name of ['p0', 'p1']) pod(name, rc);
  expect((await counts())[0]).toBe(1);
});

it('evictions that were granted are struck when they come, and when they do not', async () => {
  const ago = (seconds: number) => formatTime(startMs - seconds * 1000);
  pod('p1', undefined, true, { deletionTimestamp: ago(0) });
  for (const name of ['p2', 'p3']) pod(name);
  const disruptedPods = { p1: ago(0), p2: ago(300), p3: ago(0), notthere: ago(0) };
  await budget({ minAvailable: 1 }, { disruptedPods });
  expect(await counts()).toEqual([0, 1, 1, 3]);
  expect(written()?.disruptedPods).toEqual({ p3: ago(0) });
});

describe('who wants how many', () => {
  const above = (owner: Owner, apiVersion: string) => ({ ...owner, apiVersion });
  it.each<[string, () => void, Owner, expected: number | 'nobody']>([
    ['a ReplicaSet', () => put(ReplicaSet, rs, 10), rs, 10],
    ['a ReplicaSet by another version', () => put(ReplicaSet, rs, 10), above(rs, 'apps/v1beta2'), 10],
    [
      'a ReplicaSet by the group that it was in',
      () => put(ReplicaSet, rs, 10),
      above(rs, 'extensions/v1beta1'),
      10,
    ],
    ['a ReplicaSet that says nothing', () => put(ReplicaSet, rs, undefined), rs, 1],
    ['a ReplicaSet of another group', () => put(ReplicaSet, rs, 10), above(rs, 'other/v1'), 'nobody'],
    ['a ReplicaSet that is gone', () => undefined, rs, 'nobody'],
    ['a StatefulSet', () => put(StatefulSet, ss, 4), ss, 4],
    ['a StatefulSet of another group', () => put(StatefulSet, ss, 4), above(ss, 'other/v1'), 'nobody'],
    ['a ReplicationController', () => put(ReplicationController, rc, 6), rc, 6],
    [
      'a ReplicationController of a group',
      () => put(ReplicationController, rc, 6),
      above(rc, 'apps/v1'),
      'nobody',
    ],
    [
      'a Deployment above',
      () => {
        put(Deployment, deployment, 12);
        put(ReplicaSet, rs, 10, deployment);
      },
      rs,
      12,
    ],
    [
      'a ReplicaSet whose Deployment is of another group',
      () => {
        put(Deployment, deployment, 12);
        put(ReplicaSet, rs, 10, above(deployment, 'other/v1'));
      },
      rs,
      10,
    ],
    ['a ReplicaSet whose Deployment is gone', () => put(ReplicaSet, rs, 10, deployment), rs, 10],
  ])('%s', async (_title, prepare, owner, expected) => {
    prepare();
    pod('p', owner);
    await budget({ maxUnavailable: 1 });
    await stage.settle();
    if (expected === 'nobody') {
      expect(written()?.conditions).toMatchObject([{ reason: 'SyncFailed', status: 'False' }]);
      expect(stage.events[0]).toMatch(/^Warning CalculateExpectedPodCountFailed /);
    } else expect(written()?.expectedPods).toBe(expected);
  });
});
