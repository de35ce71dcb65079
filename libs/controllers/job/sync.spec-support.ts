import { formatTime } from '@drydock/base/apimachinery';
import { Job, type JobCondition, type JobStatus } from '@drydock/api/batch/v1';
import { Pod } from '@drydock/api/core/v1';
import { createStage, type Stage, type Write } from '../shared/stage.spec-support.ts';
import { createJobController } from './controller.ts';
import { indexAnnotation } from './indexes.ts';
import { failureCountAnnotation } from './per-index.ts';

export const nowMs = Date.parse('2026-03-01T00:00:00Z');
export const ago = (seconds: number) => formatTime(nowMs - seconds * 1000);
/** So long ago that no back-off runs any more. */
const longAgo = '1970-01-01T00:00:01Z';
const finalizer = 'batch.kubernetes.io/job-tracking';

export interface PodFacts {
  readonly uid?: string;
  readonly index?: string;
  readonly ready?: boolean;
  /** Being deleted. */
  readonly going?: boolean;
  /** Has its finalizer no more. */
  readonly free?: boolean;
  /** As it says in its annotation. */
  readonly failures?: string;
  /** Instead of the end of a container long ago. */
  readonly status?: object;
}

/** Pods of one kind, made by a number each. */
export const crowd = (count: number, phase: string, facts: PodFacts = {}): MakePod[] =>
  Array.from({ length: count }, () => (serial) => podOf(serial, phase, facts));
export const one = (phase: string, facts: PodFacts = {}): MakePod[] => crowd(1, phase, facts);
/** `0 Running`, `1 Failed`, …: Pods with an index. */
export const indexed = (...words: string[]): MakePod[] =>
  words.flatMap((word) => {
    const [index = '', phase = '', failures] = word.split(' ');
    return one(phase, { index, ...(failures === undefined ? {} : { failures }) });
  });
export type MakePod = (serial: number) => Pod;

function podOf(serial: number, phase: string, facts: PodFacts): Pod {
  const { uid = `uid-${serial}`, index, ready = false, going = false, free = false, failures } = facts;
  const annotations = {
    ...(index === undefined ? {} : { [indexAnnotation]: index }),
    ...(failures === undefined ? {} : { [failureCountAnnotation]: failures }),
  };
  return {
    metadata: {
      name: `mypod-${serial}`,
      namespace: 'default',
      uid,
      labels: { foo: 'bar' },
      annotations,
      ownerReferences: [ownerOf('foobar', 'job')],
      finalizers: free ? [] : [finalizer],
      ...(going ? { deletionTimestamp: ago(0) } : {}),
    },
    spec: { containers: [] },
    status: {
      phase,
      ...(ready ? { conditions: [{ type: 'Ready', status: 'True' }] } : {}),
      containerStatuses: [{ state: { terminated: { finishedAt: longAgo } } }],
      ...facts.status,
    },
  } as unknown as Pod;
}

export const ownerOf = (name: string, uid: string, more: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
  ...more,
});

export function jobOf(spec: object, status: JobStatus = {}, metadata: object = {}): Job {
  const labels = { foo: 'bar' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'foobar', namespace: 'default', uid: 'job', ...metadata },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'foo/bar' }] } },
      parallelism: 1,
      backoffLimit: 6,
      ...spec,
    },
    status,
  } as Job;
}

export interface Situation {
  readonly spec?: object;
  readonly status?: JobStatus;
  readonly deleting?: boolean;
  readonly pods?: readonly MakePod[];
  refuse?(write: Write): Error | undefined;
}

export interface Outcome {
  /** Pods made, deleted and patched: `+1 -0 ~2`. */
  readonly pods: string;
  /** `active/ready/terminating succeeded+failed`, then indexes, and uids that are not counted. */
  readonly counts: string;
  /** `Type:Reason`, with `=False` where it is not True. */
  readonly conditions: string;
  readonly messages: readonly string[];
  readonly status: JobStatus;
  /** All states of the status that were written. */
  readonly written: readonly JobStatus[];
  readonly indexes: readonly number[];
  readonly stage: Stage;
}

export const conditionsOf = ({ conditions = [] }: JobStatus): string =>
  conditions
    .map(({ type, status, reason = '' }) => `${type}${status === 'True' ? '' : `=${status}`}:${reason}`)
    .join(' ');

export function countsOf(status: JobStatus): string {
  const { active = 0, ready, terminating, succeeded = 0, failed = 0 } = status;
  const { completedIndexes, failedIndexes, uncountedTerminatedPods: open = {} } = status;
  const uncounted = [...(open.succeeded ?? []), ...(open.failed ?? [])];
  return [
    `${active}/${ready}/${terminating} ${succeeded}+${failed}`,
    ...(completedIndexes === undefined ? [] : [completedIndexes]),
    ...(failedIndexes === undefined ? [] : [`failed:${failedIndexes}`]),
    ...(uncounted.length === 0 ? [] : [`open:${uncounted.join()}`]),
  ].join(' ');
}

/** What one pass makes of a Job, the caches showing what they showed before. */
export async function pass(situation: Situation): Promise<Outcome> {
  const { refuse } = situation;
  const stage = createStage({ startMs: nowMs, ...(refuse === undefined ? {} : { refuse }) });
  const { spec = {}, status, deleting = false, pods = [] } = situation;
  stage.put(Job, jobOf(spec, status, deleting ? { deletionTimestamp: ago(0) } : {}));
  for (const [serial, make] of pods.entries()) stage.put(Pod, make(serial));
  await stage.play(createJobController);
  const outcome = outcomeOf(stage, status ?? {});
  await stage.stop();
  return outcome;
}

/** What was done on a stage since its write `from`. */
export function outcomeOf(stage: Stage, before: JobStatus, from = 0): Outcome {
  const writes = stage.writes.slice(from);
  const count = (verb: Write['verb']) =>
    writes.filter((write) => write.resource === 'pods' && write.verb === verb).length;
  const written = writes
    .filter(({ resource, subresource }) => resource === 'jobs' && subresource === 'status')
    .map(({ body }) => (body as Job).status ?? {});
  const status = written.at(-1) ?? before;
  return {
    pods: `+${count('create')} -${count('delete')} ~${count('patch')}`,
    counts: countsOf(status),
    conditions: conditionsOf(status),
    messages: (status.conditions ?? []).map(({ message = '' }: JobCondition) => message),
    status,
    written,
    indexes: writes
      .filter(({ resource, verb }) => resource === 'pods' && verb === 'create')
      .map(({ body }) => Number((body as Pod).metadata.annotations?.[indexAnnotation])),
    stage,
  };
}
