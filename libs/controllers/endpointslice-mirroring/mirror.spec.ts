import { describe, expect, it } from 'vitest';
import type { EndpointAddress, Endpoints, EndpointSubset, Service } from '@drydock/api/core/v1';
import type { EndpointSlice } from '@drydock/api/discovery/v1';
import { mirroredSlices, planMirror, shouldMirror, sliceMetadata } from './mirror.ts';

// The facts of kube-controller-manager's own tables about the mirroring of Endpoints.

const endpoints = (subsets: EndpointSubset[], metadata: object = {}): Endpoints => ({
  metadata: { name: 'svc', namespace: 'default', ...metadata },
  subsets,
});
const http = { name: 'http', port: 80, protocol: 'TCP' };
const https = { name: 'https', port: 443, protocol: 'TCP' };
const ips = (...list: string[]): EndpointAddress[] => list.map((ip) => ({ ip }));
const many = (count: number, first = 1): EndpointAddress[] =>
  Array.from({ length: count }, (_, at) => ({ ip: `10.${first}.${at >> 8}.${at & 255}` }));

describe('what is mirrored', () => {
  const service = (spec: object = {}) => ({ metadata: { name: 'svc' }, spec }) as Service;
  it.each<[string, object, Service | undefined, boolean]>([
    ['Endpoints of a Service without a selector', {}, service(), true],
    ['none without a Service', {}, undefined, false],
    ['none of a Service with a selector', {}, service({ selector: { a: 'b' } }), false],
    ['none of a Service whose selector is empty', {}, service({ selector: {} }), false],
    [
      'none that says so',
      { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      service(),
      false,
    ],
    [
      'one that does not say so',
      { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'false' } },
      service(),
      true,
    ],
    ['no leases', { annotations: { 'control-plane.alpha.kubernetes.io/leader': '' } }, service(), false],
    ['none that goes', { deletionTimestamp: '2026-01-01T00:00:00Z' }, service(), false],
  ])('%s', (_title, metadata, one, expected) => {
    expect(shouldMirror(endpoints([], metadata), one)).toBe(expected);
  });

  it.each<[string, EndpointSubset[], string[], invalid: number, skipped: number]>([
    ['nothing', [], [], 0, 0],
    ['no addresses', [{ ports: [http] }], [], 0, 0],
    ['one address', [{ ports: [http], addresses: ips('10.0.0.1') }], ['IPv4 80: 10.0.0.1'], 0, 0],
    [
      'one that is not ready',
      [{ ports: [http], notReadyAddresses: ips('10.0.0.1') }],
      ['IPv4 80: !10.0.0.1'],
      0,
      0,
    ],
    ['without ports', [{ addresses: ips('10.0.0.1') }], ['IPv4 : 10.0.0.1'], 0, 0],
    [
      'both families',
      [{ ports: [http], addresses: ips('10.0.0.1', '2001:db8::1'), notReadyAddresses: ips('2001:db8::2') }],
      ['IPv4 80: 10.0.0.1', 'IPv6 80: 2001:db8::1 !2001:db8::2'],
      0,
      0,
    ],
    [
      'two ports',
      [{ ports: [http, https], addresses: ips('10.0.0.1', '10.0.0.2') }],
      ['IPv4 80,443: 10.0.0.1 10.0.0.2'],
      0,
      0,
    ],
    [
      'two subsets',
      [
        { ports: [http], addresses: ips('10.0.0.1') },
        { ports: [https], addresses: ips('10.0.0.1') },
      ],
      ['IPv4 80: 10.0.0.1', 'IPv4 443: 10.0.0.1'],
      0,
      0,
    ],
    [
      'two subsets with the same ports',
      [
        { ports: [http, https], addresses: ips('10.0.0.1') },
        { ports: [https, http], addresses: ips('10.0.0.2') },
      ],
      ['IPv4 80,443: 10.0.0.1 10.0.0.2'],
      0,
      0,
    ],
    [
      'what is no address',
      [{ ports: [http], addresses: ips('10.0.0.1', 'no-ip', '10.0.0.256') }],
      ['IPv4 80: 10.0.0.1'],
      2,
      2,
    ],
    [
      'an address twice',
      [{ ports: [http], addresses: ips('10.0.0.1', '10.0.0.1') }],
      ['IPv4 80: 10.0.0.1'],
      0,
      0,
    ],
    [
      'an address that is both',
      [{ ports: [http], addresses: ips('10.0.0.1'), notReadyAddresses: ips('10.0.0.1') }],
      ['IPv4 80: !10.0.0.1'],
      0,
      0,
    ],
    [
      'an address under two names',
      [
        {
          ports: [http],
          addresses: [
            { ip: '10.0.0.1', hostname: 'a' },
            { ip: '10.0.0.1', hostname: 'b' },
          ],
        },
      ],
      ['IPv4 80: 10.0.0.1 10.0.0.1'],
      0,
      0,
    ],
  ])('%s', (_title, subsets, expected, invalid, skipped) => {
    const found = mirroredSlices(endpoints(subsets));
    expect(
      found.slices.map(
        ({ addressType, ports, endpoints: list }) =>
          `${addressType} ${ports.map(({ port }) => port).join()}: ${list
            .map(({ addresses, conditions }) => `${conditions?.ready ? '' : '!'}${addresses[0]}`)
            .join(' ')}`,
      ),
    ).toEqual(expected);
    expect([found.invalid, found.skipped]).toEqual([invalid, skipped]);
  });

  it.each([
    [1000, 0, 1000, 0],
    [1001, 0, 1000, 1],
    [900, 200, 1000, 100],
    [0, 1500, 1000, 500],
  ])('of %d ready and %d other addresses %d are mirrored', (ready, others, taken, skipped) => {
    const subset = { ports: [http], addresses: many(ready), notReadyAddresses: many(others, 2) };
    const found = mirroredSlices(endpoints([subset]));
    expect(found.slices.map((slice) => slice.endpoints.length)).toEqual([taken]);
    expect(found.slices[0]?.endpoints.filter(({ conditions }) => conditions?.ready)).toHaveLength(
      Math.min(ready, 1000),
    );
    expect(found.skipped).toBe(skipped);
  });

  it('tells what an address is', () => {
    const targetRef = { kind: 'Pod', namespace: 'default', name: 'p', uid: 'u' };
    const address = { ip: '10.0.0.1', hostname: 'h', nodeName: 'n', targetRef };
    expect(mirroredSlices(endpoints([{ ports: [{ port: 1 }], addresses: [address] }])).slices).toEqual([
      {
        addressType: 'IPv4',
        ports: [{ name: '', port: 1, protocol: 'TCP' }],
        endpoints: [
          { addresses: ['10.0.0.1'], conditions: { ready: true }, hostname: 'h', nodeName: 'n', targetRef },
        ],
      },
    ]);
  });
});

describe('the slices that become of it', () => {
  const of = (subsets: EndpointSubset[], present: EndpointSlice[], metadata: object = {}) => {
    const source = endpoints(subsets, metadata);
    const plan = planMirror(mirroredSlices(source).slices, present, sliceMetadata(source));
    return [
      plan.write.map(({ existing }) => existing?.metadata.name ?? 'new'),
      plan.remove.map((one) => one.metadata.name),
    ];
  };
  const labels = {
    'kubernetes.io/service-name': 'svc',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  };
  const slice = (name: string, ports: { port: number }[], list: string[], more: object = {}): EndpointSlice =>
    ({
      metadata: { name, labels, annotations: {}, ...more },
      addressType: list[0]?.includes(':') ? 'IPv6' : 'IPv4',
      ports,
      endpoints: list.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    }) as EndpointSlice;
  const one = [{ ports: [http], addresses: ips('10.0.0.1') }];
  it.each<[string, EndpointSubset[], EndpointSlice[], string[], string[]]>([
    ['a new one', one, [], ['new'], []],
    ['none', [], [], [], []],
    ['the present one', one, [slice('s', [http], ['10.0.0.1'])], [], []],
    ['the present one with another address', one, [slice('s', [http], ['10.0.0.2'])], ['s'], []],
    ['the present one for other ports', one, [slice('s', [https], ['10.0.0.1'])], ['s'], []],
    [
      'the one of the same ports',
      one,
      [slice('s', [https], ['10.0.0.1']), slice('t', [http], ['10.0.0.1'])],
      [],
      ['s'],
    ],
    [
      'one more family',
      [{ ports: [http], addresses: ips('10.0.0.1', '2001:db8::1') }],
      [slice('s', [http], ['10.0.0.1'])],
      ['new'],
      [],
    ],
    ['never one of another family', one, [slice('s', [http], ['2001:db8::1'])], ['new'], ['s']],
    ['none any more', [], [slice('s', [http], ['10.0.0.1'])], [], ['s']],
    [
      'with other labels',
      one,
      [slice('s', [http], ['10.0.0.1'], { labels: { ...labels, a: 'b' } })],
      ['s'],
      [],
    ],
    [
      'with other annotations',
      one,
      [slice('s', [http], ['10.0.0.1'], { annotations: { a: 'b' } })],
      ['s'],
      [],
    ],
  ])('%s', (_title, subsets, present, write, remove) => {
    expect(of(subsets, present)).toEqual([write, remove]);
  });

  it('hands labels and annotations on, but for those that are its own', () => {
    const given = endpoints([], {
      labels: { a: 'b', 'kubernetes.io/service-name': 'x' },
      annotations: {
        c: 'd',
        'endpoints.kubernetes.io/last-change-trigger-time': 'now',
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
      },
    });
    expect(sliceMetadata(given)).toEqual({ labels: { a: 'b', ...labels }, annotations: { c: 'd' } });
  });
});
