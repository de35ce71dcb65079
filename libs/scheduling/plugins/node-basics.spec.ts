import { describe, expect, it } from 'vitest';
import { filterAll, info, nodeWith, pod, scoreAll } from '../framework/testing.spec-support.ts';
import { nodeAffinity } from './node-affinity.ts';
import {
  nodeName,
  nodePorts,
  nodeUnschedulable,
  prioritySort,
  schedulingGates,
  taintToleration,
} from './node-basics.ts';

describe('SchedulingGates', () => {
  it('names the gates', () => {
    const gated = pod({ spec: { schedulingGates: [{ name: 'foo' }, { name: 'bar' }] } });
    expect(schedulingGates.preEnqueue?.(gated)?.reasons).toEqual(['waiting for scheduling gates: [foo bar]']);
    expect(schedulingGates.preEnqueue?.(pod())).toBeUndefined();
  });
});

describe('PrioritySort', () => {
  it('puts priority before age', () => {
    const at = (priority: number, timestampMs: number) => ({
      info: info({ spec: { priority } }),
      timestampMs,
      attempts: 1,
    });
    expect(prioritySort.queueSort?.(at(10, 2), at(5, 1))).toBeLessThan(0);
    expect(prioritySort.queueSort?.(at(5, 2), at(5, 1))).toBeGreaterThan(0);
  });
});

describe('node filters', () => {
  it('NodeUnschedulable wants the toleration of its taint', () => {
    const nodes = [nodeWith('off', { unschedulable: true }), nodeWith('on')];
    expect(filterAll(nodeUnschedulable, info(), nodes)).toEqual({
      off: 'node(s) were unschedulable',
      on: 'ok',
    });
    const tolerant = info({
      spec: { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] },
    });
    expect(filterAll(nodeUnschedulable, tolerant, nodes)).toEqual({ off: 'ok', on: 'ok' });
  });

  it('NodeName', () => {
    expect(filterAll(nodeName, info({ spec: { nodeName: 'a' } }), [nodeWith('a'), nodeWith('b')])).toEqual({
      a: 'ok',
      b: "node(s) didn't match the requested node name",
    });
  });

  it('TaintToleration refuses hard taints and rates soft ones', () => {
    const hard = nodeWith('hard', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] });
    const soft = nodeWith('soft', { taints: [{ key: 'k', value: 'v', effect: 'PreferNoSchedule' }] });
    expect(filterAll(taintToleration, info(), [hard, soft, nodeWith('free')])).toEqual({
      hard: 'node(s) had untolerated taint(s)',
      soft: 'ok',
      free: 'ok',
    });
    expect(scoreAll(taintToleration, info(), [soft, nodeWith('free')])).toEqual([0, 100]);
    const tolerant = info({ spec: { tolerations: [{ key: 'k', operator: 'Equal', value: 'v' }] } });
    expect(filterAll(taintToleration, tolerant, [hard])).toEqual({ hard: 'ok' });
    expect(scoreAll(taintToleration, tolerant, [soft, nodeWith('free')])).toEqual([100, 100]);
  });

  it.each([
    ['0.0.0.0', '127.0.0.1', 'TCP', false],
    ['127.0.0.1', '127.0.0.1', 'TCP', false],
    ['127.0.0.1', '127.0.0.2', 'TCP', true],
    ['127.0.0.1', '0.0.0.0', 'TCP', false],
    ['127.0.0.1', '127.0.0.1', 'UDP', true],
  ])('NodePorts: %s wanted where %s %s is used: free %s', (wanted, used, protocol, free) => {
    const withPort = (hostIP: string, kind: string) =>
      info({
        containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080, hostIP, protocol: kind }] }],
      });
    const taken = nodeWith('n', { pods: [withPort(used, protocol)] });
    expect(filterAll(nodePorts, withPort(wanted, 'TCP'), [taken])['n']).toBe(
      free ? 'ok' : "node(s) didn't have free ports for the requested pod ports",
    );
  });
});

describe('NodeAffinity', () => {
  const required = (key: string, operator: string, values?: string[]) =>
    info({
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values && { values }) }] }],
            },
          },
        },
      },
    });
  const ssd = nodeWith('ssd', { labels: { disk: 'ssd', cores: '8' } });
  const bare = nodeWith('bare');

  it.each([
    ['In', ['ssd', 'hdd'], 'disk', true, false],
    ['NotIn', ['ssd'], 'disk', false, true],
    ['Exists', undefined, 'disk', true, false],
    ['DoesNotExist', undefined, 'disk', false, true],
    ['Gt', ['4'], 'cores', true, false],
    ['Lt', ['4'], 'cores', false, false],
  ])('%s', (operator, values, key, onSsd, onBare) => {
    const mismatch = "node(s) didn't match Pod's node affinity/selector";
    expect(filterAll(nodeAffinity(), required(key, operator, values), [ssd, bare])).toEqual({
      ssd: onSsd ? 'ok' : mismatch,
      bare: onBare ? 'ok' : mismatch,
    });
  });

  it('names the nodes that its fields name, and sees a conflict', () => {
    const fields = (...names: string[]) =>
      info({
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  {
                    matchFields: names.map((name) => ({
                      key: 'metadata.name',
                      operator: 'In',
                      values: [name],
                    })),
                  },
                ],
              },
            },
          },
        },
      });
    const preFilter = (target: ReturnType<typeof info>) =>
      nodeAffinity().preFilter?.(new Map(), target, undefined as never);
    expect([...(preFilter(fields('a'))?.nodeNames ?? [])]).toEqual(['a']);
    expect(preFilter(fields('a', 'b'))?.status?.reasons).toEqual(['pod affinity terms conflict']);
  });

  it('adds what the profile adds', () => {
    const plugin = nodeAffinity({
      addedAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }],
        },
      },
    });
    expect(filterAll(plugin, info(), [ssd, bare])['bare']).toBe(
      "node(s) didn't match scheduler-enforced node affinity",
    );
  });

  it('rates preferred terms', () => {
    const target = info({
      spec: {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 2, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
              { weight: 5, preference: { matchExpressions: [{ key: 'cores', operator: 'Exists' }] } },
            ],
          },
        },
      },
    });
    expect(
      scoreAll(nodeAffinity(), target, [ssd, nodeWith('half', { labels: { disk: 'hdd' } }), bare]),
    ).toEqual([100, 28, 0]);
    expect(scoreAll(nodeAffinity(), info(), [ssd, bare])).toBe('skip');
  });
});
