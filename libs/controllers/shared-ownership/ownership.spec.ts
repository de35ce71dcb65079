import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selectorFromLabelSelector } from '@drydock/base/apimachinery';
import { Job } from '@drydock/api/batch/v1';
import { Pod } from '@drydock/api/core/v1';
import type { Expectations } from '@drydock/machinery/controller';
import { byController, byNamespace } from '@drydock/machinery/informer';
import { createStage, type Stage } from '../shared/stage.spec-support.ts';
import { createOwnership, type Ownership } from './index.ts';

// The facts of kube-controller-manager's own tables about whom the news of a Pod concerns.

const job = (name: string, labels: Record<string, string> = { foo: 'bar' }, namespace = 'default') =>
  ({
    metadata: { name, namespace, uid: name },
    spec: { selector: { matchLabels: labels }, template: {} },
  }) as Job;
const reference = (name: string, more: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  name,
  uid: name,
  controller: true,
  ...more,
});
const pod = (owner: string | object | undefined, metadata: object = {}) =>
  ({
    metadata: {
      name: 'p',
      namespace: 'default',
      uid: 'p',
      labels: { foo: 'bar' },
      ownerReferences: owner === undefined ? [] : [typeof owner === 'string' ? reference(owner) : owner],
      ...metadata,
    },
  }) as Pod;

let stage: Stage;
let ownership: Ownership<Job>;
let told: string[];
beforeEach(async () => {
  stage = createStage();
  for (const one of [
    job('job1'),
    job('job2'),
    job('job3', { other: 'labels' }),
    job('far', { foo: 'bar' }, 'far'),
  ])
    stage.put(Job, one);
  told = [];
  const expectations = {
    creationObserved: (key: string) => void told.push(`created ${key}`),
    deletionObserved: (key: string, uid: string) => void told.push(`deleted ${key} ${uid}`),
  } as unknown as Expectations;
  const owners = stage.deps.informers.informer(Job, {
    indexers: { [byNamespace.name]: byNamespace.values },
  });
  stage.deps.informers.start();
  await stage.settle();
  const selector = (one: Job) => selectorFromLabelSelector(one.spec?.selector);
  ownership = createOwnership({ type: Job, owners, selector, expectations });
});
afterEach(() => stage.stop());

describe('whom a Pod concerns', () => {
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  const unlabelled = { labels: {} };
  type Change = { previous?: Pod; deleted: boolean };
  const added: Change = { deleted: false };
  const gone: Change = { deleted: true };
  const from = (previous: Pod): Change => ({ previous, deleted: false });
  it.each<[string, Pod, Change, string[], string[]]>([
    ['a new one of one', pod('job1'), added, ['job1'], ['created default/job1']],
    ['a new one of another', pod('job2'), added, ['job2'], ['created default/job2']],
    ['a new one that nobody owns', pod(undefined), added, ['job1', 'job2'], []],
    ['a new one without labels that nobody owns', pod(undefined, unlabelled), added, [], []],
    ['a new one in another namespace', pod(undefined, { namespace: 'far' }), added, ['far/far'], []],
    ['a new one with other labels', pod(undefined, { labels: { other: 'labels' } }), added, ['job3'], []],
    ['one of an owner that is gone', pod('unknown'), added, [], []],
    ['one of an owner that has another uid', pod(reference('job1', { uid: 'old' })), added, [], []],
    ['one of an owner of another kind', pod(reference('job1', { kind: 'CronJob' })), added, [], []],
    ['one on its way out at first sight', pod('job1', going), added, ['job1'], ['deleted default/job1 p']],
    ['a change', pod('job1'), from(pod('job1')), ['job1'], []],
    [
      'one that nobody owns gets other labels',
      pod(undefined),
      from(pod(undefined, { labels: { foo2: 'bar2' } })),
      ['job1', 'job2'],
      [],
    ],
    ['one gets another owner', pod('job1'), from(pod('job2')), ['job1', 'job2'], []],
    ['one is released', pod(undefined), from(pod('job1')), ['job1', 'job2'], []],
    ['one begins to go', pod('job1', going), from(pod('job1')), ['job1'], ['deleted default/job1 p']],
    ['one goes', pod('job1'), gone, ['job1'], ['deleted default/job1 p']],
    ['one that nobody owns goes', pod(undefined), gone, [], []],
  ])('%s', (_title, one, change, keys, observed) => {
    const expected = keys.map((key) => (key.includes('/') ? key : `default/${key}`));
    expect([...new Set(ownership.keys(one, change))].sort()).toEqual(expected);
    expect(told).toEqual(observed);
  });
});

it('an owner looks at what it owns and at what nobody owns in its namespace', async () => {
  const pods = stage.deps.informers.informer(Pod, {
    indexers: { [byController.name]: byController.values },
  });
  const named = (name: string, owner?: string, namespace = 'default') =>
    stage.put(Pod, pod(owner, { name, uid: name, namespace }));
  named('own', 'job1');
  named('others', 'job2');
  named('nobodys');
  named('far', undefined, 'far');
  await stage.settle();
  const found = ownership.candidates(pods, job('job1')).map(({ metadata }) => metadata.name);
  expect(found).toEqual(['own', 'nobodys']);
});
