import { expect, it } from 'vitest';
import { indexed, one, pass, crowd, type Situation } from './sync.spec-support.ts';

// What kube-controller-manager counts of a pass over a Job, by the facts of its own tables and tests.

const byIndex = (more: object = {}) => ({
  completionMode: 'Indexed',
  completions: 4,
  parallelism: 4,
  ...more,
});
const exits = (exitCode: number) => ({
  containerStatuses: [{ name: 'c', state: { terminated: { exitCode, finishedAt: '1970-01-01T00:00:01Z' } } }],
});
const rule = (action: string, ...values: number[]) => ({
  action,
  onExitCodes: { operator: 'In', values },
});

it.each<[string, Situation, Record<string, number>]>([
  [
    'Pods that are made',
    { spec: { parallelism: 2, completions: 5 } },
    { 'job_syncs_total{NonIndexed,success,pods_created}': 1, 'job_pods_creation_total{new,succeeded}': 2 },
  ],
  [
    'Pods that are refused',
    {
      spec: { parallelism: 1, completions: 5 },
      refuse: ({ verb, resource }) =>
        verb === 'create' && resource === 'pods' ? new Error('mock error') : undefined,
    },
    { 'job_syncs_total{NonIndexed,error,pods_created}': 1, 'job_pods_creation_total{new,failed}': 1 },
  ],
  [
    'Pods that are replaced as soon as they go',
    { spec: { parallelism: 1, completions: 5 }, pods: one('Running', { going: true }) },
    {
      'job_syncs_total{NonIndexed,success,pods_created}': 1,
      'job_pods_creation_total{recreate_terminating_or_failed,succeeded}': 1,
      'job_pods_finished_total{NonIndexed,failed}': 1,
    },
  ],
  [
    'Pods that are replaced when they have failed',
    { spec: { parallelism: 1, completions: 5, podReplacementPolicy: 'Failed' }, pods: one('Failed') },
    {
      'job_syncs_total{NonIndexed,success,pods_created}': 1,
      'job_pods_creation_total{recreate_failed,succeeded}': 1,
      'job_pods_finished_total{NonIndexed,failed}': 1,
      'terminated_pods_tracking_finalizer_total{add}': 1,
    },
  ],
  [
    'Pods that are at work',
    { spec: { parallelism: 2, completions: 5 }, pods: crowd(2, 'Running') },
    { 'job_syncs_total{NonIndexed,success,tracking}': 1 },
  ],
  [
    'Pods that are too many',
    { spec: { parallelism: 1, completions: 5 }, pods: crowd(2, 'Running') },
    { 'job_syncs_total{NonIndexed,success,pods_deleted}': 1 },
  ],
  [
    'Pods of a Job that is suspended',
    { spec: { parallelism: 1, completions: 5, suspend: true }, pods: one('Running') },
    { 'job_syncs_total{NonIndexed,success,pods_deleted}': 1 },
  ],
  [
    'the end of a Job',
    {
      spec: { parallelism: 1, completions: 3 },
      status: { succeeded: 1 },
      pods: crowd(2, 'Succeeded'),
    },
    {
      'job_syncs_total{NonIndexed,success,tracking}': 1,
      'job_pods_finished_total{NonIndexed,succeeded}': 2,
      'jobs_finished_total{NonIndexed,succeeded,CompletionsReached}': 1,
      'terminated_pods_tracking_finalizer_total{add}': 2,
    },
  ],
  [
    'the end of a Job by a policy',
    {
      spec: byIndex({ successPolicy: { rules: [{ succeededIndexes: '0' }] } }),
      pods: indexed('0 Succeeded'),
    },
    {
      'job_syncs_total{Indexed,success,reconciling}': 1,
      'job_pods_finished_total{Indexed,succeeded}': 1,
      'job_finished_indexes_total{succeeded,global}': 1,
      'jobs_finished_total{Indexed,succeeded,SuccessPolicy}': 1,
      'terminated_pods_tracking_finalizer_total{add}': 1,
    },
  ],
  [
    'the end of a Job that failed too often',
    { spec: { parallelism: 1, completions: 3, backoffLimit: 0 }, pods: one('Failed') },
    {
      'job_syncs_total{NonIndexed,success,reconciling}': 1,
      'job_pods_finished_total{NonIndexed,failed}': 1,
      'jobs_finished_total{NonIndexed,failed,BackoffLimitExceeded}': 1,
      'terminated_pods_tracking_finalizer_total{add}': 1,
    },
  ],
  [
    'indexes, each once',
    {
      spec: byIndex(),
      status: { succeeded: 1, completedIndexes: '0' },
      pods: indexed('0 Succeeded', '1 Succeeded', '1 Succeeded', '2 Running', '3 Running'),
    },
    {
      'job_syncs_total{Indexed,success,tracking}': 1,
      'job_pods_finished_total{Indexed,succeeded}': 1,
      'job_finished_indexes_total{succeeded,global}': 1,
      'terminated_pods_tracking_finalizer_total{add}': 3,
    },
  ],
  [
    'indexes that there are no more do not count',
    {
      spec: byIndex({ completions: 2, parallelism: 2 }),
      status: { succeeded: 2, completedIndexes: '0,3' },
      pods: indexed('1 Running'),
    },
    { 'job_syncs_total{Indexed,success,tracking}': 1 },
  ],
  [
    'indexes that have a limit each',
    {
      spec: byIndex({ completions: 3, parallelism: 3, backoffLimitPerIndex: 1 }),
      pods: indexed('0 Succeeded', '1 Failed 1', '2 Running'),
    },
    {
      'job_syncs_total{Indexed,success,pods_created}': 1,
      'job_pods_finished_total{Indexed,succeeded}': 1,
      'job_pods_finished_total{Indexed,failed}': 1,
      'job_finished_indexes_total{succeeded,perIndex}': 1,
      'job_finished_indexes_total{failed,perIndex}': 1,
      'terminated_pods_tracking_finalizer_total{add}': 2,
    },
  ],
  [
    'failures that a policy handles, and one that it does not',
    {
      spec: {
        parallelism: 0,
        completions: 9,
        podFailurePolicy: { rules: [rule('Ignore', 1), rule('Count', 2)] },
      },
      pods: [1, 1, 2, 3].flatMap((code) => one('Failed', { status: exits(code) })),
    },
    {
      'job_syncs_total{NonIndexed,success,tracking}': 1,
      'job_pods_finished_total{NonIndexed,failed}': 2,
      'pod_failures_handled_by_failure_policy_total{Ignore}': 2,
      'pod_failures_handled_by_failure_policy_total{Count}': 1,
      'terminated_pods_tracking_finalizer_total{add}': 4,
    },
  ],
  [
    'a failure that ends the Job',
    {
      spec: { parallelism: 1, completions: 9, podFailurePolicy: { rules: [rule('FailJob', 5)] } },
      pods: one('Failed', { status: exits(5) }),
    },
    {
      'job_syncs_total{NonIndexed,success,reconciling}': 1,
      'job_pods_finished_total{NonIndexed,failed}': 1,
      'pod_failures_handled_by_failure_policy_total{FailJob}': 1,
      'jobs_finished_total{NonIndexed,failed,PodFailurePolicy}': 1,
      'terminated_pods_tracking_finalizer_total{add}': 1,
    },
  ],
  [
    'a Job of somebody else',
    { spec: { completions: 1, managedBy: 'example.com/other' } },
    { 'jobs_by_external_controller_total{example.com/other}': 1 },
  ],
])('%s', async (_title, situation, expected) => {
  const { counted } = (await pass(situation)).stage;
  const prefix = 'job_controller_';
  const told = Object.entries(counted).filter(([key]) => !key.includes('duration'));
  expect(Object.fromEntries(told.map(([key, value]) => [key.slice(prefix.length), value]))).toEqual(expected);
});
