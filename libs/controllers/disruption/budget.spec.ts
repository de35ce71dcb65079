import { describe, expect, it } from 'vitest';
import type { Pod } from '@drydock/api/core/v1';
import type { PodDisruptionBudget } from '@drydock/api/policy/v1';
import {
  budgetStatus,
  disruptedPods,
  expectation,
  failedStatus,
  healthyPods,
  needsScale,
  staleDisruptionInMs,
} from './budget.ts';

// The facts of kube-controller-manager's own tables about disruption budgets.

const nowMs = Date.parse('2026-03-01T00:10:00Z');
const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1000).toISOString().replace('.000', '');
const budget = (spec: object, status: object = {}): PodDisruptionBudget =>
  ({ metadata: { name: 'b', generation: 3 }, spec, status }) as PodDisruptionBudget;
const pod = (name: string, { ready = true, going = false, status = {} } = {}): Pod => ({
  metadata: { name, ...(going ? { deletionTimestamp: at(0) } : {}) },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], ...status },
});

describe('what a budget expects', () => {
  it.each<[object, pods: number, scale: number, asksScale: boolean, expected: number, healthy: number]>([
    [{ minAvailable: 3 }, 4, 0, false, 4, 3],
    [{ minAvailable: 3 }, 0, 0, false, 0, 3],
    [{ minAvailable: 0 }, 2, 0, false, 2, 0],
    [{ minAvailable: '28%' }, 0, 0, true, 0, 0],
    [{ minAvailable: '28%' }, 1, 10, true, 10, 3],
    [{ minAvailable: '67%' }, 1, 3, true, 3, 3],
    [{ minAvailable: '20%' }, 1, 5, true, 5, 1],
    [{ minAvailable: '100%' }, 1, 3, true, 3, 3],
    [{ maxUnavailable: 1 }, 1, 5, true, 5, 4],
    [{ maxUnavailable: 9 }, 1, 5, true, 5, 0],
    [{ maxUnavailable: 0 }, 1, 5, true, 5, 5],
    [{ maxUnavailable: '30%' }, 1, 7, true, 7, 4],
    [{ maxUnavailable: '100%' }, 1, 7, true, 7, 0],
    [{}, 4, 4, false, 0, 0],
  ])('%j with %d Pods of a scale of %d', (spec, pods, scale, asksScale, expectedPods, desiredHealthy) => {
    expect(needsScale(budget(spec))).toBe(asksScale);
    expect(expectation(budget(spec), pods, scale)).toEqual({ expectedPods, desiredHealthy });
  });

  it.each([
    // expected, desired, healthy: allowed
    [4, 3, 4, 1],
    [4, 3, 3, 0],
    [4, 3, 2, 0],
    [10, 3, 10, 7],
    [0, 0, 0, 0],
    [0, 0, 5, 0],
    [1, 0, 1, 1],
  ])(
    'of %d Pods %d must be healthy and %d are: %d may go',
    (expectedPods, desiredHealthy, currentHealthy, allowed) => {
      const status = budgetStatus(budget({}), { expectedPods, desiredHealthy }, currentHealthy, {}, nowMs);
      expect(status).toEqual({
        observedGeneration: 3,
        disruptionsAllowed: allowed,
        currentHealthy,
        desiredHealthy,
        expectedPods,
        conditions: [
          {
            type: 'DisruptionAllowed',
            status: allowed > 0 ? 'True' : 'False',
            reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
            message: '',
            observedGeneration: 3,
            lastTransitionTime: at(0),
          },
        ],
      });
    },
  );

  it.each([
    ['True', 'SufficientPods', 5, true],
    ['False', 'SyncFailed', 5, false],
    ['False', 'SyncFailed', 3, true],
  ])('after %s %s, with %d healthy, the time of the change stays: %s', (state, reason, healthy, stays) => {
    const before = {
      type: 'DisruptionAllowed',
      status: state,
      reason,
      message: '',
      lastTransitionTime: at(60),
    };
    const other = { type: 'Mine', status: 'True', reason: 'Mine', message: '', lastTransitionTime: at(90) };
    const given = budget({}, { conditions: [before, other] });
    const { conditions } = budgetStatus(given, { expectedPods: 5, desiredHealthy: 3 }, healthy, {}, nowMs);
    expect(conditions?.[1]).toEqual(other);
    expect(conditions?.[0]?.lastTransitionTime).toBe(stays ? at(60) : at(0));
  });

  it('allows nothing where it could not be worked out', () => {
    const counts = { disruptionsAllowed: 2, currentHealthy: 5, desiredHealthy: 3, expectedPods: 5 };
    expect(failedStatus(budget({}, counts), 'no scale', nowMs)).toEqual({
      ...counts,
      disruptionsAllowed: 0,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'False',
          reason: 'SyncFailed',
          message: 'no scale',
          observedGeneration: 3,
          lastTransitionTime: at(0),
        },
      ],
    });
  });
});

describe('evictions that were granted', () => {
  const granted = { p1: at(0), p2: at(150), p3: at(60), p4: at(30), gone: at(10) };
  const pods = [pod('p1'), pod('p2'), pod('p3', { going: true }), pod('p4'), pod('p5')];

  it('stay until they are done, or overdue after two minutes', () => {
    const found = disruptedPods(budget({}, { disruptedPods: granted }), pods, nowMs);
    expect(found.pods).toEqual({ p1: at(0), p4: at(30) });
    expect(found.overdue.map(({ metadata }) => metadata.name)).toEqual(['p2']);
    expect(found.recheckAtMs).toBe(nowMs + 90_000);
  });

  it.each<[string, Pod[], Record<string, string>, number]>([
    ['ready ones', [pod('a'), pod('b')], {}, 2],
    ['no other ones', [pod('a', { ready: false }), pod('b')], {}, 1],
    ['none that goes', [pod('a', { going: true }), pod('b')], {}, 1],
    ['none that is about to go', [pod('a'), pod('b')], { a: at(30) }, 1],
    ['one that did not go in time', [pod('a'), pod('b')], { a: at(120) }, 2],
  ])('healthy are %s', (_title, given, disrupted, expected) => {
    expect(healthyPods(given, disrupted, nowMs)).toBe(expected);
  });

  const target = (status: string, secondsAgo: number, reason = 'EvictionByEvictionAPI') => ({
    conditions: [{ type: 'DisruptionTarget', status, reason, lastTransitionTime: at(secondsAgo) }],
  });
  it.each<[string, Pod, number | undefined]>([
    ['none was announced', pod('a'), undefined],
    ['it is fresh', pod('a', { status: target('True', 0) }), 120_000],
    ['it is half through', pod('a', { status: target('True', 60) }), 60_000],
    ['it is stale', pod('a', { status: target('True', 121) }), 0],
    ['it was taken back', pod('a', { status: target('False', 121) }), undefined],
    ['it is under way', pod('a', { going: true, status: target('True', 121) }), undefined],
    ['the kubelet ends it', pod('a', { status: target('True', 121, 'TerminationByKubelet') }), undefined],
    ['the Pod has failed', pod('a', { status: { phase: 'Failed', ...target('True', 121) } }), undefined],
    [
      'the Pod has succeeded',
      pod('a', { status: { phase: 'Succeeded', ...target('True', 121) } }),
      undefined,
    ],
  ])('an announced disruption: %s', (_title, given, expected) => {
    expect(staleDisruptionInMs(given, nowMs)).toBe(expected);
  });
});
