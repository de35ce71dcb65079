import type { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import type { CSINode } from '@drydock/api/storage/v1';
import { describe, expect, it } from 'vitest';
import type { CycleState } from '../framework/index.ts';
import { filterAll, info, nodeWith, snapshot } from '../framework/testing.spec-support.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';
import { bound, claim, later, listers, onNode, user, volume, type World } from './volumes.spec-support.ts';

describe('VolumeBinding', () => {
  const done: string[] = [];
  const actions = {
    bindVolume: (pv: PersistentVolume, pvc: PersistentVolumeClaim) =>
      Promise.resolve(void done.push(`${pv.metadata.name ?? ''} to ${pvc.metadata.name ?? ''}`)),
    selectNode: (pvc: PersistentVolumeClaim, name: string) =>
      Promise.resolve(void done.push(`${pvc.metadata.name ?? ''} at ${name}`)),
    untilBound: () => Promise.resolve(),
  };
  const verdict = (world: World, ...names: string[]) =>
    filterAll(volumeBinding({}, listers(world), actions), user(...names), [nodeWith('a'), nodeWith('b')]);

  it('says what is wrong with a claim', () => {
    expect(verdict({}, 'c')['a']).toBe('persistentvolumeclaim "c" not found');
    expect(verdict({ claims: [claim('c')] }, 'c')['a']).toBe(
      'pod has unbound immediate PersistentVolumeClaims',
    );
    const lost = { ...claim('c', { volumeName: 'v' }), status: { phase: 'Lost' } } as PersistentVolumeClaim;
    expect(verdict({ claims: [lost] }, 'c')['a']).toBe(
      'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
    );
  });

  it('goes where bound volumes are', () => {
    const claims = [claim('c', { volumeName: 'v' }, bound)];
    expect(verdict({ claims, volumes: [volume('v', onNode('a'))] }, 'c')).toEqual({
      a: 'ok',
      b: "node(s) didn't match PersistentVolume's node affinity",
    });
    expect(verdict({ claims }, 'c')['a']).toBe(
      'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
    );
  });

  it('matches waiting claims with volumes of the node, or has them made where their class may', async () => {
    const claims = [claim('c', { storageClassName: 'later' })];
    const volumes = [volume('v', { storageClassName: 'later', ...onNode('a') })];
    const fixed = { claims, volumes, classes: [later('kubernetes.io/no-provisioner')] };
    expect(verdict(fixed, 'c')).toEqual({
      a: 'ok',
      b: "node(s) didn't find available persistent volumes to bind",
    });
    expect(verdict({ ...fixed, classes: [later('csi.example')] }, 'c')).toEqual({ a: 'ok', b: 'ok' });
    const plugin = volumeBinding({}, listers({ ...fixed, classes: [later('csi.example')] }), actions);
    for (const name of ['a', 'b']) {
      const state: CycleState = new Map();
      const target = nodeWith(name);
      plugin.preFilter?.(state, user('c'), snapshot([target]));
      plugin.filter?.(state, user('c'), target);
      expect(plugin.reserve?.(state, user('c'), target)).toBeUndefined();
      expect(await plugin.preBind?.(state, user('c'), target)).toBeUndefined();
      plugin.unreserve?.(state, user('c'), target);
    }
    expect(done).toEqual(['v to c', 'c at b']);
  });

  it('does not promise one volume twice', () => {
    const claims = ['c', 'd'].map((name) => claim(name, { storageClassName: 'later' }));
    const volumes = [volume('v', { storageClassName: 'later' })];
    const world = { claims, volumes, classes: [later('kubernetes.io/no-provisioner')] };
    expect(verdict(world, 'c', 'd')['a']).toBe("node(s) didn't find available persistent volumes to bind");
    const plugin = volumeBinding({}, listers(world), actions);
    const state: CycleState = new Map();
    const target = nodeWith('a');
    plugin.preFilter?.(state, user('c'), snapshot([target]));
    plugin.filter?.(state, user('c'), target);
    plugin.reserve?.(state, user('c'), target);
    expect(filterAll(plugin, user('d'), [target])['a']).toBe(
      "node(s) didn't find available persistent volumes to bind",
    );
    plugin.unreserve?.(state, user('c'), target);
    expect(filterAll(plugin, user('d'), [target])['a']).toBe('ok');
  });
});

describe('VolumeZone', () => {
  it('keeps Pods in the zone of their volume', () => {
    const world = {
      claims: [claim('c', { volumeName: 'v' }, bound)],
      volumes: [volume('v', {}, { 'topology.kubernetes.io/zone': 'z1__z2' })],
    };
    const zoned = (name: string, zone: string) =>
      nodeWith(name, { labels: { 'topology.kubernetes.io/zone': zone } });
    expect(
      filterAll(volumeZone(listers(world)), user('c'), [
        zoned('a', 'z1'),
        zoned('b', 'z3'),
        nodeWith('plain'),
      ]),
    ).toEqual({ a: 'ok', b: 'node(s) had no available volume zone', plain: 'ok' });
  });
});

describe('VolumeRestrictions', () => {
  it('gives a ReadWriteOncePod claim to one Pod', () => {
    const plugin = volumeRestrictions(
      listers({ claims: [claim('c', { accessModes: ['ReadWriteOncePod'] })] }),
    );
    expect(filterAll(plugin, user('c'), [nodeWith('a', { pods: [user('c')] })])['a']).toBe(
      'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
    );
    expect(filterAll(plugin, user('c'), [nodeWith('a')])['a']).toBe('ok');
  });

  it.each([
    [true, true, 'ok'],
    [true, false, 'node(s) had no available disk'],
  ])('shares a disk only among readers (%s, %s)', (first, second, expected) => {
    const disk = (readOnly: boolean) =>
      info({ spec: { volumes: [{ name: 'd', gcePersistentDisk: { pdName: 'foo', readOnly } }] } });
    expect(
      filterAll(volumeRestrictions(listers({})), disk(second), [nodeWith('a', { pods: [disk(first)] })])['a'],
    ).toBe(expected);
  });
});

describe('NodeVolumeLimits', () => {
  it('counts the volumes of each driver', () => {
    const names = ['c1', 'c2', 'c3'];
    const world = {
      claims: names.map((name) => claim(name, { volumeName: `v-${name}` }, bound)),
      volumes: names.map((name) => volume(`v-${name}`, { csi: { driver: 'd', volumeHandle: name } })),
      csiNodes: [
        {
          metadata: { name: 'a' },
          spec: { drivers: [{ name: 'd', nodeID: 'a', allocatable: { count: 2 } }] },
        } as CSINode,
      ],
    };
    const plugin = nodeVolumeLimits(listers(world));
    const busy = nodeWith('a', { pods: [user('c1'), user('c2')] });
    expect(filterAll(plugin, user('c3'), [busy])['a']).toBe('node(s) exceed max volume count');
    expect(filterAll(plugin, user('c2'), [busy])['a']).toBe('ok');
  });
});
