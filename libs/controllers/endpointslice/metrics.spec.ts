import { describe, expect, it } from 'vitest';
import { Node, Pod, Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import { createStage, type Stage } from '../shared/stage.spec-support.ts';
import { createEndpointSliceController } from './index.ts';

// The facts of kube-controller-manager's own tables about what is counted of EndpointSlices.

const serviceOf = (name: string, spec: object = {}, metadata: object = {}): Service =>
  ({
    metadata: { name, namespace: 'default', uid: name, ...metadata },
    spec: {
      clusterIP: '10.0.0.1',
      ipFamilies: ['IPv4'],
      selector: { app: name },
      ports: [{ port: 80, targetPort: 8080 }],
      ...spec,
    },
  }) as Service;
const address = (at: number) => `1.2.${Math.floor(at / 250) + 3}.${(at % 250) + 4}`;
const podOf = (app: string, at: number): Pod => ({
  metadata: { name: `${app}-${at}`, namespace: 'default', uid: `${app}-${at}`, labels: { app } },
  spec: { nodeName: 'node-1', containers: [{ name: 'c' }] },
  status: {
    phase: 'Running',
    podIP: address(at),
    podIPs: [{ ip: address(at) }, { ip: `2001:db8::${at + 1}` }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});
/** A slice that holds the Pods of the numbers given, as it would be written. */
const sliceOf = (app: string, name: string, pods: number[], labels: object = {}): EndpointSlice =>
  ({
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: app, uid: app, controller: true }],
      labels: {
        'kubernetes.io/service-name': app,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        ...labels,
      },
    },
    addressType: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints: pods.map((at) => ({
      addresses: [address(at)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', namespace: 'default', name: `${app}-${at}`, uid: `${app}-${at}` },
    })),
  }) as EndpointSlice;
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
const prefix = 'endpoint_slice_controller_';
/** `wanted/fewest/actual`: endpoints, and slices; `+added -removed`; then what was done with slices. */
function figures({ measured, counted, summed }: Stage): string {
  const gauges = measured();
  const [endpoints = 0, fewest = 0, actual = 0] = [
    'endpoints_desired',
    'desired_endpoint_slices',
    'num_endpoint_slices',
  ].map((name) => gauges[prefix + name]);
  const [added = 0, removed = 0] = ['endpoints_added_per_sync', 'endpoints_removed_per_sync'].map(
    (name) => summed[prefix + name],
  );
  const done = ['create', 'update', 'delete'].map((name) => counted[`${prefix}changes{${name}}`] ?? 0);
  return `${endpoints}/${fewest}/${actual} +${added} -${removed} ${done.join('/')}`;
}

interface Given {
  readonly pods?: number;
  readonly slices?: EndpointSlice[];
  readonly spec?: object;
  readonly metadata?: object;
}
async function played({ pods = 0, slices = [], spec, metadata }: Given): Promise<Stage> {
  const stage = createStage();
  stage.put(Node, { metadata: { name: 'node-1' } });
  stage.put(Service, serviceOf('foo', spec, metadata));
  for (const at of numbers(0, pods)) stage.put(Pod, podOf('foo', at));
  for (const one of slices) stage.put(EndpointSlice, one);
  await stage.play(createEndpointSliceController);
  return stage;
}
const quarter = (pods: number, rest: number) => numbers(0, pods).filter((at) => at % 4 === rest);

describe('one look at a Service', () => {
  it.each<[string, Given, string]>([
    ['no Pods', {}, '0/1/1 +0 -0 1/0/0'],
    ['a Pod', { pods: 1 }, '1/1/1 +1 -0 1/0/0'],
    ['a Pod of two families', { pods: 1, spec: { ipFamilies: ['IPv4', 'IPv6'] } }, '1/1/1 +2 -0 2/0/0'],
    ['a slice that is as it should be', { pods: 1, slices: [sliceOf('foo', 's', [0])] }, '1/1/1 +0 -0 0/0/0'],
    ['many Pods', { pods: 250 }, '250/3/3 +250 -0 3/0/0'],
    [
      'some of them in slices, each of which takes more',
      {
        pods: 250,
        slices: [
          sliceOf('foo', 'a', quarter(250, 0), { old: '' }),
          sliceOf('foo', 'b', quarter(250, 1), { old: '' }),
        ],
      },
      '250/3/3 +124 -0 1/2/0',
    ],
    [
      'some of them in slices that are not touched',
      { pods: 300, slices: [sliceOf('foo', 'a', quarter(300, 0)), sliceOf('foo', 'b', quarter(300, 1))] },
      '300/3/4 +150 -0 2/0/0',
    ],
    [
      'other labels',
      {
        pods: 250,
        metadata: { labels: { foo: 'bar' } },
        slices: ['a', 'b', 'c'].map((name, at) =>
          sliceOf('foo', name, numbers(at * 100, Math.min(250, at * 100 + 100))),
        ),
      },
      '250/3/3 +0 -0 0/3/0',
    ],
    [
      'Pods that are gone',
      { pods: 1, slices: [sliceOf('foo', 'a', [0, 7]), sliceOf('foo', 'b', [8, 9])] },
      '1/1/1 +0 -3 0/1/1',
    ],
  ])('%s', async (_title, given, expected) => {
    const stage = await played(given);
    expect(figures(stage)).toBe(expected);
    expect(stage.errors).toEqual([]);
    await stage.stop();
  });

  it.each<[string, Given, string]>([
    ['by itself', {}, 'Disabled,'],
    [
      'of a Service that prefers what is near',
      { spec: { trafficDistribution: 'PreferClose' } },
      'Disabled,PreferClose',
    ],
    [
      'of a Service with hints by topology',
      {
        spec: { trafficDistribution: 'PreferClose' },
        metadata: { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
      },
      'Auto,',
    ],
  ])('changes are told %s', async (_title, given, labels) => {
    const stage = await played({ pods: 150, ...given });
    const changed = Object.entries(stage.summed).filter(([key]) => key.includes('endpointslices_changed'));
    expect(changed).toEqual([[`${prefix}endpointslices_changed_per_sync{${labels}}`, 2]]);
    await stage.stop();
  });
});

it('what comes of looks is counted', async () => {
  const refusing = createStage({
    refuse: ({ verb, resource }) =>
      verb === 'create' && resource === 'endpointslices' ? new Error('mock error') : undefined,
  });
  refusing.put(Service, serviceOf('foo'));
  await refusing.play(createEndpointSliceController);
  expect(refusing.counted[`${prefix}syncs{error}`]).toBe(1);
  await refusing.stop();

  const stage = await played({});
  expect(stage.counted[`${prefix}syncs{success}`]).toBe(1);
  // The cache does not show the slice that was made.
  stage.put(Service, serviceOf('foo', {}, { labels: { foo: 'bar' } }));
  await stage.settle();
  expect(stage.counted[`${prefix}syncs{stale}`]).toBe(1);
  await stage.stop();
});

it('Services are counted by how their traffic is distributed, and no more when they are gone', async () => {
  const stage = createStage();
  await stage.play(createEndpointSliceController);
  const count = () =>
    Object.fromEntries(
      Object.entries(stage.measured())
        .filter(([key]) => key.includes('traffic_distribution'))
        .map(([key, value]) => [/\{(.*)\}/.exec(key)?.[1], value]),
    );
  const show = async (name: string, trafficDistribution?: string) => {
    const spec = trafficDistribution === undefined ? {} : { trafficDistribution };
    stage.put(Service, serviceOf(name, spec));
    await stage.settle();
  };
  await show('a', 'PreferClose');
  await show('b', 'PreferClose');
  await show('c', 'example.com/other');
  await show('d');
  expect(count()).toEqual({ PreferClose: 2, ImplementationSpecific: 1 });
  expect(figures(stage)).toBe('0/4/4 +0 -0 4/0/0');
  stage.remove(Service, serviceOf('a'));
  stage.remove(Service, serviceOf('c'));
  await stage.settle();
  expect(count()).toEqual({ PreferClose: 1 });
  expect(figures(stage)).toBe('0/2/2 +0 -0 4/0/0');
  await stage.stop();
});
