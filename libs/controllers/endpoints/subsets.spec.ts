import { describe, expect, it } from 'vitest';
import type { EndpointSubset, Pod, Service } from '@drydock/api/core/v1';
import { repack, subsetsOf, truncated } from './subsets.ts';

const pod = (name: string, ip: string, ready = true, more: Partial<Pod['spec'] & object> = {}): Pod => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}`, labels: { app: 'web' } },
  spec: {
    nodeName: 'node-1',
    containers: [{ name: 'web', ports: [{ name: 'http', containerPort: 8080 }] }],
    ...more,
  } as never,
  status: {
    phase: 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  },
});
const service = (spec: object): Service => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, clusterIP: '10.96.0.1', ...spec },
});
const address = (name: string, ip: string) => ({
  ip,
  nodeName: 'node-1',
  targetRef: { kind: 'Pod', namespace: 'default', name, uid: `uid-${name}` },
});

describe('subsetsOf', () => {
  it('puts ports with the same addresses together, addresses in the order of their numbers', () => {
    const ports = [
      { name: 'web', port: 80, targetPort: 'http' },
      { name: 'admin', port: 81, targetPort: 9000 },
    ];
    expect(
      subsetsOf(service({ ports }), [
        pod('b', '10.0.0.10'),
        pod('a', '10.0.0.9'),
        pod('c', '10.0.0.11', false),
      ]),
    ).toEqual([
      {
        addresses: [address('a', '10.0.0.9'), address('b', '10.0.0.10')],
        notReadyAddresses: [address('c', '10.0.0.11')],
        ports: [
          { name: 'admin', port: 9000, protocol: 'TCP' },
          { name: 'web', port: 8080, protocol: 'TCP' },
        ],
      },
    ]);
  });

  it('leaves out finished Pods, Pods on their way out, and Pods without the named port', () => {
    const ports = [{ port: 80, targetPort: 'http' }];
    const done = pod('done', '10.0.0.1');
    done.status = { ...done.status, phase: 'Succeeded' };
    const going = pod('going', '10.0.0.2');
    going.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    const other = pod('other', '10.0.0.3', true, { containers: [{ name: 'web' }] });
    expect(subsetsOf(service({ ports }), [done, going, other])).toEqual([]);
    expect(subsetsOf(service({ ports, publishNotReadyAddresses: true }), [done, going, other])).toEqual([
      { addresses: [address('going', '10.0.0.2')], ports: [{ port: 8080, protocol: 'TCP' }] },
    ]);
  });

  it('gives addresses without ports for a headless Service without ports, with host names in its subdomain', () => {
    const named = pod('a', '10.0.0.1', true, { hostname: 'one', subdomain: 'web' });
    expect(subsetsOf(service({ clusterIP: 'None' }), [named])).toEqual([
      { addresses: [{ ...address('a', '10.0.0.1'), hostname: 'one' }] },
    ]);
  });
});

describe('repack', () => {
  it('gives the same result in whatever order it is told', () => {
    const subsets: EndpointSubset[] = [
      { addresses: [{ ip: '10.0.0.2' }], ports: [{ port: 80, protocol: 'TCP' }] },
      { addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80, protocol: 'TCP' }] },
      { notReadyAddresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80, protocol: 'TCP' }] },
      { addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 81, protocol: 'TCP' }] },
    ];
    const expected = [
      {
        addresses: [{ ip: '10.0.0.2' }],
        notReadyAddresses: [{ ip: '10.0.0.1' }],
        ports: [{ port: 80, protocol: 'TCP' }],
      },
      { addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 81, protocol: 'TCP' }] },
    ];
    expect(repack(subsets)).toEqual(expected);
    expect(repack([...subsets].reverse())).toEqual(expected);
    expect(repack(expected)).toEqual(expected);
  });

  it('keeps addresses without ports, and nothing without addresses', () => {
    const lonely = [{ notReadyAddresses: [{ ip: '10.0.0.1' }] }];
    expect(repack([{ ...lonely[0], ports: [] }])).toEqual(lonely);
    expect(repack([{ addresses: [], ports: [{ port: 80 }] }])).toEqual([]);
  });
});

describe('truncated', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ip: `10.0.${index >> 8}.${index & 255}` }));
  it('keeps what fits', () => expect(truncated([{ addresses: many(1000) }])).toBeUndefined());
  it('keeps ready addresses before others', () => {
    const [cut] = truncated([{ addresses: many(900), notReadyAddresses: many(200) }]) ?? [];
    expect([cut?.addresses?.length, cut?.notReadyAddresses?.length]).toEqual([900, 100]);
  });
});
