import { describe, expect, it } from 'vitest';
import { cells, fiveMinutesAgo, rowOf } from './rows.spec-support.ts';

const age = '<unknown>';
const none = '<none>';
const running = { running: {} };
const completed = { terminated: { reason: 'Completed', exitCode: 0 } };
const waiting = (reason: string) => ({ waiting: { reason } });
const terminated = (fields: object) => ({ terminated: { exitCode: 0, ...fields } });
const ready = { type: 'Ready', status: 'True' };
const restarted = { lastState: terminated({ finishedAt: fiveMinutesAgo }) };

/** Ready, Status and Restarts of a Pod: two containers, then what it is otherwise. */
type PodCase = readonly [
  what: string,
  status: object,
  cells: readonly [ready: string, status: string, restarts: string],
  spec?: object,
  metadata?: object,
];

const sidecar = { name: 'side', restartPolicy: 'Always' };
const init = { name: 'init' };
const pods: readonly PodCase[] = [
  [
    'one ready, one not',
    {
      phase: 'Running',
      containerStatuses: [{ ready: true, restartCount: 3, state: running }, { restartCount: 3 }],
    },
    ['1/2', 'Running', '6'],
  ],
  [
    'one waiting for a reason',
    {
      phase: 'Running',
      containerStatuses: [
        { ready: true, restartCount: 3, state: running },
        { restartCount: 3, state: waiting('ImagePullBackOff') },
      ],
    },
    ['1/2', 'ImagePullBackOff', '6'],
  ],
  [
    'the first container has the word',
    {
      phase: 'Running',
      containerStatuses: [{ state: waiting('First') }, { state: terminated({ reason: 'Second' }) }],
    },
    ['0/2', 'First', '0'],
  ],
  [
    'a reason of the Pod itself',
    { phase: 'Failed', reason: 'Evicted', containerStatuses: [] },
    ['0/2', 'Evicted', '0'],
  ],
  [
    'ready but not running',
    { phase: 'Running', containerStatuses: [{ ready: true, state: running }, { ready: true }] },
    ['1/2', 'Running', '0'],
  ],
  [
    'one completed, one running, the Pod not ready',
    {
      phase: 'Running',
      containerStatuses: [
        { ready: true, state: completed },
        { ready: true, state: running },
      ],
    },
    ['1/2', 'NotReady', '0'],
  ],
  [
    'one completed, one running, the Pod ready',
    {
      phase: 'Running',
      conditions: [ready],
      containerStatuses: [
        { ready: true, state: completed },
        { ready: true, state: running },
      ],
    },
    ['1/2', 'Running', '0'],
  ],
  [
    'restarted a while ago',
    {
      phase: 'Running',
      containerStatuses: [
        { restartCount: 3, state: running, ...restarted },
        { restartCount: 1, state: running },
      ],
    },
    ['0/2', 'Running', '4 (5m ago)'],
  ],
  [
    'ended by a signal',
    { phase: 'Running', containerStatuses: [{ state: terminated({ signal: 9, exitCode: 137 }) }] },
    ['0/2', 'Signal:9', '0'],
  ],
  [
    'ended by itself',
    { phase: 'Running', containerStatuses: [{ state: terminated({ exitCode: 2 }) }] },
    ['0/2', 'ExitCode:2', '0'],
  ],
  [
    'held back',
    { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    ['0/2', 'SchedulingGated', '0'],
  ],
  [
    'the second of two init containers at work',
    {
      phase: 'Pending',
      initContainerStatuses: [
        { name: 'init', restartCount: 2, state: completed },
        { name: 'init2', restartCount: 1, state: running },
      ],
      containerStatuses: [{ restartCount: 7, state: waiting('PodInitializing') }],
    },
    ['0/2', 'Init:1/2', '3'],
    { initContainers: [init, { name: 'init2' }] },
  ],
  [
    'an init container that waits',
    { phase: 'Pending', initContainerStatuses: [{ name: 'init', state: waiting('CrashLoopBackOff') }] },
    ['0/2', 'Init:CrashLoopBackOff', '0'],
    { initContainers: [init] },
  ],
  [
    'an init container about to start',
    { phase: 'Pending', initContainerStatuses: [{ name: 'init', state: waiting('PodInitializing') }] },
    ['0/2', 'Init:0/1', '0'],
    { initContainers: [init] },
  ],
  [
    'an init container that failed for a reason',
    {
      phase: 'Pending',
      initContainerStatuses: [{ name: 'init', state: terminated({ reason: 'OOMKilled', exitCode: 1 }) }],
    },
    ['0/2', 'Init:OOMKilled', '0'],
    { initContainers: [init] },
  ],
  [
    'an init container that failed by a signal',
    {
      phase: 'Pending',
      initContainerStatuses: [{ name: 'init', state: terminated({ signal: 9, exitCode: 1 }) }],
    },
    ['0/2', 'Init:Signal:9', '0'],
    { initContainers: [init] },
  ],
  [
    'an init container that failed',
    { phase: 'Pending', initContainerStatuses: [{ name: 'init', state: terminated({ exitCode: 3 }) }] },
    ['0/2', 'Init:ExitCode:3', '0'],
    { initContainers: [init] },
  ],
  [
    'a sidecar that has started, with its restarts',
    {
      phase: 'Running',
      initContainerStatuses: [
        { name: 'init', restartCount: 5, state: completed },
        { name: 'side', restartCount: 2, ready: true, started: true, state: running, ...restarted },
      ],
      containerStatuses: [
        { ready: true, restartCount: 1, state: running },
        { ready: true, state: running },
      ],
    },
    ['3/3', 'Running', '3 (5m ago)'],
    { initContainers: [init, sidecar] },
  ],
  [
    'a sidecar that has started and is not ready',
    {
      phase: 'Running',
      initContainerStatuses: [{ name: 'side', ready: false, started: true, state: running }],
      containerStatuses: [
        { ready: true, state: running },
        { ready: true, state: running },
      ],
    },
    ['2/3', 'Running', '0'],
    { initContainers: [sidecar] },
  ],
  [
    'a sidecar that starts',
    { phase: 'Pending', initContainerStatuses: [{ name: 'side', started: false, state: running }] },
    ['0/3', 'Init:0/1', '0'],
    { initContainers: [sidecar] },
  ],
  [
    'an initialized Pod whose init container runs again',
    {
      phase: 'Running',
      conditions: [{ type: 'Initialized', status: 'True' }],
      initContainerStatuses: [{ name: 'init', state: running }],
      containerStatuses: [{ ready: true, state: running }],
    },
    ['1/2', 'Init:0/1', '0'],
    { initContainers: [init] },
  ],
  ['deleted', { phase: 'Running' }, ['0/2', 'Terminating', '0'], {}, { deletionTimestamp: fiveMinutesAgo }],
  [
    'deleted when it was over',
    { phase: 'Succeeded' },
    ['0/2', 'Succeeded', '0'],
    {},
    { deletionTimestamp: fiveMinutesAgo },
  ],
  [
    'deleted on a node that is lost',
    { phase: 'Running', reason: 'NodeLost' },
    ['0/2', 'Unknown', '0'],
    {},
    { deletionTimestamp: fiveMinutesAgo },
  ],
];

describe('the row of a Pod', () => {
  it.each(
    pods.map(([what, status, expected, spec = {}, metadata = {}]) => ({
      what,
      status,
      expected,
      spec,
      metadata,
    })),
  )('$what', ({ status, expected, spec, metadata }) => {
    const fields = { spec: { containers: [{ name: 'a' }, { name: 'b' }], ...spec }, status };
    expect(cells('Pod', fields, metadata)).toEqual(['x', ...expected, age, none, none, none, none]);
  });

  it('tells where it is', () => {
    const gate = (conditionType: string) => ({ conditionType });
    const spec = { nodeName: 'n', readinessGates: [gate('a'), gate('b'), gate('c')], containers: [] };
    const conditions = [
      { type: 'a', status: 'True' },
      { type: 'b', status: 'False' },
    ];
    const podIPs = [{ ip: '1.1.1.1' }, { ip: 'fd00::1' }];
    const status = { phase: 'Running', podIPs, nominatedNodeName: 'm', conditions };
    expect(cells('Pod', { spec, status }).slice(5)).toEqual(['1.1.1.1', 'n', 'm', '1/3']);
  });

  it.each([
    ['Running', undefined],
    ['Succeeded', 'The pod has completed successfully.'],
    ['Failed', 'The pod failed.'],
  ])('has a condition once the Pod is over: %s', (phase, message) => {
    const conditions = [{ type: 'Completed', status: 'True', reason: phase, message }];
    expect(rowOf('Pod', { status: { phase } }).conditions).toEqual(
      message === undefined ? undefined : conditions,
    );
  });
});

describe('the row of a Job', () => {
  const condition = (type: string, status = 'True') => ({ conditions: [{ type, status }] });
  const startTime = '2026-03-10T22:00:00Z';
  it.each([
    ['with a number to complete', { completions: 2 }, { succeeded: 1 }, ['Running', '1/2', '']],
    ['with nothing said', {}, {}, ['Running', '0/1', '']],
    ['of a work queue', { parallelism: 20 }, {}, ['Running', '0/1 of 20', '']],
    ['of a work queue of one', { parallelism: 1 }, { succeeded: 1 }, ['Running', '1/1', '']],
    ['that runs', { completions: 1 }, { startTime }, ['Running', '0/1', '120m']],
    [
      'that is complete',
      { completions: 1 },
      { startTime, completionTime: '2026-03-10T22:31:00Z', ...condition('Complete') },
      ['Complete', '0/1', '31m'],
    ],
    ['that failed', { completions: 1 }, condition('Failed'), ['Failed', '0/1', '']],
    ['that did not fail', { completions: 1 }, condition('Failed', 'False'), ['Running', '0/1', '']],
    ['that is suspended', { completions: 1 }, condition('Suspended'), ['Suspended', '0/1', '']],
    ['that is about to fail', { completions: 1 }, condition('FailureTarget'), ['FailureTarget', '0/1', '']],
    ['whose Pods may end', { completions: 1 }, condition('SuccessCriteriaMet'), ['Running', '0/1', '']],
  ])('%s', (_what, spec, status, expected) => {
    expect(cells('Job', { spec, status })).toEqual(['x', ...expected, age, '', '', none]);
  });

  it('that is deleted says so before it says that it is suspended', () => {
    const deleted = { deletionTimestamp: fiveMinutesAgo };
    expect(cells('Job', { spec: {}, status: condition('Suspended') }, deleted)[1]).toBe('Terminating');
    expect(cells('Job', { spec: {}, status: condition('Complete') }, deleted)[1]).toBe('Complete');
  });
});

describe('the targets of an autoscaler', () => {
  const cpu = { name: 'cpu' };
  const metric = { name: 'm' };
  const describedObject = { kind: 'Service', name: 's' };
  it.each([
    ['none', [], [], none],
    [
      'of each Pod from outside',
      [['External', { metric, target: { averageValue: '100m' } }]],
      [],
      '<unknown>/100m (avg)',
    ],
    [
      'of each Pod from outside, measured',
      [['External', { metric, target: { averageValue: '100m' } }]],
      [['External', { current: { averageValue: '50m' } }]],
      '50m/100m (avg)',
    ],
    [
      'from outside, measured',
      [['External', { metric, target: { value: '100m' } }]],
      [['External', { current: { value: '50m' } }]],
      '50m/100m',
    ],
    ['from outside', [['External', { metric, target: { value: '100m' } }]], [], '<unknown>/100m'],
    ['of Pods', [['Pods', { metric, target: { averageValue: '100m' } }]], [], '<unknown>/100m'],
    [
      'of Pods, measured',
      [['Pods', { metric, target: { averageValue: '100m' } }]],
      [['Pods', { current: { averageValue: '50m' } }]],
      '50m/100m',
    ],
    [
      'of an object, for each Pod',
      [['Object', { describedObject, target: { averageValue: '100m' } }]],
      [['Object', { current: { averageValue: '50m' } }]],
      '50m/100m (avg)',
    ],
    ['of an object', [['Object', { describedObject, target: { value: '100m' } }]], [], '<unknown>/100m'],
    [
      'of a resource by amount',
      [['Resource', { ...cpu, target: { averageValue: '100m' } }]],
      [],
      'cpu: <unknown>/100m',
    ],
    [
      'of a resource by share, measured',
      [['Resource', { ...cpu, target: { averageUtilization: 80 } }]],
      [['Resource', { current: { averageUtilization: 50, averageValue: '40m' } }]],
      'cpu: 50%/80%',
    ],
    ['of a resource with no target', [['Resource', { ...cpu, target: {} }]], [], 'cpu: <unknown>/<auto>'],
    [
      'of a container',
      [['ContainerResource', { ...cpu, container: 'c', target: { averageUtilization: 80 } }]],
      [['ContainerResource', { current: { averageUtilization: 50, averageValue: '40m' } }]],
      'cpu: 50%/80%',
    ],
    [
      'of many',
      [
        ['Pods', { metric, target: { averageValue: '100m' } }],
        ['Resource', { ...cpu, target: { averageUtilization: 80 } }],
        ['Pods', { metric, target: { averageValue: '1' } }],
        ['Pods', { metric, target: { averageValue: '1' } }],
      ],
      [['Pods', { current: { averageValue: '50m' } }]],
      '50m/100m, cpu: <unknown>/80% + 2 more...',
    ],
  ] as const)('%s', (_what, specs, statuses, text) => {
    const union = ([type, source]: readonly [string, object]) => ({
      type,
      [type.charAt(0).toLowerCase() + type.slice(1)]: source,
    });
    const scaleTargetRef = { kind: 'ReplicationController', name: 'rc' };
    const spec = { scaleTargetRef, minReplicas: 2, maxReplicas: 10, metrics: specs.map(union) };
    const status = { currentReplicas: 4, desiredReplicas: 5, currentMetrics: statuses.map(union) };
    expect(cells('HorizontalPodAutoscaler', { spec, status })).toEqual([
      'x',
      'ReplicationController/rc',
      text,
      '2',
      10,
      4,
      age,
    ]);
  });

  it('stand beside a least number that is not set', () => {
    expect(cells('HorizontalPodAutoscaler', { spec: { maxReplicas: 1 } })).toEqual([
      'x',
      '/',
      none,
      '<unset>',
      1,
      0,
      age,
    ]);
  });
});
