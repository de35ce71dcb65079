import { describe, expect, it } from 'vitest';
import {
  createErrors,
  createdForm,
  sample,
  statusErrors,
  tableRow,
  testContext,
  updateErrors,
} from '../common/definition.spec-support.ts';
import { cronJobDefinition } from './cron-job.ts';
import { cronScheduleProblem } from './cron-schedule.ts';
import { firstOverlap, parseIndexIntervals } from './index-intervals.ts';
import { jobDefinition } from './job.ts';

const podSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] };
const spec = { template: { spec: podSpec } };
const indexed = { ...spec, completionMode: 'Indexed', completions: 3 };

describe('cron schedules', () => {
  it.each([
    '* * * * *',
    '*/5 0-6 1,15 jan-mar MON',
    '@daily',
    '@every 1h30m',
    '5/15 * ? * 0',
    'TZ=Europe/Paris 0 9 * * *',
  ])('reads %s', (text) => expect(cronScheduleProblem(text)).toBeUndefined());

  it.each([
    ['', 'empty spec string'],
    ['* * *', 'expected exactly 5 fields, found 3: [* * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-2 * * * *', 'beginning of range (5) beyond end of range (2): 5-2'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['@sometimes', 'unrecognized descriptor: @sometimes'],
  ])('refuses "%s"', (text, problem) => expect(cronScheduleProblem(text)).toBe(problem));
});

describe('index intervals', () => {
  it('counts what they hold', () => {
    expect(parseIndexIntervals('0,2-4', 5)).toMatchObject({ count: 4 });
    expect(parseIndexIntervals('', 5)).toMatchObject({ count: 0 });
  });

  it.each([
    ['5', 'too large index: "5"'],
    [
      '1-2-3',
      'the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by \'-\'',
    ],
    ['a', 'cannot convert string to integer for index: "a"'],
    ['3-1', 'non-increasing order, previous: 3, current: 1'],
    ['2,1', 'non-increasing order, previous: 2, current: 1'],
  ])('refuses %s', (text, problem) => expect(parseIndexIntervals(text, 5).problem).toBe(problem));

  it('finds what two have in common', () => {
    expect(firstOverlap(parseIndexIntervals('0-2', 9), parseIndexIntervals('2-4', 9))).toBe(2);
    expect(firstOverlap(parseIndexIntervals('0-2', 9), parseIndexIntervals('3', 9))).toBeUndefined();
  });
});

describe('Job', () => {
  it('fills in what Kubernetes fills in', () => {
    expect(sample(jobDefinition, { spec }).spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: 'TerminatingOrFailed',
    });
    const queue = sample(jobDefinition, { spec: { ...spec, parallelism: 2 } });
    expect(queue.spec?.completions).toBeUndefined();
    expect(sample(jobDefinition, { spec: { ...indexed, backoffLimitPerIndex: 1 } }).spec?.backoffLimit).toBe(
      2147483647,
    );
  });

  it('leaves selectors that were made by hand alone', () => {
    const labels = { app: 'a' };
    const object = createdForm(jobDefinition, {
      spec: {
        manualSelector: true,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec },
      },
    });
    expect(object.spec?.selector).toEqual({ matchLabels: labels });
    expect(object.spec?.template.metadata?.labels).toEqual(labels);
  });

  it('refuses labels that would not be its own', () => {
    const template = { metadata: { labels: { 'controller-uid': 'other' } }, spec: podSpec };
    const [first] = createErrors(jobDefinition, { spec: { template } });
    expect(first).toMatch(
      /^spec.template.metadata.labels\[controller-uid\]: Invalid value: .*: must be 'uid-1'$/,
    );
  });

  it.each([
    ['nothing', {}, []],
    [
      'negative parallelism',
      { parallelism: -1 },
      ['spec.parallelism: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'Pods that always restart',
      { template: { spec: { ...podSpec, restartPolicy: 'Always' } } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'indexes without completions',
      { completionMode: 'Indexed', parallelism: 2 },
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [
      'a limit per index without indexes',
      { backoffLimitPerIndex: 1 },
      ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'],
    ],
    [
      'an unknown mode',
      { completionMode: 'Any' },
      ['spec.completionMode: Unsupported value: "Any": supported values: "NonIndexed", "Indexed"'],
    ],
    [
      'a failure rule without a condition',
      { podFailurePolicy: { rules: [{ action: 'FailJob' }] } },
      [
        'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
      ],
    ],
    [
      'exit code 0 as a failure',
      { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [0] } }] } },
      [
        'spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator',
      ],
    ],
    [
      'a success policy without indexes',
      { successPolicy: { rules: [{ succeededCount: 1 }] } },
      [
        'spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode',
      ],
    ],
    [
      'a manager without a domain',
      { managedBy: 'me' },
      ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
  ])('refuses %s', (_name, change, errors) => {
    expect(createErrors(jobDefinition, { spec: { ...spec, ...change } })).toEqual(errors);
  });

  it('wants more succeeding indexes than it has', () => {
    const successPolicy = { rules: [{ succeededIndexes: '0-1', succeededCount: 4 }] };
    expect(createErrors(jobDefinition, { spec: { ...indexed, successPolicy } })).toEqual([
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)',
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
    ]);
  });

  const change = (before: object, after: object, status: object = {}): string[] => {
    const old = createdForm(jobDefinition, { spec: before });
    old.status = status as typeof old.status;
    const object = structuredClone(old);
    Object.assign(object.spec ?? {}, after);
    return (jobDefinition.strategy.validateUpdate?.(object, old, testContext()) ?? []).map(
      ({ field, detail }) => `${field}: ${detail}`,
    );
  };

  it('keeps what Pods already rely on', () => {
    expect(change(spec, { completions: 2 })).toEqual(['spec.completions: field is immutable']);
    expect(change(spec, { template: { spec: { ...podSpec, restartPolicy: 'OnFailure' } } })).toEqual([
      'spec.template: field is immutable',
    ]);
    expect(change(spec, { parallelism: 4, backoffLimit: 1, suspend: true })).toEqual([]);
  });

  it('lets indexed completions follow parallelism', () => {
    expect(change(indexed, { completions: 5, parallelism: 5 })).toEqual([]);
    expect(change(indexed, { completions: 5 })).toEqual([
      'spec.completions: can only be modified in tandem with spec.parallelism',
    ]);
  });

  it('may still be placed elsewhere before it starts', () => {
    const held = { ...spec, suspend: true };
    const old = createdForm(jobDefinition, { spec: held });
    const object = structuredClone(old);
    if (object.spec?.template.spec !== undefined) object.spec.template.spec.nodeSelector = { zone: 'a' };
    const errors = (): number =>
      jobDefinition.strategy.validateUpdate?.(object, old, testContext()).length ?? 0;
    expect(errors()).toBe(0);
    old.status = { startTime: '2026-01-01T00:00:00Z' } as typeof old.status;
    expect(errors()).toBe(1);
  });

  it('ends in an orderly way', () => {
    const done = { type: 'Complete', status: 'True' };
    const met = { type: 'SuccessCriteriaMet', status: 'True' };
    const times = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:01:00Z' };
    expect(
      statusErrors(jobDefinition, { spec }, { ...times, succeeded: 1, conditions: [met, done] }),
    ).toEqual([]);
    expect(statusErrors(jobDefinition, { spec }, { conditions: [done], active: 1 })).toEqual([
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
      'status.startTime: Required value: startTime is required for finished job',
    ]);
    expect(statusErrors(jobDefinition, { spec }, { succeeded: 0 }, { succeeded: 1 })).toEqual([
      'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
    ]);
  });

  it('prints as kubectl knows it', () => {
    const object = createdForm(jobDefinition, { spec });
    const selector = 'batch.kubernetes.io/controller-uid=uid-1';
    const row = { Name: 'x', Age: '5m', 'Containers+': 'main', 'Images+': 'busybox', 'Selector+': selector };
    expect(tableRow(jobDefinition, object)).toEqual({
      ...row,
      Status: 'Running',
      Completions: '0/1',
      Duration: '',
    });
    object.status = {
      startTime: '2026-01-01T00:01:00Z',
      succeeded: 1,
      completionTime: '2026-01-01T00:01:08Z',
      ready: 0,
    };
    object.status.conditions = [{ type: 'Complete', status: 'True' }];
    expect(tableRow(jobDefinition, object)).toEqual({
      ...row,
      Status: 'Complete',
      Completions: '1/1',
      Duration: '8s',
    });
    const queue = createdForm(jobDefinition, { spec: { ...spec, parallelism: 3 } });
    expect(tableRow(jobDefinition, queue)).toMatchObject({ Completions: '0/1 of 3' });
  });
});

describe('CronJob', () => {
  const cron = { schedule: '*/5 * * * *', jobTemplate: { spec } };

  it('fills in what Kubernetes fills in, and leaves the Job to itself', () => {
    const object = sample(cronJobDefinition, { spec: cron });
    expect(object.spec).toMatchObject({
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
    expect(object.spec.jobTemplate.spec?.backoffLimit).toBeUndefined();
  });

  it.each([
    ['nothing', {}, []],
    ['no schedule', { schedule: '' }, ['spec.schedule: Required value']],
    [
      'a short schedule',
      { schedule: '* * *' },
      ['spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]'],
    ],
    [
      'a zone within the schedule',
      { schedule: 'TZ=UTC * * * * *' },
      [
        'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      'an unknown zone',
      { timeZone: 'Mars/Base' },
      ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
    ],
    [
      'an unknown policy',
      { concurrencyPolicy: 'Queue' },
      ['spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"'],
    ],
    [
      'a selector of its own',
      { jobTemplate: { spec: { ...spec, selector: { matchLabels: { a: 'b' } } } } },
      [
        'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
      ],
    ],
  ])('refuses %s', (_name, change, errors) => {
    expect(createErrors(cronJobDefinition, { spec: { ...cron, ...change } })).toEqual(errors);
  });

  it('leaves room for the names of its Jobs', () => {
    expect(createErrors(cronJobDefinition, { spec: cron }, { name: 'a'.repeat(53) })).toEqual([
      `metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`,
    ]);
    expect(updateErrors(cronJobDefinition, { spec: cron }, { spec: cron })).toEqual([]);
  });

  it('prints as kubectl knows it', () => {
    const object = createdForm(cronJobDefinition, { spec: { ...cron, timeZone: 'Etc/UTC' } });
    expect(tableRow(cronJobDefinition, object)).toEqual({
      Name: 'x',
      Schedule: '*/5 * * * *',
      Timezone: 'Etc/UTC',
      Suspend: 'False',
      Active: 0,
      'Last Schedule': '<none>',
      Age: '5m',
      'Containers+': 'main',
      'Images+': 'busybox',
      'Selector+': '<none>',
    });
  });
});
