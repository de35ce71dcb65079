import type { Container } from '@drydock/api/core/v1';
import type { DeviceClass } from '@drydock/api/resource/v1';
import { describe, expect, it } from 'vitest';
import { info, isTriedAfter, nodeWith, pod, scoreAll, verdict } from '../framework/testing.spec-support.ts';
import {
  classOfResource,
  devicesAsResources,
  devicesOf,
  isExtended,
  mayBeDevices,
  type DevicesAsResources,
} from './extended-resources.ts';
import { nodeResourcesFit } from './node-resources.ts';

// The facts of kube-scheduler's own tables about extended resources that stand for devices (KEP-5004).

const deviceClass = (
  name: string,
  extendedResourceName?: string,
  creationTimestamp = '2026-01-01T00:00:00Z',
) =>
  ({
    metadata: { name, creationTimestamp },
    spec: extendedResourceName === undefined ? {} : { extendedResourceName },
  }) as DeviceClass;

describe('the class of a resource', () => {
  it.each<[string, DeviceClass[], string, string | undefined]>([
    ['is the one that names it', [deviceClass('a', 'x/y'), deviceClass('b')], 'x/y', 'a'],
    ['is the one that it names', [deviceClass('a', 'x/y')], 'deviceclass.resource.kubernetes.io/a', 'a'],
    [
      'is the newest of several',
      [deviceClass('a', 'x/y'), deviceClass('b', 'x/y', '2026-02-01T00:00:00Z')],
      'x/y',
      'b',
    ],
    [
      'is the first by name of those made at once',
      [deviceClass('b', 'x/y'), deviceClass('a', 'x/y')],
      'x/y',
      'a',
    ],
    ['is none that names another', [deviceClass('a', 'x/z')], 'x/y', undefined],
  ])('%s', (_, classes, resource, expected) => {
    expect(classOfResource(resource, classes)?.metadata.name).toBe(expected);
  });

  it.each<[string, boolean, boolean]>([
    ['cpu', false, false],
    ['hugepages-2Mi', false, false],
    ['example.com/gpu', true, true],
    ['requests.example.com/gpu', false, false],
    ['a.kubernetes.io/b', false, false],
    ['deviceclass.resource.kubernetes.io/gpu', false, true],
  ])('%s is extended: %s; may be devices: %s', (resource, extended, devices) => {
    expect(isExtended(resource)).toBe(extended);
    expect(mayBeDevices(resource)).toBe(devices);
  });
});

describe('the devices of a Pod', () => {
  const classOf = (resource: string) =>
    ({ 'x/gpu': deviceClass('gpu'), 'x/nic': deviceClass('nic') })[resource];
  const container = (name: string, requests: Record<string, string>, restartPolicy?: string): Container => ({
    name,
    resources: { requests },
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });
  const gpus = (count: number) => ({ 'x/gpu': String(count) });
  const sidecar = 'Always';
  it.each<[string, Container[], Container[], string[], string[]]>([
    [
      'one container',
      [],
      [container('a', gpus(2))],
      ['container-0-request-0 gpu 2'],
      ['a container-0-request-0'],
    ],
    [
      'several containers have their own',
      [],
      [container('a', gpus(2)), container('b', gpus(1))],
      ['container-0-request-0 gpu 2', 'container-1-request-0 gpu 1'],
      ['a container-0-request-0', 'b container-1-request-0'],
    ],
    [
      'several resources of one',
      [],
      [container('a', { ...gpus(1), cpu: '1', 'x/nic': '2' })],
      ['container-0-request-1 gpu 1', 'container-0-request-2 nic 2'],
      ['a container-0-request-1', 'a container-0-request-2'],
    ],
    ['none of it', [], [container('a', { cpu: '1' })], [], []],
    ['none, by number', [], [container('a', gpus(0))], [], []],
    [
      'one that starts first has those of the next',
      [container('i', gpus(2))],
      [container('a', gpus(2))],
      ['container-1-request-0 gpu 2'],
      ['a container-1-request-0', 'i container-1-request-0'],
    ],
    [
      'one that starts first has more than the next',
      [container('i', gpus(3))],
      [container('a', gpus(2))],
      ['container-0-request-0 gpu 1', 'container-1-request-0 gpu 2'],
      ['a container-1-request-0', 'i container-1-request-0', 'i container-0-request-0'],
    ],
    [
      'several that start first share what is more',
      [container('i', gpus(3)), container('j', gpus(4))],
      [container('a', gpus(2))],
      ['container-1-request-0 gpu 2', 'container-2-request-0 gpu 2'],
      [
        'a container-2-request-0',
        'i container-2-request-0',
        'i container-1-request-0',
        'j container-2-request-0',
        'j container-1-request-0',
      ],
    ],
    [
      'one that runs on from the start has its own',
      [container('s', gpus(1), sidecar)],
      [container('a', gpus(1))],
      ['container-0-request-0 gpu 1', 'container-1-request-0 gpu 1'],
      ['s container-0-request-0', 'a container-1-request-0'],
    ],
    [
      'one after that has none of it',
      [container('s', gpus(1), sidecar), container('i', gpus(1))],
      [container('a', { cpu: '1' })],
      ['container-0-request-0 gpu 1', 'container-1-request-0 gpu 1'],
      ['s container-0-request-0', 'i container-1-request-0'],
    ],
    [
      'one before that may have it',
      [container('i', gpus(1)), container('s', gpus(1), sidecar)],
      [container('a', { cpu: '1' })],
      ['container-1-request-0 gpu 1'],
      ['s container-1-request-0', 'i container-1-request-0'],
    ],
  ])('%s', (_, initContainers, containers, requests, mappings) => {
    const found = devicesOf(pod({ containers, spec: { initContainers } }), ['x/gpu', 'x/nic'], classOf);
    expect(
      found.requests.map(
        ({ name, exactly }) => `${name} ${exactly?.deviceClassName ?? ''} ${exactly?.count ?? 0}`,
      ),
    ).toEqual(requests);
    expect(found.mappings.map(({ containerName, requestName }) => `${containerName} ${requestName}`)).toEqual(
      mappings,
    );
  });
});

describe('NodeResourcesFit', () => {
  const devices: DevicesAsResources = {
    isDevices: (resource) => resource === 'x/gpu',
    rating:
      () =>
      (_, { name }) => ({ capacity: 4, allocated: name === 'used' ? 2 : 0 }),
  };
  const plugin = nodeResourcesFit({}, devices);
  const target = info({ requests: { 'x/gpu': '2' } });
  const node = (amount?: string) =>
    nodeWith('n', {
      allocatable: { cpu: '1', pods: '9', ...(amount === undefined ? {} : { 'x/gpu': amount }) },
    });
  it.each<[string, string | undefined, string]>([
    ['has none of it', undefined, 'ok'],
    ['has nothing of it left at all', '0', 'ok'],
    ['has some of it', '1', 'UnschedulableAndUnresolvable: Insufficient x/gpu'],
    ['has enough', '2', 'ok'],
  ])('leaves devices to their plugin where a node %s', (_, amount, expected) => {
    expect(verdict(plugin, target, node(amount))).toBe(expected);
  });

  it.each<[string, DeviceClass | undefined, DeviceClass, boolean]>([
    ['for its resource came', undefined, deviceClass('a', 'x/gpu'), true],
    ['for another came', undefined, deviceClass('a', 'x/nic'), false],
    ['for none came', undefined, deviceClass('a'), false],
    ['is for its resource now', deviceClass('a'), deviceClass('a', 'x/gpu'), true],
    ['is for its resource, as before', deviceClass('a', 'x/gpu'), deviceClass('a', 'x/gpu'), false],
    ['is for its resource no more', deviceClass('a', 'x/gpu'), deviceClass('a'), false],
  ])('has a Pod tried again when a class %s: %s', (_, previous, object, expected) => {
    const action = previous === undefined ? 'Add' : 'Update';
    expect(isTriedAfter(plugin, target, ['DeviceClass', action], { object, previous })).toBe(expected);
  });

  it.each<['LeastAllocated' | 'MostAllocated', number[]]>([
    ['LeastAllocated', [50, 0, 75]],
    ['MostAllocated', [50, 100, 25]],
  ])('rates nodes by their devices where it is told to: %s', (type, expected) => {
    const resources = [{ name: 'x/gpu', weight: 1 }];
    const rated = nodeResourcesFit({ scoringStrategy: { type, resources } }, devices);
    const of = (name: string, amount?: string) =>
      nodeWith(name, {
        allocatable: { cpu: '1', pods: '9', ...(amount === undefined ? {} : { 'x/gpu': amount }) },
      });
    expect(scoreAll(rated, target, [of('free'), of('used'), of('own', '8')])).toEqual(expected);
  });

  it('counts the devices of a class that a node reaches, and those that are given', () => {
    const slice = (nodeName: string, ...names: string[]) => ({
      metadata: { name: nodeName },
      spec: { driver: 'd', nodeName, pool: { name: nodeName }, devices: names.map((name) => ({ name })) },
    });
    const given = {
      status: { allocation: { devices: { results: [{ driver: 'd', pool: 'n', device: 'a' }] } } },
    };
    const gpus = { ...deviceClass('gpu'), spec: { selectors: [{ cel: { expression: 'not c' } }] } };
    const rating = devicesAsResources(
      {
        classOfResource: (resource) => (resource === 'x/gpu' ? (gpus as DeviceClass) : undefined),
        resourceSlices: () => [slice('n', 'a', 'b', 'c'), slice('m', 'z')] as never,
      },
      { all: () => [given as never] },
      () => ({ matches: (device) => (device as { name?: string }).name !== 'c' }),
    ).rating();
    expect(rating('x/gpu', nodeWith('n'))).toEqual({ capacity: 2, allocated: 1 });
    expect(rating('x/nic', nodeWith('n'))).toBeUndefined();
  });

  it('has a Pod tried again when the class that it names came', () => {
    const named = info({ requests: { 'deviceclass.resource.kubernetes.io/a': '1' } });
    expect(isTriedAfter(plugin, named, ['DeviceClass', 'Add'], { object: deviceClass('a') })).toBe(true);
  });
});
