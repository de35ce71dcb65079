import { describe, expect, it } from 'vitest';
import type { Device } from '@drydock/api/resource/v1';
import { node } from '../framework/testing.spec-support.ts';
import {
  all,
  allocatedTo,
  anyOf,
  claim,
  deviceClass,
  devices,
  driverA,
  driverB,
  exactly,
  ofDriver,
  run,
  slice,
  type Setup,
} from './allocation.spec-support.ts';
import { allocationScore } from './index.ts';

const cel = (expression: string) => ({ selectors: [{ cel: { expression } }] });
const own = `device.attributes["${driverA}"]`;
const having = (name: string, attributes: Device['attributes'], more: Partial<Device> = {}): Device => ({
  name,
  attributes,
  ...more,
});
const pool = (name: string, generation = 1, resourceSliceCount = 1) => ({
  pool: { name, generation, resourceSliceCount },
});
const sized = (name: string, memory: string) => ({ name, capacity: { memory: { value: memory } } });

type Case = readonly [name: string, setup: Setup, expected: string[] | string];

const few: Case[] = [
  ['one device', { claims: [claim('c', [exactly('r')])], slices: [slice(['d1', 'd2'])] }, ['r=d1']],
  ['no claim', { claims: [], slices: [slice(['d1'])] }, []],
  ['no slices', { claims: [claim('c', [exactly('r')])], slices: [] }, 'none'],
  ['not enough', { claims: [claim('c', [exactly('r', { count: 2 })])], slices: [slice(['d1'])] }, 'none'],
  [
    'two of one request',
    { claims: [claim('c', [exactly('r', { count: 2 })])], slices: [slice(['d1', 'd2', 'd3'])] },
    ['r=d1', 'r=d2'],
  ],
  [
    'of two drivers',
    {
      claims: [claim('c', [exactly('a'), exactly('b', { deviceClassName: 'class-b' })])],
      slices: [slice(['d1']), slice(['d1'], { driver: driverB })],
    },
    ['a=d1', `b=${driverB}/d1`],
  ],
  [
    'over several slices of a pool',
    {
      claims: [claim('c', [exactly('r', { count: 3 })])],
      slices: [slice(['d1', 'd2'], pool('pool-1', 1, 2)), slice(['d3'], pool('pool-1', 1, 2))],
    },
    ['r=d1', 'r=d2', 'r=d3'],
  ],
  [
    'for two claims',
    { claims: [claim('c', [exactly('r')]), claim('e', [exactly('r')])], slices: [slice(['d1', 'd2'])] },
    ['r=d1', 'r=d2'],
  ],
  [
    'all claims or none',
    { claims: [claim('c', [exactly('r')]), claim('e', [exactly('r')])], slices: [slice(['d1'])] },
    'none',
  ],
  [
    'not what another claim has',
    {
      claims: [claim('c', [exactly('r')])],
      slices: [slice(['d1', 'd2'])],
      others: [allocatedTo('o', { device: 'd1' })],
    },
    ['r=d2'],
  ],
  [
    'what administrators look at is free',
    {
      claims: [claim('c', [exactly('r')])],
      slices: [slice(['d1'])],
      others: [allocatedTo('o', { device: 'd1', adminAccess: true })],
    },
    ['r=d1'],
  ],
  [
    'administrators reach what is in use, once a claim',
    {
      claims: [claim('c', [exactly('r', { adminAccess: true }), exactly('s', { adminAccess: true })])],
      slices: [slice(['d1', 'd2'])],
      others: [allocatedTo('o', { device: 'd1' }, { device: 'd2' })],
    },
    ['r=d1', 's=d2'],
  ],
  [
    'going back where the small request took the big device',
    {
      claims: [
        claim('c', [
          exactly('small', cel(`device.capacity["${driverA}"].memory.compareTo(quantity("1Gi")) >= 0`)),
          exactly('big', cel(`device.capacity["${driverA}"].memory.compareTo(quantity("4Gi")) >= 0`)),
        ]),
      ],
      slices: [slice([sized('large', '8Gi'), sized('little', '2Gi')])],
    },
    ['small=little', 'big=large'],
  ],
  [
    'selectors of the class and of the request',
    {
      claims: [claim('c', [exactly('r', cel(`${own}.healthy`))])],
      slices: [
        slice([
          having('d1', { model: { string: 'old' }, healthy: { bool: true } }),
          having('d2', { model: { string: 'new' }, healthy: { bool: false } }),
          having('d3', { model: { string: 'new' }, healthy: { bool: true } }),
        ]),
      ],
      classes: [deviceClass('class-a', cel(`${own}.model == "new"`))],
    },
    ['r=d3'],
  ],
  [
    'not more than a claim can have',
    { claims: [claim('c', [exactly('r', { count: 33 })])], slices: [slice([])] },
    'claim default/c: number of requested devices 33 exceeds the claim limit of 32',
  ],
];

const wrong: Case[] = [
  [
    'a class that is not there',
    {
      claims: [claim('c', [exactly('r', { deviceClassName: 'nope' })])],
      slices: [slice(['d1'])],
    },
    'claim default/c, request r: could not retrieve device class nope: deviceclass.resource.k8s.io "nope" not found',
  ],
  [
    'a selector of a request that has no value',
    { claims: [claim('c', [exactly('r', cel(`${own}.nothing`))])], slices: [slice(['d1'])] },
    'claim default/c: selector #0: CEL runtime error: no such key: nothing',
  ],
  [
    'a selector of a class that has no value',
    {
      claims: [claim('c', [exactly('r')])],
      slices: [slice(['d1'])],
      classes: [deviceClass('class-a', cel(`${own}.nothing`))],
    },
    'class class-a: selector #0: CEL runtime error: no such key: nothing',
  ],
  [
    'a constraint of no kind',
    { claims: [claim('c', [exactly('r')], { constraints: [{}] })], slices: [slice(['d1'])] },
    'claim default/c, constraint #0: empty constraint (unsupported constraint type?)',
  ],
  [
    'a selector of no kind',
    { claims: [claim('c', [exactly('r', { selectors: [{}] })])], slices: [slice(['d1'])] },
    'claim default/c, request r, selector #0: CEL expression empty (unsupported selector type?)',
  ],
];

const everything: Case[] = [
  ['all devices', { claims: [claim('c', [all('r')])], slices: [slice(['d1', 'd2'])] }, ['r=d1', 'r=d2']],
  ['at least one', { claims: [claim('c', [all('r')])], slices: [slice([])] }, 'none'],
  [
    'all or none',
    {
      claims: [claim('c', [all('r')])],
      slices: [slice(['d1', 'd2'])],
      others: [allocatedTo('o', { device: 'd2' })],
    },
    'none',
  ],
  [
    'all that are selected',
    {
      claims: [claim('c', [all('r', cel(`${own}.big`))])],
      slices: [slice([having('d1', { big: { bool: true } }), having('d2', { big: { bool: false } })])],
    },
    ['r=d1'],
  ],
  [
    'not of a pool that is not whole',
    { claims: [claim('c', [all('r')])], slices: [slice(['d1'], pool('pool-1', 1, 2))] },
    `claim default/c, request r: asks for all devices, but resource pool ${driverA}/pool-1 is currently being updated`,
  ],
  [
    'not of a pool that is wrong',
    { claims: [claim('c', [all('r')])], slices: [slice(['d1', 'd1'])] },
    `claim default/c, request r: asks for all devices, but resource pool ${driverA}/pool-1 is currently invalid`,
  ],
  [
    'of the node alone',
    {
      claims: [claim('c', [all('r')])],
      slices: [
        slice(['d1'], pool('pool-1', 1, 2)),
        slice(['d2'], { ...pool('pool-1', 1, 2), nodeName: 'node-2' }),
      ],
    },
    ['r=d1'],
  ],
  [
    'a constraint that they do not meet',
    {
      claims: [claim('c', [all('r')], { constraints: [{ matchAttribute: `${driverA}/numa` }] })],
      slices: [slice([having('d1', { numa: { int: 1 } }), having('d2', { numa: { int: 2 } })])],
    },
    `claim default/c, request r: cannot add device ${driverA}/pool-1/d2 because a claim constraint would not be satisfied`,
  ],
];

const alternatives: Case[] = [
  [
    'the first that is to be had',
    {
      claims: [claim('c', [anyOf('r', { name: 'two', count: 2 }, { name: 'one' })])],
      slices: [slice(['d1'])],
    },
    ['r/one=d1'],
  ],
  [
    'the best where there is enough',
    {
      claims: [claim('c', [anyOf('r', { name: 'two', count: 2 }, { name: 'one' })])],
      slices: [slice(['d1', 'd2'])],
    },
    ['r/two=d1', 'r/two=d2'],
  ],
  [
    'a lesser one where the rest of the claim needs the device',
    {
      claims: [claim('c', [anyOf('r', { name: 'two', count: 2 }, { name: 'one' }), exactly('s')])],
      slices: [slice(['d1', 'd2'])],
    },
    ['r/one=d1', 's=d2'],
  ],
  [
    'none',
    {
      claims: [claim('c', [anyOf('r', { name: 'two', count: 2 }, { name: 'three', count: 3 })])],
      slices: [slice(['d1'])],
    },
    'none',
  ],
  [
    'one of another class, all of it',
    {
      claims: [
        claim('c', [
          anyOf(
            'r',
            { name: 'two', count: 2 },
            { name: 'b', deviceClassName: 'class-b', allocationMode: 'All' },
          ),
        ]),
      ],
      slices: [slice(['d1']), slice(['e1', 'e2'], { driver: driverB })],
    },
    [`r/b=${driverB}/e1`, `r/b=${driverB}/e2`],
  ],
  [
    'one that leaves room for the others of the claim',
    {
      claims: [
        claim('c', [anyOf('r', { name: 'many', count: 30 }, { name: 'one' }), exactly('s', { count: 3 })]),
      ],
      slices: [slice(Array.from({ length: 40 }, (_, at) => `d${at}`))],
    },
    ['r/one=d0', 's=d1', 's=d2', 's=d3'],
  ],
];

const numa = (name: string, value: number) => having(name, { numa: { int: value } });
const together = (requests: string[]) => ({ constraints: [{ requests, matchAttribute: `${driverA}/numa` }] });
const constrained: Case[] = [
  [
    'the same value',
    {
      claims: [claim('c', [exactly('r', { count: 2 })], together([]))],
      slices: [slice([numa('d1', 1), numa('d2', 2), numa('d3', 2)])],
    },
    ['r=d2', 'r=d3'],
  ],
  [
    'only of the requests that it names',
    {
      claims: [claim('c', [exactly('r'), exactly('s')], together(['r']))],
      slices: [slice([numa('d1', 1), numa('d2', 2)])],
    },
    ['r=d1', 's=d2'],
  ],
  [
    'an attribute with its domain written out',
    {
      claims: [claim('c', [exactly('r', { count: 2 })], together([]))],
      slices: [slice([having('d1', { [`${driverA}/numa`]: { int: 2 } }), numa('d2', 2)])],
    },
    ['r=d1', 'r=d2'],
  ],
  [
    'not where the attribute is missing, nor of another type',
    {
      claims: [claim('c', [exactly('r', { count: 2 })], together([]))],
      slices: [slice(['d1', numa('d2', 1), having('d3', { numa: { string: '1' } })])],
    },
    'none',
  ],
  [
    'not the same attribute of another driver’s domain',
    {
      claims: [claim('c', [exactly('a'), exactly('b', { deviceClassName: 'class-b' })], together([]))],
      slices: [slice([numa('d1', 1)]), slice([numa('d1', 1)], { driver: driverB })],
    },
    'none',
  ],
  [
    'an alternative that it names',
    {
      claims: [claim('c', [anyOf('r', { name: 'two', count: 2 }, { name: 'one' })], together(['r/two']))],
      slices: [slice([numa('d1', 1), numa('d2', 2)])],
    },
    ['r/one=d1'],
  ],
  [
    'different values',
    {
      claims: [
        claim('c', [exactly('r', { count: 2 })], {
          constraints: [{ distinctAttribute: `${driverA}/numa` }],
        }),
      ],
      slices: [slice([numa('d1', 1), numa('d2', 1), numa('d3', 2)])],
    },
    ['r=d1', 'r=d3'],
  ],
];

const labelled = (label: string) => ({
  nodeSelector: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [label] }] }],
  },
});
const placed: Case[] = [
  [
    'not of another node',
    { claims: [claim('c', [exactly('r')])], slices: [slice(['d1'], { nodeName: 'node-2' })] },
    'none',
  ],
  [
    'of all nodes',
    { claims: [claim('c', [exactly('r')])], slices: [slice(['d1'], { allNodes: true })] },
    ['r=d1'],
  ],
  [
    'of the nodes that a selector is for',
    {
      claims: [claim('c', [exactly('r')])],
      slices: [slice(['d1'], labelled('x')), slice(['d2'], { ...labelled('y'), ...pool('pool-2') })],
      node: node('node-1', { labels: { zone: 'y' } }),
    },
    ['r=pool-2/d2'],
  ],
  [
    'each device for nodes of its own',
    {
      claims: [claim('c', [exactly('r', { count: 3 })])],
      slices: [
        slice(
          [
            { name: 'd1', nodeName: 'node-2' },
            { name: 'd2', nodeName: 'node-1' },
            { name: 'd3', allNodes: true },
            { name: 'd4', ...labelled('y') },
          ],
          { perDeviceNodeSelection: true },
        ),
      ],
      node: node('node-1', { labels: { zone: 'y' } }),
    },
    ['r=d2', 'r=d3', 'r=d4'],
  ],
  [
    'of the newest generation',
    {
      claims: [claim('c', [exactly('r')])],
      slices: [slice(['new'], pool('pool-1', 2)), slice(['old'], pool('pool-1', 1))],
    },
    ['r=new'],
  ],
  [
    'not of an old generation where the new one has nothing here',
    {
      claims: [claim('c', [exactly('r')])],
      slices: [
        slice(['old'], pool('pool-1', 1)),
        slice(['new'], { ...pool('pool-1', 2), nodeName: 'node-2' }),
      ],
    },
    'none',
  ],
  [
    'not of a pool that is not whole, but of another',
    {
      claims: [claim('c', [exactly('r')])],
      slices: [slice(['d1'], pool('pool-1', 1, 2)), slice(['d2'], pool('pool-2'))],
    },
    ['r=pool-2/d2'],
  ],
  [
    'not of a pool with two devices of one name',
    {
      claims: [claim('c', [exactly('r')])],
      slices: [slice(['d1'], pool('pool-1', 1, 2)), slice(['d1'], pool('pool-1', 1, 2))],
    },
    'none',
  ],
];

const taint = (name: string, effect = 'NoSchedule') => ({
  name,
  taints: [{ key: 'broken', value: 'fan', effect }],
});
const tainted: Case[] = [
  ['not tolerated', { claims: [claim('c', [exactly('r')])], slices: [slice([taint('d1'), 'd2'])] }, ['r=d2']],
  [
    'tolerated',
    {
      claims: [claim('c', [exactly('r', { tolerations: [{ key: 'broken', operator: 'Exists' }] })])],
      slices: [slice([taint('d1')])],
    },
    ['r=d1'],
  ],
  [
    'another value',
    {
      claims: [
        claim('c', [exactly('r', { tolerations: [{ key: 'broken', operator: 'Equal', value: 'chip' }] })]),
      ],
      slices: [slice([taint('d1')])],
    },
    'none',
  ],
  [
    'another effect',
    {
      claims: [
        claim('c', [
          exactly('r', { tolerations: [{ key: 'broken', operator: 'Exists', effect: 'NoSchedule' }] }),
        ]),
      ],
      slices: [slice([taint('d1', 'NoExecute')])],
    },
    'none',
  ],
  [
    'with no effect',
    { claims: [claim('c', [exactly('r')])], slices: [slice([taint('d1', 'None')])] },
    ['r=d1'],
  ],
  ['of all devices', { claims: [claim('c', [all('r')])], slices: [slice([taint('d1'), 'd2'])] }, 'none'],
];

const part = (name: string, memory: string) => ({
  name,
  consumesCounters: [{ counterSet: 'card', counters: { memory: { value: memory } } }],
});
const counted = (...parts: readonly Device[]) => [
  slice([], {
    ...pool('pool-1', 1, 2),
    sharedCounters: [{ name: 'card', counters: { memory: { value: '8Gi' } } }],
  }),
  slice(parts, pool('pool-1', 1, 2)),
];
const partitioned: Case[] = [
  [
    'as long as the counters last',
    {
      claims: [claim('c', [exactly('r', { count: 2 })])],
      slices: counted(part('whole', '8Gi'), part('half-1', '4Gi'), part('half-2', '4Gi')),
    },
    ['r=half-1', 'r=half-2'],
  ],
  [
    'beside what is allocated',
    {
      claims: [claim('c', [exactly('r')])],
      slices: counted(part('whole', '8Gi'), part('half-1', '4Gi'), part('half-2', '4Gi')),
      others: [allocatedTo('o', { device: 'half-1' })],
    },
    ['r=half-2'],
  ],
  [
    'not of a counter that is not there',
    {
      claims: [claim('c', [exactly('r')])],
      slices: counted({
        name: 'd1',
        consumesCounters: [{ counterSet: 'card', counters: { cores: { value: '1' } } }],
      }),
    },
    'none',
  ],
];

const shareable = (requestPolicy?: object): Device => ({
  name: 'd1',
  allowMultipleAllocations: true,
  capacity: { bandwidth: { value: '10', ...(requestPolicy === undefined ? {} : { requestPolicy }) } },
});
const asks = (bandwidth: string) => ({ capacity: { requests: { bandwidth } } });
const shared: Case[] = [
  [
    'by several claims',
    {
      claims: [claim('c', [exactly('r', asks('4'))]), claim('e', [exactly('r', asks('6'))])],
      slices: [slice([shareable()])],
    },
    ['r=d1', 'r=d1'],
  ],
  [
    'as long as there is any left',
    {
      claims: [claim('c', [exactly('r', asks('4'))])],
      slices: [slice([shareable()])],
      others: [allocatedTo('o', { device: 'd1', shareID: 's', consumedCapacity: { bandwidth: '7' } })],
    },
    'none',
  ],
  [
    'without an amount, all of it',
    {
      claims: [claim('c', [exactly('r')]), claim('e', [exactly('r', asks('1'))])],
      slices: [slice([shareable()])],
    },
    'none',
  ],
  [
    'in the amounts that are handed out',
    {
      claims: [claim('c', [exactly('r', asks('3'))]), claim('e', [exactly('r', asks('6'))])],
      slices: [slice([shareable({ default: '5', validValues: ['5', '10'] })])],
    },
    'none',
  ],
  [
    'in steps',
    {
      claims: [claim('c', [exactly('r', asks('3'))]), claim('e', [exactly('r', asks('5'))])],
      slices: [slice([shareable({ default: '2', validRange: { min: '2', step: '2', max: '6' } })])],
    },
    ['r=d1', 'r=d1'],
  ],
  [
    'not more than is handed out at once',
    {
      claims: [claim('c', [exactly('r', asks('8'))])],
      slices: [slice([shareable({ default: '2', validRange: { min: '2', max: '6' } })])],
    },
    'none',
  ],
  [
    'a capacity that is not there',
    {
      claims: [claim('c', [exactly('r', { capacity: { requests: { height: '1' } } })])],
      slices: [slice([shareable()])],
    },
    'none',
  ],
];

describe.each([
  ['finds', few],
  ['says what is wrong', wrong],
  ['grants all', everything],
  ['grants alternatives', alternatives],
  ['keeps constraints', constrained],
  ['takes devices from where they are', placed],
  ['minds taints', tainted],
  ['splits devices', partitioned],
  ['shares devices', shared],
])('the allocator %s', (_, cases) => {
  it.each(cases)('%s', (_name, setup, expected) => {
    expect(devices(setup)).toEqual(expected);
  });
});

describe('an allocation', () => {
  const opaque = (driver: string) => ({ opaque: { driver, parameters: { a: 1 } } });

  it('carries the configuration of the classes and of what was granted', () => {
    const found = run({
      claims: [
        claim('c', [anyOf('r', { name: 'two', count: 2 }, { name: 'one' }), exactly('s')], {
          config: [
            { ...opaque('every'), requests: [] },
            { ...opaque('second'), requests: ['s'] },
            { ...opaque('parent'), requests: ['r'] },
            { ...opaque('chosen'), requests: ['r/one'] },
            { ...opaque('passed'), requests: ['r/two'] },
          ],
        }),
      ],
      slices: [slice(['d1', 'd2'])],
      classes: [deviceClass('class-a', { selectors: ofDriver(driverA), config: [opaque('class')] })],
    });
    expect(found?.[0]?.devices?.config?.map(({ source, opaque: one }) => `${source} ${one?.driver}`)).toEqual(
      [
        'FromClass class',
        'FromClass class',
        'FromClaim every',
        'FromClaim second',
        'FromClaim parent',
        'FromClaim chosen',
      ],
    );
  });

  it('is for the node of its devices, or for those that their slices select', () => {
    const selectorOf = (...slices: Setup['slices']) =>
      run({
        claims: [claim('c', [exactly('r', { count: slices.length })])],
        slices,
        node: node('node-1', { labels: { zone: 'x', rack: '7' } }),
      })?.[0]?.nodeSelector;
    const local = {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }] }],
    };
    expect(selectorOf(slice(['d1']))).toEqual(local);
    expect(selectorOf(slice(['d1'], { allNodes: true }))).toBeUndefined();
    expect(selectorOf(slice([{ name: 'd1', bindsToNode: true }], { allNodes: true }))).toEqual(local);
    const rack = [{ key: 'rack', operator: 'In', values: ['7'] }];
    expect(
      selectorOf(
        slice(['d1'], labelled('x')),
        slice(['d1'], { ...labelled('x'), ...pool('pool-2') }),
        slice(['d1'], {
          nodeSelector: { nodeSelectorTerms: [{ matchExpressions: rack }] },
          ...pool('pool-3'),
        }),
      ),
    ).toEqual({
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['x'] }, ...rack] }],
    });
  });

  it('tells shares, tolerations, conditions and administrators', () => {
    const tolerations = [{ key: 'broken', operator: 'Exists' }];
    const found = run({
      claims: [
        claim('c', [exactly('r', { ...asks('4'), tolerations }), exactly('s', { adminAccess: true })]),
      ],
      slices: [
        slice([{ ...shareable(), bindingConditions: ['Ready'], bindingFailureConditions: ['Bad'] }]),
        slice(['d2'], pool('pool-2')),
      ],
    });
    const place = { driver: driverA, pool: 'pool-2', device: 'd2' };
    // Devices that are ready come before those that must be made so.
    expect(found?.[0]?.devices?.results).toEqual([
      {
        request: 'r',
        driver: driverA,
        pool: 'pool-1',
        device: 'd1',
        tolerations,
        bindingConditions: ['Ready'],
        bindingFailureConditions: ['Bad'],
        shareID: 'share-0',
        consumedCapacity: { bandwidth: '4' },
      },
      { request: 's', ...place, adminAccess: true },
    ]);
  });

  it('is the better, the better the alternatives are', () => {
    const wanted = claim('c', [anyOf('r', { name: 'two', count: 2 }, { name: 'one' })]);
    const score = (...names: string[]) => {
      const [found] = run({ claims: [wanted], slices: [slice(names)] }) ?? [];
      return found && allocationScore(wanted, found);
    };
    expect([score('d1', 'd2'), score('d1')]).toEqual([8, 7]);
  });
});
