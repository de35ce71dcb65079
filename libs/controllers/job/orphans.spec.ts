import { describe, expect, it } from 'vitest';
import type { OwnerReference } from '@drydock/base/apimachinery';
import { Job, type JobStatus } from '@drydock/api/batch/v1';
import { Pod } from '@drydock/api/core/v1';
import { createStage } from '../shared/stage.spec-support.ts';
import { createJobController } from './index.ts';
import { ago, jobOf, nowMs, one, outcomeOf, ownerOf } from './sync.spec-support.ts';

// The facts of kube-controller-manager's own tables about whose Pods are whose, and whose finalizer goes.

const over: JobStatus = { conditions: [{ type: 'Complete', status: 'True' }] };
const podNamed = (name: string, metadata: object, facts = {}): Pod => {
  const made = one('Running', facts)[0]?.(0) as Pod;
  return { ...made, metadata: { ...made.metadata, name, uid: name, ...metadata } };
};
const patchOf = (stage: ReturnType<typeof createStage>, name: string) =>
  stage.writes
    .filter((write) => write.verb === 'patch' && write.name === name)
    .map(({ body }) => (body as Pod).metadata as unknown as Record<string, unknown>);

describe('the finalizer of a Pod on its way out', () => {
  const owner = (more: object = {}) => ownerOf('j', '111', more);
  it.each<[string, OwnerReference | undefined, job: JobStatus | undefined, spec: object, goes: boolean]>([
    ['stays for a Job that runs', owner(), {}, {}, false],
    ['goes for a Job that is over', owner(), over, {}, true],
    ['stays for a Job of somebody else, over or not', owner(), over, { managedBy: 'a/b' }, false],
    ['goes for a Job that is none any more', owner(), undefined, {}, true],
    ['goes for a Job of that name that is another one', owner({ uid: '222' }), {}, {}, true],
    ['stays for a CronJob', owner({ kind: 'CronJob', name: 'cj' }), undefined, {}, false],
    ['stays for a Job of another group', owner({ apiVersion: 'example/v1' }), undefined, {}, false],
    ['goes for nobody', undefined, undefined, {}, true],
    ['goes for a Job that owns and does not control it', owner({ controller: false }), {}, {}, true],
    [
      'goes for an owner of another group that does not control it',
      owner({ apiVersion: 'example/v1', controller: false }),
      undefined,
      {},
      true,
    ],
  ])('%s', async (_title, reference, status, spec, goes) => {
    const stage = createStage({ startMs: nowMs });
    // Pods that only failed ones replace leave it to the pass of the Job itself: that would hide what is asked here.
    const own = { completions: 1, parallelism: 1, podReplacementPolicy: 'Failed', ...spec };
    if (status !== undefined) stage.put(Job, jobOf(own, status, { name: 'j', uid: '111' }));
    const ownerReferences = reference === undefined ? [] : [reference];
    stage.put(Pod, podNamed('p', { ownerReferences, deletionTimestamp: ago(0) }));
    await stage.play(createJobController);
    const finalizer = 'batch.kubernetes.io/job-tracking';
    expect(patchOf(stage, 'p')).toEqual(
      goes ? [{ uid: 'p', '$deleteFromPrimitiveList/finalizers': [finalizer] }] : [],
    );
    expect(stage.errors).toEqual([]);
    await stage.stop();
  });

  it('goes when somebody says that its Job is over', async () => {
    const stage = createStage({ startMs: nowMs });
    stage.put(Job, jobOf({ completions: 1 }));
    stage.put(Pod, podNamed('p', {}));
    await stage.play(createJobController);
    expect(patchOf(stage, 'p')).toEqual([]);
    stage.put(Job, jobOf({ completions: 1 }, over));
    await stage.settle();
    expect(patchOf(stage, 'p')).toHaveLength(1);
    // Until the cache shows it gone, it is not asked for again.
    stage.put(Job, jobOf({ completions: 1 }, { ...over, ready: 0 }));
    await stage.settle();
    expect(patchOf(stage, 'p')).toHaveLength(1);
    await stage.stop();
  });

  it('goes with its Job', async () => {
    const stage = createStage({ startMs: nowMs });
    const job = jobOf({ completions: 1 });
    stage.put(Job, job);
    stage.put(Pod, podNamed('p', {}));
    await stage.play(createJobController);
    stage.remove(Job, job);
    await stage.settle();
    expect(patchOf(stage, 'p')).toHaveLength(1);
    await stage.stop();
  });

  it('a Pod whose finalizer stood when it was let go is waited for until it goes or shows without', async () => {
    const stage = createStage({ startMs: nowMs });
    const job = jobOf({ completions: 9, parallelism: 0 });
    stage.put(Job, job);
    const four = ['a', 'b', 'c', 'd'].map((name) => podNamed(name, {}, { status: { phase: 'Succeeded' } }));
    for (const pod of four) stage.put(Pod, pod);
    await stage.play(createJobController);
    const { status } = outcomeOf(stage, {});
    expect([status.succeeded, outcomeOf(stage, {}).pods]).toEqual([4, '+0 -0 ~4']);
    stage.put(Job, { ...job, status });
    const [a, b, c, d] = four as [Pod, Pod, Pod, Pod];
    const free = (pod: Pod, more = {}) => ({
      ...pod,
      metadata: { ...pod.metadata, finalizers: [], ...more },
    });
    stage.put(Pod, free(a));
    stage.put(Pod, free(b, { deletionTimestamp: ago(0) }));
    stage.put(Pod, { ...c, metadata: { ...c.metadata, deletionTimestamp: ago(0) } });
    stage.remove(Pod, d);
    await stage.settle();
    expect(outcomeOf(stage, {}).status.succeeded).toBe(4);
    expect(outcomeOf(stage, {}).pods).toBe('+0 -0 ~4');
    await stage.stop();
  });
});

describe('the Pods of a Job', () => {
  const mine = { ownerReferences: [ownerOf('test', 'job')] };
  const others = { ownerReferences: [ownerOf('other', 'other')] };
  const nobodys = { ownerReferences: [] };
  const orphan = { free: true };
  it.each<[string, pods: Pod[], deleted: boolean, inCache: boolean, active: number | undefined, string[]]>([
    [
      'are its own',
      [
        podNamed('1', mine),
        podNamed('2', others),
        podNamed('3', { ...nobodys, labels: {} }, orphan),
        podNamed('4', mine, orphan),
      ],
      false,
      false,
      2,
      [],
    ],
    [
      'are orphans that match, with a finalizer then',
      [podNamed('1', mine, orphan), podNamed('2', nobodys, orphan), podNamed('3', others)],
      false,
      false,
      2,
      ['adopt 2'],
    ],
    [
      'are no orphans when it is being deleted',
      [podNamed('1', mine, orphan), podNamed('2', nobodys, orphan)],
      true,
      true,
      1,
      [],
    ],
    [
      'are no orphans when it is being deleted as only the server knows',
      [podNamed('1', mine, orphan), podNamed('2', nobodys, orphan)],
      true,
      false,
      undefined,
      [],
    ],
    [
      'are not those that match no more',
      [podNamed('1', mine, orphan), podNamed('2', { ...mine, labels: {} }, orphan)],
      false,
      false,
      1,
      ['release 2'],
    ],
  ])('%s', async (_title, pods, deleted, inCache, active, claims) => {
    const stage = createStage({ startMs: nowMs });
    const spec = { parallelism: 2, completions: 2 };
    const going = { name: 'test', deletionTimestamp: ago(0) };
    stage.put(Job, jobOf(spec, {}, inCache ? going : { name: 'test' }));
    stage.put(Job, jobOf({ ...spec, managedBy: 'a/b' }, {}, { name: 'other', uid: 'other' }));
    if (deleted) stage.live(Job, 'test', jobOf(spec, {}, going));
    for (const pod of pods) stage.put(Pod, pod);
    await stage.play(createJobController);
    const written = stage.writes.filter(({ name, resource }) => resource === 'jobs' && name === 'test');
    const { status } = (written.at(-1)?.body as Job | undefined) ?? {};
    const made = stage.writes.filter(({ verb, resource }) => verb === 'create' && resource === 'pods').length;
    expect(status === undefined ? undefined : (status.active ?? 0) - made).toBe(active);
    const found = pods.flatMap(({ metadata: { name = '' } }) =>
      patchOf(stage, name).map(({ ownerReferences, finalizers }) => {
        if (finalizers !== undefined) expect(finalizers).toEqual(['batch.kubernetes.io/job-tracking']);
        const [reference] = (ownerReferences ?? []) as { $patch?: string; uid: string }[];
        expect(reference?.uid).toBe('job');
        return `${reference?.$patch === 'delete' ? 'release' : 'adopt'} ${name}`;
      }),
    );
    expect(found).toEqual(claims);
    await stage.stop();
  });
});
