import { expect, it } from 'vitest';
import { formatTime } from '@drydock/base/apimachinery';
import { Lease } from '@drydock/api/coordination/v1';
import { Node, Pod, type NodeCondition } from '@drydock/api/core/v1';
import { createStage } from '../shared/stage.spec-support.ts';
import { createNodeLifecycleController } from './index.ts';

// The facts of kube-controller-manager's own tables about what is written of a node that is silent, and of its Pods.

const startMs = Date.parse('2015-01-01T12:00:00Z');
const at = (seconds: number) => formatTime(startMs + seconds * 1000);
const longAgo = '2012-01-01T00:00:00Z';
const second = 1000;
const says = (type: string, status: string, seconds = 0): NodeCondition => ({
  type,
  status,
  lastHeartbeatTime: at(seconds),
  lastTransitionTime: at(0),
});
const ready = (seconds = 0) => says('Ready', 'True', seconds);
const node = (conditions: readonly NodeCondition[], creationTimestamp = longAgo): Node => ({
  metadata: { name: 'node0', uid: 'node0', creationTimestamp },
  ...(conditions.length > 0 && { status: { capacity: { cpu: '10' }, conditions: [...conditions] } }),
});
const lease = (seconds: number): Lease => ({
  metadata: { name: 'node0', namespace: 'kube-node-lease' },
  spec: { renewTime: `${at(seconds).slice(0, -1)}.000000Z` },
});
const pod: Pod = {
  metadata: { name: 'pod0', namespace: 'default', uid: 'pod0' },
  spec: { nodeName: 'node0', containers: [] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
};
const never = (since: number, ...types: string[]) =>
  types.map((type) => ({
    type,
    status: 'Unknown',
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
    lastHeartbeatTime: longAgo,
    lastTransitionTime: at(since),
  }));
const silent = (since: number, condition: NodeCondition) => ({
  ...condition,
  status: 'Unknown',
  reason: 'NodeStatusUnknown',
  message: 'Kubelet stopped posting node status.',
  lastTransitionTime: at(since),
});
const all = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];
const [, ...pressures] = all;
const monitor = 40;
const startup = 60;

interface Row {
  readonly node: Node;
  readonly lease?: number;
  /** What is said 30 seconds later. */
  readonly later?: { readonly node?: Node; readonly lease?: number };
  /** How long after the beginning it is looked at; default: only at once. */
  readonly waits?: number;
  readonly expected?: readonly NodeCondition[];
  /** Whether its Pods are told that they are not ready. */
  readonly pods?: boolean;
}

it.each<[string, Row]>([
  ['silent since it was made, long ago', { node: node([]), expected: never(0, ...all) }],
  ['silent and new', { node: node([], at(0)) }],
  ['silent and new, with a lease', { node: node([], at(0)), lease: 0 }],
  [
    'silent and not so new any more, with a lease that is not renewed',
    { node: node([]), lease: 0, waits: startup + 1, expected: never(startup, ...all) },
  ],
  ['silent since long ago, with a lease', { node: node([]), lease: 0 }],
  [
    'fell silent',
    {
      node: node([ready()]),
      waits: monitor + 1,
      expected: [silent(monitor, ready()), ...never(monitor, ...pressures)],
      pods: true,
    },
  ],
  ['spoke a moment ago', { node: node([ready()]) }],
  [
    'fell silent, and renews its lease',
    { node: node([ready(), says('DiskPressure', 'False')]), lease: 0, later: { lease: 30 }, waits: 69 },
  ],
  [
    'speaks, and does not renew its lease',
    {
      node: node([ready(), says('DiskPressure', 'False')]),
      lease: 0,
      later: { node: node([ready(30), says('DiskPressure', 'False', 30)]) },
      waits: 69,
    },
  ],
  [
    'fell silent, and does not renew its lease',
    {
      node: node([ready()]),
      lease: 0,
      waits: monitor + 1,
      expected: [silent(monitor, ready()), ...never(monitor, ...pressures)],
      pods: true,
    },
  ],
])('a node that is %s', async (_title, row) => {
  const { waits = 0, later = {}, expected, pods = false } = row;
  const stage = createStage({ startMs });
  stage.put(Node, row.node);
  stage.put(Pod, pod);
  if (row.lease !== undefined) stage.put(Lease, lease(row.lease));
  await stage.play((deps) =>
    createNodeLifecycleController(
      { nodeMonitorGraceMs: monitor * second, nodeStartupGraceMs: startup * second },
      deps,
    ),
  );
  if (waits > 0) await stage.clock.advance(30 * second);
  if (later.node !== undefined) stage.put(Node, later.node);
  if (later.lease !== undefined) stage.put(Lease, lease(later.lease));
  await stage.settle();
  if (waits > 0) await stage.clock.advance((waits - 30) * second);
  await stage.settle();
  const statuses = stage.writes.filter(({ subresource }) => subresource === 'status');
  expect(statuses.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
    ...(expected === undefined ? [] : ['update nodes']),
    ...(pods ? ['patch pods'] : []),
  ]);
  if (expected !== undefined) {
    const written = (statuses[0]?.body as Node | undefined)?.status;
    expect(written?.conditions).toEqual(expected);
    expect(written?.capacity).toEqual(row.node.status?.capacity);
  }
  expect(stage.errors).toEqual([]);
  await stage.stop();
});
