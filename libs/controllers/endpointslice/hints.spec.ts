import { describe, expect, it } from 'vitest';
import type { Node, Service } from '@drydock/api/core/v1';
import type { Endpoint, EndpointSlice } from '@drydock/api/discovery/v1';
import { createAllotments } from './allotments.ts';
import { hintModeOf, isOverloaded, planHints, type HintMode } from './hints.ts';
import { allocateByZone } from './zone-allocation.ts';
import { zoneShares } from './zones.ts';

const endpoint = (zone: string | undefined, over: Partial<Endpoint> = {}): Endpoint => ({
  addresses: ['10.0.0.1'],
  conditions: { ready: true },
  ...(zone === undefined ? {} : { zone }),
  ...over,
});
const forZone = (name: string) => ({ forZones: [{ name }] });
const slice = (name: string, endpoints: Endpoint[]): EndpointSlice => ({
  metadata: { name },
  addressType: 'IPv4',
  endpoints,
});
const many = (counts: Record<string, number>): Endpoint[] =>
  Object.entries(counts).flatMap(([zone, count]) => Array.from({ length: count }, () => endpoint(zone)));
const created = (endpoints: Endpoint[]) => ({
  write: [{ existing: undefined, ports: [], endpoints }],
  remove: [],
});
const nothing = { write: [], remove: [] };
/** How many endpoints of one zone are meant for another: `a>b`. */
function flow(endpoints: readonly Endpoint[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { zone, hints } of endpoints) {
    const way = `${zone}>${hints?.forZones?.map(({ name }) => name).join('+') ?? '-'}`;
    counts[way] = (counts[way] ?? 0) + 1;
  }
  return counts;
}

describe('how a Service wants its traffic kept near', () => {
  const service = (annotations: Record<string, string>, trafficDistribution?: string) =>
    ({ metadata: { annotations }, spec: { trafficDistribution } }) as Service;
  const mode = 'service.kubernetes.io/topology-mode';
  const older = 'service.kubernetes.io/topology-aware-hints';
  it.each<[HintMode, Service]>([
    ['none', service({})],
    ['none', service({}, 'Elsewhere')],
    ['zone', service({}, 'PreferClose')],
    ['zone', service({}, 'PreferSameZone')],
    ['node', service({}, 'PreferSameNode')],
    ['topology', service({ [mode]: 'Auto' })],
    ['topology', service({ [older]: 'auto' }, 'PreferClose')],
    ['none', service({ [older]: 'Disabled', [mode]: 'Auto' })],
    ['zone', service({ [mode]: 'auto-matic' }, 'PreferClose')],
  ])('is %s', (wanted, given) => expect(hintModeOf(given)).toBe(wanted));
});

describe('hints by traffic distribution', () => {
  it('name the own zone of ready endpoints, and nothing for others', () => {
    const plan = created([
      endpoint('a', { nodeName: 'n' }),
      endpoint(undefined, { nodeName: 'n' }),
      endpoint('b', { conditions: { ready: false } }),
    ]);
    const [zoned] = planHints(plan, [], 'zone', undefined).write;
    expect(zoned?.endpoints.map(({ hints }) => hints)).toEqual([forZone('a'), undefined, undefined]);
    const [noded] = planHints(plan, [], 'node', undefined).write;
    expect(noded?.endpoints.map(({ hints }) => hints)).toEqual([
      { ...forZone('a'), forNodes: [{ name: 'n' }] },
      { forNodes: [{ name: 'n' }] },
      undefined,
    ]);
  });

  it('write slices that stay only where their hints are wrong', () => {
    const right = slice('right', [endpoint('a', { hints: forZone('a') })]);
    const missing = slice('missing', [endpoint('a')]);
    const wrong = slice('wrong', [endpoint('a', { hints: forZone('b') })]);
    const names = (mode: HintMode) =>
      planHints(nothing, [right, missing, wrong], mode, undefined).write.map(
        ({ existing }) => existing?.metadata.name,
      );
    expect(names('zone')).toEqual(['missing', 'wrong']);
    expect(names('node')).toEqual(['missing', 'wrong']);
    expect(names('none')).toEqual(['right', 'wrong']);
  });
});

describe('the shares of zones', () => {
  const node = (zone: string | undefined, cpu: string | undefined, over: object = {}): Node =>
    ({
      metadata: {
        labels: { ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }), ...over },
      },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        allocatable: cpu === undefined ? {} : { cpu },
      },
    }) as Node;
  it('are by the CPU of their nodes', () => {
    const shares = zoneShares([node('a', '1'), node('b', '500m'), node('a', '2'), node('b', '500m')]);
    expect([...(shares ?? [])]).toEqual([
      ['a', 0.75],
      ['b', 0.25],
    ]);
  });
  it.each([
    ['of one zone', [node('a', '1'), node('a', '1')]],
    ['of none', []],
    ['where a node says no zone', [node('a', '1'), node('b', '1'), node(undefined, '1')]],
    ['where a node says no CPU', [node('a', '1'), node('b', '1'), node('b', undefined)]],
    [
      'where the second zone is a control plane',
      [node('a', '1'), node('b', '1', { 'node-role.kubernetes.io/control-plane': '' })],
    ],
  ])('are unknown %s', (_why, nodes) => expect(zoneShares(nodes)).toBeUndefined());
  it('leave nodes out that are not ready', () => {
    const lost = node(undefined, undefined);
    const gone = { ...lost, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } } as Node;
    expect(zoneShares([node('a', '1'), node('b', '1'), gone])?.size).toBe(2);
  });
});

describe('hints by topology', () => {
  const shares = (given: Record<string, number>) => new Map(Object.entries(given));
  const even = shares({ a: 0.5, b: 0.5 });

  it.each<[string, Record<string, number>, Record<string, number>, Record<string, number>]>([
    ['stay at home where that fits', { a: 0.5, b: 0.5 }, { a: 3, b: 3 }, { 'a>a': 3, 'b>b': 3 }],
    ['go where too few are', { a: 0.5, b: 0.5 }, { a: 6, b: 2 }, { 'a>a': 4, 'a>b': 2, 'b>b': 2 }],
    ['go to a zone without any', { a: 0.5, b: 0.5 }, { a: 4 }, { 'a>a': 2, 'a>b': 2 }],
    [
      'follow unequal shares',
      { a: 0.5, b: 0.25, c: 0.25 },
      { a: 4, b: 4, c: 4 },
      { 'a>a': 4, 'b>b': 3, 'b>a': 1, 'c>c': 3, 'c>a': 1 },
    ],
    ['come from zones that count no more', { a: 0.5, b: 0.5 }, { a: 2, b: 2 }, { 'a>a': 2, 'b>b': 2 }],
  ])('%s', (_what, given, counts, wanted) => {
    const made = planHints(created(many(counts)), [], 'topology', shares(given));
    expect(made.failure).toBeUndefined();
    expect(flow(made.write.flatMap(({ endpoints }) => endpoints))).toEqual(wanted);
  });

  it.each<[string, Endpoint[], ReturnType<typeof zoneShares>]>([
    [
      'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
      many({ a: 3 }),
      undefined,
    ],
    ['Insufficient number of endpoints (1 endpoints, 2 zones)', many({ a: 1 }), even],
    [
      'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)',
      many({ a: 3 }),
      even,
    ],
    ['One or more endpoints do not have a zone specified', [...many({ a: 3 }), endpoint(undefined)], even],
  ])('are none, and taken away: %s', (failure, endpoints, given) => {
    const old = slice('old', [endpoint('a', { conditions: { ready: false }, hints: forZone('a') })]);
    const made = planHints(created(endpoints), [old], 'topology', given);
    expect(made).toMatchObject({ failure });
    expect(made.allotted).toBeUndefined();
    expect(made.write).toHaveLength(2);
    for (const { endpoints: written } of made.write)
      for (const { hints } of written) expect(hints).toBeUndefined();
  });

  it('leave slices alone whose hints are as good as any', () => {
    const kept = slice('kept', [
      ...Array.from({ length: 2 }, () => endpoint('a', { hints: forZone('a') })),
      ...Array.from({ length: 2 }, () => endpoint('b', { hints: forZone('b') })),
    ]);
    const made = planHints(created(many({ a: 2, b: 2 })), [kept], 'topology', even);
    expect(made.write).toHaveLength(1);
    expect([...(made.allotted ?? [])]).toEqual([
      ['a', 4],
      ['b', 4],
    ]);
    // Hints for one zone alone are more than that may have.
    const greedy = slice(
      'greedy',
      Array.from({ length: 4 }, () => endpoint('a', { hints: forZone('a') })),
    );
    const again = planHints(created(many({ b: 2 })), [greedy], 'topology', even);
    expect(again.write.map(({ existing }) => existing?.metadata.name)).toEqual([undefined, 'greedy']);
    expect(flow(again.write.flatMap(({ endpoints }) => endpoints))).toEqual({
      'a>a': 3,
      'a>b': 1,
      'b>b': 2,
    });
  });

  it('say how many a zone may have', () => {
    expect(allocateByZone(10, even)).toEqual(
      new Map([
        ['a', { maximum: 5, desired: 5 }],
        ['b', { maximum: 5, desired: 5 }],
      ]),
    );
    expect(allocateByZone(100, even)).toEqual(
      new Map([
        ['a', { maximum: 58, desired: 50 }],
        ['b', { maximum: 58, desired: 50 }],
      ]),
    );
  });

  it('are wrong where a zone has too few', () => {
    const of = (counts: Record<string, number>) => new Map(Object.entries(counts));
    expect(isOverloaded(of({ a: 5, b: 5 }), even)).toBe(false);
    expect(isOverloaded(of({ a: 6, b: 4 }), even)).toBe(true);
    expect(isOverloaded(of({ a: 10 }), even)).toBe(true);
    expect(isOverloaded(of({}), even)).toBe(false);
    expect(isOverloaded(of({ a: 1 }), undefined)).toBe(true);
    const allotments = createAllotments();
    allotments.set('x/fair', 'IPv4', of({ a: 5, b: 5 }));
    allotments.set('x/unfair', 'IPv4', of({ a: 5, b: 5 }));
    allotments.set('x/unfair', 'IPv6', of({ a: 10 }));
    allotments.set('x/gone', 'IPv4', of({ a: 10 }));
    allotments.remove('x/gone', 'IPv4');
    expect(allotments.overloaded(even)).toEqual(['x/unfair']);
  });
});
