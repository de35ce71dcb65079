import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointSlice } from '@drydock/api/discovery/v1';
import type { EndpointGroup } from './desired-endpoints.ts';
import { planSlices } from './plan.ts';

const port = { name: 'http', protocol: 'TCP', port: 80 };
const endpoint = (uid: string, ready = true): Endpoint => ({
  addresses: [uid],
  conditions: { ready },
  targetRef: { kind: 'Pod', uid },
});
const slice = (name: string, uids: string[], ports = [port]): EndpointSlice =>
  ({
    metadata: { name },
    addressType: 'IPv4',
    endpoints: uids.map((uid) => endpoint(uid)),
    ports,
  }) as EndpointSlice;
const wanted = (endpoints: Endpoint[]): Map<string, EndpointGroup> =>
  new Map(
    endpoints.length === 0
      ? []
      : [
          [
            'http|TCP|80|',
            { ports: [port], endpoints: new Map(endpoints.map((one) => [one.targetRef?.uid ?? '', one])) },
          ],
        ],
  );
const show = (endpoints: Endpoint[], present: EndpointSlice[], max = 3, stale = () => false) => {
  const plan = planSlices(wanted(endpoints), present, stale, max);
  return {
    write: plan.write.map(({ existing, endpoints: list }) => [
      existing?.metadata.name ?? 'new',
      ...list.map((one) => one.addresses[0]),
    ]),
    remove: plan.remove.map((one) => one.metadata.name),
  };
};

describe('planSlices', () => {
  const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((uid) => endpoint(uid));
  it.each([
    ['nothing to do', all.slice(0, 2), [slice('s', ['a', 'b'])], { write: [], remove: [] }],
    ['a first slice', all.slice(0, 2), [], { write: [['new', 'a', 'b']], remove: [] }],
    ['an empty slice for no endpoints', [], [], { write: [['new']], remove: [] }],
    ['the empty slice stays', [], [slice('s', [], [])], { write: [], remove: [] }],
    ['the last endpoint goes', [], [slice('s', ['a'])], { write: [['s']], remove: [] }],
    ['the empty slice is used', all.slice(0, 1), [slice('s', [], [])], { write: [['s', 'a']], remove: [] }],
    [
      'as many slices as it takes',
      all,
      [],
      {
        write: [
          ['new', 'a', 'b', 'c'],
          ['new', 'd', 'e', 'f'],
          ['new', 'g'],
        ],
        remove: [],
      },
    ],
    [
      'new ones fill a slice that changes anyway',
      all.slice(1, 4),
      [slice('s', ['a', 'b']), slice('t', ['c'])],
      { write: [['s', 'b', 'd']], remove: [] },
    ],
    [
      'new ones go into the fullest slice with room',
      all.slice(0, 4),
      [slice('s', ['a']), slice('t', ['b', 'c'])],
      { write: [['t', 'b', 'c', 'd']], remove: [] },
    ],
    [
      'an emptied slice is removed',
      all.slice(0, 1),
      [slice('s', ['a']), slice('t', ['b'])],
      { write: [], remove: ['t'] },
    ],
    [
      'an emptied slice takes new ones',
      all.slice(2, 4),
      [slice('s', ['a', 'b'])],
      { write: [['s', 'c', 'd']], remove: [] },
    ],
    [
      'a changed endpoint is written in place',
      [endpoint('a', false), endpoint('b')],
      [slice('s', ['a', 'b'])],
      { write: [['s', 'a', 'b']], remove: [] },
    ],
    [
      'a slice of other ports is used again',
      all.slice(0, 1),
      [slice('s', ['a'], [{ ...port, port: 81 }])],
      { write: [['s', 'a']], remove: [] },
    ],
  ])('%s', (_what, endpoints, present, expected) => {
    expect(show(endpoints, present)).toEqual(expected);
  });

  it('writes slices whose labels are out of date', () => {
    const present = [slice('s', ['a'])];
    expect(show([endpoint('a')], present, 3, () => true)).toEqual({ write: [['s', 'a']], remove: [] });
  });
});

describe('planSlices by numbers, as kube-controller-manager counts', () => {
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `${from + at}`);
  const sizes = (desired: string[], present: string[][]) => {
    const slices = present.map((uids, at) => slice(`s${at}`, uids));
    const plan = planSlices(wanted(desired.map((uid) => endpoint(uid))), slices, () => false);
    return {
      new: plan.write.filter(({ existing }) => !existing).map((one) => one.endpoints.length),
      changed: plan.write
        .filter(({ existing }) => existing)
        .map((one) => `${one.existing?.metadata.name}: ${one.endpoints.length}`),
      removed: plan.remove.map(({ metadata }) => metadata.name),
    };
  };
  it.each<[string, string[], string[][], { new?: number[]; changed?: string[]; removed?: string[] }]>([
    ['250 Pods at once', range(0, 250), [], { new: [100, 100, 50] }],
    ['100 Pods fill one slice', range(0, 100), [], { new: [100] }],
    ['101 Pods need two', range(0, 101), [], { new: [100, 1] }],
    ['one more Pod in a slice with room', range(0, 63), [range(0, 62)], { changed: ['s0: 63'] }],
    ['the fullest slice with room', range(0, 90), [range(0, 30), range(30, 89)], { changed: ['s1: 60'] }],
    [
      'what is left over goes into the fullest that takes it',
      range(0, 250),
      [range(0, 62), range(62, 123)],
      { new: [100], changed: ['s0: 89'] },
    ],
    [
      'slices that change are filled up',
      range(1, 250),
      [range(0, 62), range(62, 123)],
      { new: [88], changed: ['s0: 100'] },
    ],
    ['too many for any slice', range(0, 160), [range(0, 60)], { new: [100] }],
    [
      'exactly as many as there is room',
      range(0, 160),
      [range(0, 90), range(90, 150)],
      { changed: ['s0: 100'] },
    ],
    ['all of a slice go', range(100, 200), [range(0, 100), range(100, 200)], { removed: ['s0'] }],
    [
      'all are other ones',
      range(200, 400),
      [range(0, 100), range(100, 200)],
      { changed: ['s0: 100', 's1: 100'] },
    ],
    ['half of them go', range(0, 50), [range(0, 100)], { changed: ['s0: 50'] }],
    ['small slices stay apart', range(0, 40), [range(0, 10), range(10, 20), range(20, 40)], {}],
  ])('%s', (_title, desired, present, expected) => {
    expect(sizes(desired, present)).toEqual({ new: [], changed: [], removed: [], ...expected });
  });
});
