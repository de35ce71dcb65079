import { describe, expect, it } from 'vitest';
import type { Job, JobStatus } from '@drydock/api/batch/v1';
import type { Pod } from '@drydock/api/core/v1';
import { assessJob, type Verdict } from './assess.ts';
import { noFailures } from './backoff.ts';
import { indexAnnotation } from './indexes.ts';
import { manageJob } from './manage.ts';
import { failureCountAnnotation, ignoredCountAnnotation, nextCounts } from './per-index.ts';
import {
  finalStatus,
  settleUncounted,
  suspendedCondition,
  trackPods,
  withCondition,
  withInterim,
} from './tracking.ts';

// The facts of kube-controller-manager's own tables about how the Pods of a Job are counted, each once.

const nowMs = Date.parse('2026-03-01T00:00:00Z');
const now = '2026-03-01T00:00:00Z';
const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1000).toISOString();

interface Facts {
  readonly phase?: string;
  readonly index?: string;
  readonly free?: boolean;
  readonly going?: boolean | number;
  readonly failures?: string;
}
/** A Pod that has its finalizer unless it is `free`; `going` since some seconds. */
function pod(
  uid: string,
  { phase = 'Succeeded', index, free = false, going = false, failures }: Facts = {},
): Pod {
  const annotations = {
    ...(index === undefined ? {} : { [indexAnnotation]: index }),
    ...(failures === undefined ? {} : { [failureCountAnnotation]: failures }),
  };
  return {
    metadata: {
      uid,
      name: uid,
      annotations,
      finalizers: free ? [] : ['batch.kubernetes.io/job-tracking'],
      ...(going === false ? {} : { deletionTimestamp: at(going === true ? 0 : going) }),
    },
    status: { phase },
  };
}
const job = (spec: object = {}, status: JobStatus = {}, metadata: object = {}): Job => ({
  metadata: { name: 'job', ...metadata },
  spec: { template: {}, ...spec },
  status,
});
const indexed = (completions: number, more: object = {}) => ({
  completionMode: 'Indexed',
  completions,
  ...more,
});
const [failed, running, pending]: Facts[] = [{ phase: 'Failed' }, { phase: 'Running' }, { phase: 'Pending' }];
const verdict = (type: Verdict['type']): Verdict => ({ type, reason: '', message: '' });

/** The two writes of one pass: before and after the finalizers go, and how many go. */
function pass(
  one: Job,
  pods: readonly Pod[],
  { released = [] as string[], over = undefined as Verdict | undefined } = {},
) {
  const gone = new Set(released);
  const assessed = { ...assessJob({ job: one, pods, released: gone, nowMs }), verdict: over };
  const { status, release, more } = trackPods(one, pods, gone, assessed);
  const letGo = new Set([...gone, ...release.map(({ metadata }) => metadata.uid)]);
  const holds = (uid: string) =>
    !letGo.has(uid) &&
    pods.some(({ metadata }) => metadata.uid === uid && (metadata.finalizers ?? []).length > 0);
  const interim = over === undefined ? status : withInterim(status, over, nowMs);
  const settled = settleUncounted(interim, holds);
  const done = over === undefined || more ? undefined : finalStatus(settled, over, nowMs);
  return { first: interim, last: done ?? settled, released: release.length, more };
}
const short = ({
  succeeded = 0,
  failed: failures = 0,
  uncountedTerminatedPods: open = {},
  completedIndexes,
  failedIndexes,
}: JobStatus) =>
  [
    `${succeeded}+${failures}`,
    `[${open.succeeded?.join('') ?? ''}|${open.failed?.join('') ?? ''}]`,
    ...(completedIndexes === undefined ? [] : [completedIndexes]),
    ...(failedIndexes === undefined ? [] : [`failed:${failedIndexes}`]),
  ].join(' ');

describe('counting', () => {
  it.each<[string, Job, Pod[], string[], first: string, last: string, released: number]>([
    ['nothing', job(), [], [], '0+0 [|]', '0+0 [|]', 0],
    [
      'Pods that ended',
      job(),
      [
        pod('a'),
        pod('b', failed),
        pod('c', { going: true }),
        pod('d', { ...failed, going: true }),
        pod('e', { ...pending, going: true }),
        pod('x', pending),
        pod('y', running),
      ],
      [],
      '0+0 [ac|bde]',
      '2+3 [|]',
      5,
    ],
    [
      'Pods that ended now and before',
      job(
        {},
        { succeeded: 2, failed: 3, uncountedTerminatedPods: { succeeded: ['a', 'e'], failed: ['b', 'f'] } },
      ),
      [
        pod('e', { free: true }),
        pod('x', { ...failed, free: true }),
        pod('y', { ...pending, free: true }),
        pod('a'),
        pod('b', failed),
        pod('c'),
        pod('d', failed),
      ],
      [],
      '3+4 [ac|bd]',
      '5+6 [|]',
      4,
    ],
    [
      'Pods that were let go, as nobody has seen yet',
      job(
        {},
        { succeeded: 2, failed: 3, uncountedTerminatedPods: { succeeded: ['a', 'g'], failed: ['b', 'h'] } },
      ),
      [
        pod('a'),
        pod('b', failed),
        pod('c'),
        pod('d', failed),
        pod('e'),
        pod('f', failed),
        pod('g'),
        pod('h', failed),
      ],
      ['c', 'd', 'g', 'h'],
      '3+4 [ae|bf]',
      '5+6 [|]',
      4,
    ],
    [
      'a Job that is deleted',
      job({}, {}, { deletionTimestamp: now }),
      [pod('a'), pod('b', failed), pod('c', running)],
      [],
      '0+0 [a|b]',
      '1+1 [|]',
      3,
    ],
    [
      'indexes',
      job(indexed(6)),
      [
        pod('a', { index: '1' }),
        pod('b', { index: '3' }),
        pod('c', { index: '3' }),
        pod('d', { ...running, index: '5' }),
        pod('e'),
      ],
      [],
      '2+0 [|] 1,3',
      '2+0 [|] 1,3',
      4,
    ],
    [
      'indexes that are none any more',
      job(indexed(2), { succeeded: 1, completedIndexes: '3' }),
      [pod('a', { ...running, index: '0' })],
      [],
      '0+0 [|]',
      '0+0 [|]',
      0,
    ],
    [
      'one index for another',
      job(indexed(2), { succeeded: 1, completedIndexes: '3' }),
      [pod('a', { ...running, index: '0' }), pod('b', { index: '1' })],
      [],
      '1+0 [|] 1',
      '1+0 [|] 1',
      1,
    ],
    [
      'failures of indexes',
      job(indexed(6)),
      [
        pod('a', { ...failed, index: '1' }),
        pod('b', { ...failed, index: '3' }),
        pod('c', { ...failed, index: '3' }),
        pod('d', { ...running, index: '5' }),
        pod('e', failed),
      ],
      [],
      '0+0 [|abc]',
      '0+3 [|]',
      4,
    ],
    [
      'indexes now and before',
      job(indexed(7), { succeeded: 5, failed: 2, completedIndexes: '0-2,4,6,7' }),
      [
        pod('x', { index: '0', free: true }),
        pod('y', { ...failed, index: '1', free: true }),
        pod('z', { index: '1' }),
        pod('w', { index: '3' }),
        pod('a', { ...failed, index: '2' }),
        pod('b', { ...failed, index: '5' }),
      ],
      [],
      '6+2 [|ab] 0-4,6',
      '6+4 [|] 0-4,6',
      4,
    ],
    [
      'a failure that waits for its successor',
      job(indexed(6, { backoffLimitPerIndex: 1 })),
      [pod('a', { ...failed, index: '1', failures: '0' })],
      [],
      '0+0 [|] failed:',
      '0+0 [|] failed:',
      0,
    ],
    [
      'a failure whose successor is there',
      job(indexed(6, { backoffLimitPerIndex: 1 })),
      [
        pod('a', { ...failed, index: '1', failures: '0' }),
        pod('b', { ...running, index: '1', failures: '1' }),
      ],
      [],
      '0+0 [|a] failed:',
      '0+1 [|] failed:',
      1,
    ],
    [
      'a failure that ends its index',
      job(indexed(6, { backoffLimitPerIndex: 1 })),
      [pod('a', { ...failed, index: '1', failures: '1' })],
      [],
      '0+0 [|a] failed:1',
      '0+1 [|] failed:1',
      1,
    ],
  ])('%s', (_title, one, pods, released, first, last, count) => {
    const found = pass(one, pods, { released });
    expect([short(found.first), short(found.last), found.released]).toEqual([first, last, count]);
    expect(found.more).toBe(false);
  });

  it('takes so many at a time, those that are not counted yet included', () => {
    const one = job({}, { uncountedTerminatedPods: { failed: ['a', 'b'] } });
    const pods = [...Array.from({ length: 500 }, (_, at_) => pod(`${at_}.`)), pod('b', failed)];
    const found = pass(one, pods);
    expect(found.first.uncountedTerminatedPods?.succeeded).toHaveLength(499);
    expect(found.first.uncountedTerminatedPods?.failed).toEqual(['b']);
    expect(found.first.failed).toBe(1);
    expect([short(found.last), found.released, found.more]).toEqual(['499+1 [|b]', 499, true]);
  });

  it('takes so many indexes at a time, in their order', () => {
    const pods = Array.from({ length: 501 }, (_, at_) => pod(`${at_}`, { index: `${500 - at_}` }));
    const one = job(indexed(501));
    const assessed = assessJob({ job: one, pods, released: new Set<string>(), nowMs });
    const { release, more } = trackPods(one, pods, new Set<string>(), assessed);
    expect([release.length, more]).toEqual([500, true]);
    expect(release.some(({ metadata }) => metadata.annotations?.[indexAnnotation] === '500')).toBe(false);
  });
});

describe('indexes that wait for their back-off', () => {
  const ended = (index: string, failures: string, secondsAgo: number) =>
    pod(`p${index}`, { ...failed, index, failures, going: secondsAgo });
  it.each<[string, done: string, Pod[], made: number[], waitSeconds: number | undefined]>([
    ['none', '0,2', [], [1, 3], undefined],
    ['one', '0,2', [ended('1', '0', 0)], [3], 10],
    ['one of two', '0,2', [ended('1', '0', 0), ended('3', '0', 10)], [3], 10],
    ['all', '0', [ended('1', '1', 0), ended('2', '0', 0), ended('3', '2', 0)], [], 10],
    ['all, since a second', '0', [ended('1', '1', 1), ended('2', '0', 1), ended('3', '2', 1)], [], 9],
  ])('%s', (_title, completedIndexes, pods, made, waitSeconds) => {
    const spec = { parallelism: 4, backoffLimitPerIndex: 6, podReplacementPolicy: 'Failed' };
    const one = job(indexed(4, spec), { completedIndexes });
    const assessed = assessJob({ job: one, pods, released: new Set<string>(), nowMs });
    const { create, waitMs } = manageJob(one, pods, assessed, noFailures, nowMs);
    expect(create.map(({ index }) => index)).toEqual(made);
    expect(waitMs).toBe(waitSeconds === undefined ? undefined : waitSeconds * 1000);
  });
});

describe('the end', () => {
  const conditions = (status: JobStatus) => (status.conditions ?? []).map(({ type }) => type).join();
  const noted = (type: string) => ({ type, status: 'True', lastTransitionTime: at(60) });
  it.each<[string, Job, Pod[], Verdict['type'], last: string, types: string, released: number]>([
    [
      'a policy of success',
      job(),
      [pod('a'), pod('b', failed), pod('c', pending)],
      'SuccessCriteriaMet',
      '1+1 [|]',
      'SuccessCriteriaMet,Complete',
      3,
    ],
    [
      'completion',
      job(),
      [pod('a'), pod('b', failed)],
      'SuccessCriteriaMet',
      '1+1 [|]',
      'SuccessCriteriaMet,Complete',
      2,
    ],
    [
      'failure: what runs fails',
      job(),
      [pod('a'), pod('b', failed), pod('c', running)],
      'FailureTarget',
      '1+2 [|]',
      'FailureTarget,Failed',
      3,
    ],
    [
      'failure that was noted',
      job({}, { conditions: [noted('FailureTarget')] }),
      [pod('b', failed)],
      'Failed',
      '0+1 [|]',
      'FailureTarget,Failed',
      1,
    ],
    [
      'a Pod that succeeds after it counted as failed',
      job({ completions: 2, parallelism: 2 }, { uncountedTerminatedPods: { failed: ['a', 'b'] } }),
      [pod('a', failed), pod('b')],
      'FailureTarget',
      '0+2 [|]',
      'FailureTarget,Failed',
      2,
    ],
  ])('%s', (_title, one, pods, type, last, types, released) => {
    const found = pass(one, pods, { over: verdict(type) });
    expect([short(found.last), conditions(found.last), found.released]).toEqual([last, types, released]);
    expect(found.last.completionTime).toBe(types.endsWith('Complete') ? now : undefined);
  });

  it.each<[string, JobStatus, done: boolean]>([
    ['nothing is left', {}, true],
    ['Pods are at work', { active: 1 }, false],
    ['Pods are on their way out', { terminating: 1 }, false],
    ['Pods are not counted yet', { uncountedTerminatedPods: { failed: ['a'] } }, false],
  ])('is told only when nothing is left: %s', (_title, status, done) => {
    for (const type of ['Failed', 'FailureTarget', 'SuccessCriteriaMet'] as const)
      expect(finalStatus(status, verdict(type), nowMs) !== undefined).toBe(done);
  });

  it('is announced once', () => {
    const once = withInterim({}, verdict('SuccessCriteriaMet'), nowMs);
    expect(conditions(withInterim(once, verdict('SuccessCriteriaMet'), nowMs + 1000))).toBe(
      'SuccessCriteriaMet',
    );
    expect(conditions(withInterim({ conditions: [noted('FailureTarget')] }, verdict('Failed'), nowMs))).toBe(
      'FailureTarget',
    );
  });
});

describe('the condition of a suspended Job', () => {
  const suspended = (status: string, reason: string, message: string) => ({
    conditions: [{ type: 'Suspended', status, reason, message }],
  });
  const [yes, no] = ['True JobSuspended Job suspended', 'False JobResumed Job resumed'];
  it.each<[string, boolean, JobStatus, string | undefined]>([
    ['is new', true, {}, yes],
    ['is not there', false, {}, undefined],
    ['gets another reason', true, suspended('True', 'foo', 'Job suspended'), yes],
    ['gets another message', true, suspended('True', 'JobSuspended', 'foo'), yes],
    ['ends', false, suspended('True', 'JobSuspended', 'Job suspended'), no],
    ['begins again', true, suspended('False', 'JobResumed', 'Job resumed'), yes],
    ['stays', true, suspended('True', 'JobSuspended', 'Job suspended'), undefined],
    ['stays ended', false, suspended('False', 'JobResumed', 'Job resumed'), undefined],
  ])('%s', (_title, suspend, status, expected) => {
    const made = suspendedCondition(job({ suspend }), status, nowMs);
    expect(made && `${made.status} ${made.reason} ${made.message}`).toBe(expected);
    if (made !== undefined) expect(withCondition(status, made).conditions).toEqual([made]);
  });
});

describe('what has newly ended', () => {
  it.each<[string, JobStatus, string[], Pod[], counts: string]>([
    [
      'some with their finalizer',
      { succeeded: 2, failed: 1, uncountedTerminatedPods: {} },
      [],
      [
        pod('a', { free: true }),
        pod('b'),
        pod('c'),
        pod('d', { ...failed, free: true }),
        pod('e', failed),
        pod('f', { ...running, free: true }),
      ],
      '4+2',
    ],
    [
      'some that are noted',
      { succeeded: 1, failed: 1, uncountedTerminatedPods: { succeeded: ['a', 'c'], failed: ['e', 'f'] } },
      [],
      [
        pod('a', { free: true }),
        pod('b', { free: true }),
        pod('c'),
        pod('d'),
        pod('e', { ...failed, free: true }),
        pod('f', failed),
        pod('g', failed),
      ],
      '4+4',
    ],
    [
      'some that were let go',
      { succeeded: 2, failed: 2, uncountedTerminatedPods: { succeeded: ['a'], failed: ['d'] } },
      ['b', 'f'],
      [
        pod('a', { free: true }),
        pod('b'),
        pod('c'),
        pod('d', { ...failed, free: true }),
        pod('e', failed),
        pod('f', failed),
        pod('g', failed),
      ],
      '4+5',
    ],
    [
      'some on their way out',
      { succeeded: 1, failed: 1, uncountedTerminatedPods: {} },
      [],
      [
        pod('a', { going: true }),
        pod('b', { ...failed, going: true }),
        pod('c', { ...running, going: true }),
        pod('d', { ...pending, going: true }),
        pod('e', { ...running, going: true, free: true }),
        pod('f', { ...pending, going: true, free: true }),
      ],
      '2+4',
    ],
  ])('%s', (_title, status, released, pods, counts) => {
    const assessed = assessJob({ job: job({}, status), pods, released: new Set(released), nowMs });
    expect(`${assessed.succeeded}+${assessed.failed}`).toBe(counts);
  });
});

describe('the Pod that carries the count of its index', () => {
  it.each<[string, number, number, Pod[], string[], string[]]>([
    [
      'one of each index that goes on',
      3,
      1,
      [
        pod('a', { ...failed, index: '0', failures: '0' }),
        pod('b', { ...failed, index: '1', failures: '1' }),
        pod('c', { ...failed, index: '2', failures: '0' }),
      ],
      [],
      ['a', 'c'],
    ],
    ['none without its finalizer', 2, 1, [pod('a', { ...failed, index: '0', free: true })], [], []],
    ['none that was let go', 2, 1, [pod('a', { ...failed, index: '0' })], ['a'], []],
    ['none of an index beyond', 2, 1, [pod('a', { ...failed, index: '4' })], [], []],
    [
      'none that is replaced',
      2,
      1,
      [
        pod('a', { ...failed, index: '0', failures: '0' }),
        pod('b', { ...running, index: '0', failures: '1' }),
      ],
      [],
      [],
    ],
    [
      'none of an index that succeeded',
      2,
      1,
      [pod('a', { ...failed, index: '0', failures: '0' }), pod('b', { index: '0', failures: '1' })],
      [],
      [],
    ],
    [
      'the one with the most failures',
      2,
      4,
      [
        pod('a', { ...failed, index: '0', failures: '0' }),
        pod('c', { ...failed, index: '0', failures: '2' }),
        pod('b', { ...failed, index: '0', failures: '1' }),
      ],
      [],
      ['c'],
    ],
    [
      'the one that failed last',
      2,
      4,
      [
        pod('a', { ...failed, index: '0', failures: '1', going: 1 }),
        pod('c', { ...failed, index: '0', failures: '1', going: 0 }),
        pod('b', { ...failed, index: '0', failures: '1', going: 2 }),
      ],
      [],
      ['c'],
    ],
  ])('%s', (_title, completions, backoffLimitPerIndex, pods, released, expected) => {
    const one = job(indexed(completions, { backoffLimitPerIndex }));
    const { lastFailures } = assessJob({ job: one, pods, released: new Set(released), nowMs });
    expect([...lastFailures.values()].map(({ metadata }) => metadata.uid)).toEqual(expected);
  });

  const ignoring = {
    podFailurePolicy: {
      rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
    },
  };
  it.each<[string | undefined, number]>([
    [undefined, 1],
    ['2', 3],
    ['2147483647', 2147483648],
    ['2147483648', 1],
    ['-1', 1],
    ['xyz', 1],
  ])('after %s failures comes %d', (failures, expected) => {
    const one = pod('a', { ...failed, index: '0', ...(failures === undefined ? {} : { failures }) });
    expect(nextCounts(job(), one)).toEqual({ failures: expected, ignored: 0 });
    one.status = { phase: 'Failed', conditions: [{ type: 'DisruptionTarget', status: 'True' }] };
    one.metadata.annotations = { ...one.metadata.annotations, [ignoredCountAnnotation]: '4' };
    expect(nextCounts(job(ignoring), one)).toEqual({ failures: expected - 1, ignored: 5 });
    expect(nextCounts(job(), undefined)).toEqual({ failures: 0, ignored: 0 });
  });

  it.each<[string, object, JobStatus, Pod[], number[]]>([
    ['the limit', {}, {}, [pod('a', { ...failed, index: '1', failures: '0' })], [1]],
    [
      'those known before',
      {},
      { failedIndexes: '0' },
      [pod('a', { ...failed, index: '1', failures: '0' })],
      [0, 1],
    ],
    [
      'none beyond',
      {},
      { failedIndexes: '9' },
      [pod('a', { ...failed, index: '1', failures: '0' }), pod('b', { ...failed, index: '7' })],
      [1],
    ],
    [
      'none below the limit',
      { backoffLimitPerIndex: 1 },
      {},
      [pod('a', { ...failed, index: '1', failures: '0' })],
      [],
    ],
    ['none that runs', {}, {}, [pod('a', { ...running, index: '1', failures: '5' })], []],
    ['none without its finalizer', {}, {}, [pod('a', { ...failed, index: '1', free: true })], []],
  ])('failed indexes are %s', (_title, spec, status, pods, expected) => {
    const one = job(indexed(2, { backoffLimitPerIndex: 0, ...spec }), status);
    const { failedIndexes } = assessJob({ job: one, pods, released: new Set<string>(), nowMs });
    expect([...(failedIndexes ?? [])].sort()).toEqual(expected);
  });
});
