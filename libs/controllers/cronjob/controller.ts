import {
  controllerOf,
  formatTime,
  isAlreadyExists,
  isNotFound,
  joinKey,
  objectKey,
  parseTime,
  semanticEqual,
} from '@drydock/base/apimachinery';
import { CronSyntaxError, isTimeZone, parseCron, type CronSchedule } from '@drydock/base/cron';
import { CronJob, Job, type CronJobStatus } from '@drydock/api/batch/v1';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
  type ReconcileResult,
} from '@drydock/machinery/controller';
import { exponentialBuckets } from '@drydock/port/observability';
import { byController } from '@drydock/machinery/informer';
import { isNamespaceTerminating } from '../shared/index.ts';
import { cronJobEvents } from './events.ts';
import { endedAs, jobName, jobOf, jobsBeyondHistory } from './jobs.ts';
import { mostRecentStart, timesOf, untilNextMs } from './schedule.ts';

const name = 'cronjob-controller';
type Active = NonNullable<CronJobStatus['active']>;

/** `cronjob-controller`: makes a Job each time that a schedule names, and keeps the history short. */
export const createCronJobController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const cronJobs = informers.informer(CronJob);
  const jobs = informers.informer(Job, { indexers: { [byController.name]: byController.values } });
  const events = cronJobEvents(createEventRecorder(client, name, deps));
  const skew = deps.metrics.histogram({
    name: 'cronjob_controller_job_creation_skew_duration_seconds',
    help: 'Time between when a cronjob is scheduled to be run, and when the corresponding job is created',
    buckets: exponentialBuckets(1, 2, 10),
  });
  const jobClient = (cronJob: CronJob) => client.resource(Job).namespace(cronJob.metadata.namespace ?? '');

  async function liveJob(cronJob: CronJob, jobNamed: string): Promise<Job | undefined> {
    try {
      return await jobClient(cronJob).get(jobNamed);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function deleteJob(cronJob: CronJob, job: Job): Promise<void> {
    const { name: jobNamed = '', uid } = job.metadata;
    try {
      await jobClient(cronJob).delete(jobNamed, {
        propagationPolicy: 'Background',
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      });
      events.deleted(cronJob, jobNamed);
    } catch (error) {
      if (isNotFound(error)) return;
      events.deleteFailed(cronJob, (error as Error).message);
      throw error;
    }
  }

  async function writeStatus(cronJob: CronJob, status: CronJobStatus): Promise<CronJob> {
    const clean = { ...status };
    if (clean.active?.length === 0) delete clean.active;
    if (semanticEqual(cronJob.status ?? {}, clean)) return cronJob;
    return client
      .resource(CronJob)
      .namespace(cronJob.metadata.namespace ?? '')
      .updateStatus({ ...cronJob, status: clean });
  }

  /** Strikes Jobs that ended or went from the list of active ones, and notes the last success. */
  async function takeStock(cronJob: CronJob, children: readonly Job[]): Promise<CronJobStatus> {
    let active: Active = [...(cronJob.status?.active ?? [])];
    let success = cronJob.status?.lastSuccessfulTime;
    const drop = (uid: string | undefined) => {
      active = active.filter((one) => one.uid !== uid);
    };
    for (const job of children) {
      const listed = active.some(({ uid }) => uid === job.metadata.uid);
      const end = endedAs(job);
      const at = end === 'Complete' ? job.status?.completionTime : undefined;
      if (at && (!success || parseTime(at) > parseTime(success))) success = at;
      if (listed && end !== undefined) {
        drop(job.metadata.uid);
        events.completed(cronJob, job.metadata.name ?? '', end);
      } else if (!listed && end === undefined && !job.metadata.deletionTimestamp) {
        // Made by us, but we went before we could write it down: the next step takes it up by its name.
        if (!isOurs(cronJob, job)) events.unexpected(cronJob, job.metadata.name ?? '');
      }
    }
    for (const one of active) {
      if (children.some(({ metadata }) => metadata.uid === one.uid)) continue;
      const live = await liveJob(cronJob, one.name ?? '');
      if (live?.metadata.uid === one.uid) continue;
      events.missing(cronJob, one.name ?? '');
      drop(one.uid);
    }
    const status: CronJobStatus = { ...cronJob.status, active };
    if (success) status.lastSuccessfulTime = success;
    return status;
  }

  function isOurs(cronJob: CronJob, job: Job): boolean {
    const minute = /-(\d+)$/.exec(job.metadata.name ?? '')?.[1];
    return minute !== undefined && jobName(cronJob, Number(minute) * 60_000) === job.metadata.name;
  }

  function scheduleOf(cronJob: CronJob): CronSchedule | undefined {
    const { schedule = '', timeZone } = cronJob.spec ?? {};
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      events.unknownZone(cronJob, timeZone);
      return undefined;
    }
    if (schedule.includes('TZ')) events.zoneInSchedule(cronJob, schedule);
    try {
      return parseCron(schedule);
    } catch (error) {
      if (!(error instanceof CronSyntaxError)) throw error;
      events.unparseable(cronJob, schedule, error.message);
      return undefined;
    }
  }

  /** Makes the Job of a start, or finds the one that was made before. Undefined when there is nothing to note. */
  async function startJob(
    cronJob: CronJob,
    dueMs: number,
    children: readonly Job[],
  ): Promise<Job | undefined> {
    const wanted = jobOf(cronJob, dueMs);
    const jobNamed = wanted.metadata.name ?? '';
    const known = children.find(({ metadata }) => metadata.name === jobNamed);
    if (known !== undefined) return known;
    try {
      const made = await jobClient(cronJob).create(wanted);
      const { creationTimestamp } = made.metadata;
      skew.observe(((creationTimestamp ? parseTime(creationTimestamp) : clock.now()) - dueMs) / 1000);
      events.created(cronJob, jobNamed);
      return made;
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (!isAlreadyExists(error)) {
        events.createFailed(cronJob, (error as Error).message);
        throw error;
      }
      const present = await liveJob(cronJob, jobNamed);
      return present !== undefined && controllerOf(present)?.uid === cronJob.metadata.uid
        ? present
        : undefined;
    }
  }

  async function reconcile(key: string): Promise<ReconcileResult | void> {
    const cronJob = cronJobs.get(key);
    if (cronJob === undefined) return;
    const children = jobs.byIndex(byController.name, cronJob.metadata.uid ?? '');
    let status = await takeStock(cronJob, children);
    for (const job of jobsBeyondHistory(cronJob, children)) {
      if (!job.metadata.deletionTimestamp) await deleteJob(cronJob, job);
    }
    if (cronJob.metadata.deletionTimestamp !== undefined || cronJob.spec?.suspend === true) {
      await writeStatus(cronJob, status);
      return;
    }
    const schedule = scheduleOf(cronJob);
    if (schedule === undefined) {
      await writeStatus(cronJob, status);
      return;
    }
    const times = timesOf(schedule, cronJob.spec?.timeZone);
    const nowMs = clock.now();
    const later = (of: CronJob): ReconcileResult | void => {
      const waitMs = untilNextMs(of, nowMs, times);
      return waitMs === undefined ? undefined : { requeueAfterMs: waitMs };
    };
    const recent = mostRecentStart(cronJob, nowMs, times, true);
    if (recent === undefined) {
      // Nothing to wait for: another schedule will bring the key here again.
      events.invalid(cronJob, cronJob.spec?.schedule ?? '');
      await writeStatus(cronJob, status);
      return;
    }
    if (recent.missed === 'many') events.missedMany(cronJob);
    const { dueMs } = recent;
    if (dueMs === undefined) {
      await writeStatus(cronJob, status);
      return later(cronJob);
    }
    const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec ?? {};
    const tooLate =
      startingDeadlineSeconds !== undefined && dueMs + Number(startingDeadlineSeconds) * 1000 < nowMs;
    const known =
      status.active?.some((one) => one.name === jobName(cronJob, dueMs)) === true ||
      (status.lastScheduleTime !== undefined && parseTime(status.lastScheduleTime) === dueMs);
    const blocked = concurrencyPolicy === 'Forbid' && (status.active?.length ?? 0) > 0;
    if (tooLate || known || blocked) {
      if (tooLate) events.missed(cronJob, rfc1123(dueMs));
      else if (!known) events.stillActive(cronJob);
      await writeStatus(cronJob, status);
      return later(cronJob);
    }
    if (concurrencyPolicy === 'Replace') {
      for (const one of status.active ?? []) {
        const live = await liveJob(cronJob, one.name ?? '');
        if (live !== undefined && live.metadata.uid === one.uid) await deleteJob(cronJob, live);
      }
      status = { ...status, active: [] };
    }
    const job = await startJob(cronJob, dueMs, children);
    if (job === undefined) {
      await writeStatus(cronJob, status);
      return later(cronJob);
    }
    const { name: jobNamed = '', namespace = '', uid = '', resourceVersion = '' } = job.metadata;
    const reference = {
      kind: 'Job',
      apiVersion: 'batch/v1',
      name: jobNamed,
      namespace,
      uid,
      resourceVersion,
    };
    const others = (status.active ?? []).filter((one) => one.uid !== uid);
    const active = endedAs(job) === undefined ? [...others, reference] : others;
    return later(await writeStatus(cronJob, { ...status, active, lastScheduleTime: formatTime(dueMs) }));
  }

  /** A new schedule counts from now on: what it would have started before is not made up for. */
  function isPutOff(cronJob: CronJob, previous: CronJob | undefined): boolean {
    const { schedule = '', timeZone } = cronJob.spec ?? {};
    if (previous === undefined) return false;
    if (previous.spec?.schedule === schedule && previous.spec.timeZone === timeZone) return false;
    try {
      const waitMs = untilNextMs(cronJob, clock.now(), timesOf(parseCron(schedule), timeZone));
      if (waitMs !== undefined) controller.enqueue(objectKey(cronJob), waitMs);
      return waitMs !== undefined;
    } catch {
      // The reconcile says what is wrong with it.
      return false;
    }
  }

  const controller = createController(
    {
      name,
      sources: [
        source(CronJob, (cronJob, { previous, deleted }) =>
          deleted || isPutOff(cronJob, previous) ? [] : [objectKey(cronJob)],
        ),
        source(Job, (job) => {
          const owner = controllerOf(job);
          return owner?.kind === 'CronJob' ? [joinKey(job.metadata.namespace, owner.name)] : [];
        }),
      ],
      reconcile,
    },
    deps,
  );
  return controller;
};

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Go's RFC1123Z at UTC: `Thu, 01 Jan 2026 00:05:00 +0000`. */
function rfc1123(atMs: number): string {
  const date = new Date(atMs);
  return `${days[date.getUTCDay()]}, ${date.toUTCString().slice(5, 25)} +0000`;
}
