import {
  apiVersionOf,
  controllerOf,
  formatTime,
  isInvalid,
  isNotFound,
  joinKey,
  objectKey,
  selectorFromLabelSelector,
  semanticEqual,
} from '@drydock/base/apimachinery';
import { Job, type JobStatus } from '@drydock/api/batch/v1';
import { Pod } from '@drydock/api/core/v1';
import {
  claimObjects,
  createController,
  createEventRecorder,
  createExpectations,
  source,
  type ControllerFactory,
  type ReconcileResult,
} from '@drydock/machinery/controller';
import { byController, byNamespace } from '@drydock/machinery/informer';
import { slowStart } from '../replicas/index.ts';
import { isNamespaceTerminating, isPodReady } from '../shared/index.ts';
import { createOwnership } from '../shared-ownership/index.ts';
import { assessJob, deadlineLeftMs, isFinished, type Assessment, type Verdict } from './assess.ts';
import { nextRecord, noFailures, type BackoffRecord } from './backoff.ts';
import { jobEvents } from './events.ts';
import { manageJob, type NewPod } from './manage.ts';
import { jobMetrics, type Action } from './metrics.ts';
import { finalizer, hasFinalizer, jobPod } from './pods.ts';
import {
  finalStatus,
  settleUncounted,
  suspendedCondition,
  trackPods,
  withCondition,
  withInterim,
} from './tracking.ts';

const name = 'job-controller';
const ourName = 'kubernetes.io/job-controller';
/** Marks keys of Pods whose Job is gone, or that have none any more, and that wait for their finalizer. */
const orphanMark = 'orphan:';

/** `job-controller`: runs the Pods of each Job to their end and counts them, each once. */
export const createJobController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const jobs = informers.informer(Job, { indexers: { [byNamespace.name]: byNamespace.values } });
  const pods = informers.informer(Pod, { indexers: { [byController.name]: byController.values } });
  const expectations = createExpectations(clock);
  const events = jobEvents(createEventRecorder(client, name, deps));
  const metrics = jobMetrics(deps.metrics);
  const backoffs = new Map<string, BackoffRecord>();
  /** Each Job as it was written last. Until the cache shows that, Pods would be counted that are not in its status yet, or not any more. */
  const written = new Map<string, { readonly uid: string; readonly resourceVersion: number }>();
  /** uids of Pods without finalizer whom the cache shows with it still. */
  const released = new Set<string>();
  const ownership = createOwnership({
    type: Job,
    owners: jobs,
    selector: (job) => selectorFromLabelSelector(job.spec?.selector),
    expectations,
  });

  const isHeld = (pod: Pod) => hasFinalizer(pod) && !released.has(pod.metadata.uid ?? '');

  const podKeys = (pod: Pod, change: { previous?: Pod; deleted: boolean }): string[] => {
    metrics.changed(change.deleted ? pod : change.previous, change.deleted ? undefined : pod);
    if (change.deleted || !hasFinalizer(pod)) released.delete(pod.metadata.uid ?? '');
    const keys = ownership.keys(pod, change);
    const orphaned = !change.deleted && hasFinalizer(pod) && !isTracked(pod, ownership.ownerOf(pod));
    return orphaned ? [...keys, `${orphanMark}${objectKey(pod)}`] : keys;
  };
  const jobKeys = (job: Job, { previous, deleted }: { previous?: Job; deleted: boolean }): string[] => {
    const manager = job.spec?.managedBy;
    if (previous === undefined && !deleted && manager !== undefined && isManagedByOther(job))
      metrics.managedBy(manager);
    // A Job is not over before its Pods have no finalizer; who said otherwise was somebody else.
    if (!deleted && !isFinished(job)) return [objectKey(job)];
    const left = pods.byIndex(byController.name, job.metadata.uid ?? '').filter(isHeld);
    return [objectKey(job), ...left.map((pod) => `${orphanMark}${objectKey(pod)}`)];
  };

  async function reconcile(key: string): Promise<ReconcileResult | void> {
    if (key.startsWith(orphanMark)) return releaseOrphan(key.slice(orphanMark.length));
    const job = jobs.get(key);
    if (job === undefined || isFinished(job)) {
      backoffs.delete(key);
      written.delete(key);
      expectations.forget(key);
      return;
    }
    // The Job that is on its way brings it back here.
    if (isOutdated(key, job)) return;
    if (isManagedByOther(job)) return;
    const { completionMode = 'NonIndexed' } = job.spec ?? {};
    if (completionMode !== 'NonIndexed' && completionMode !== 'Indexed') return events.unknownMode(job);
    return measured(key, job);
  }

  async function measured(key: string, job: Job): Promise<ReconcileResult | void> {
    const startMs = clock.now();
    let action: Action = 'reconciling';
    let succeeded = false;
    try {
      const result = await sync(key, job, (done) => (action = done));
      succeeded = true;
      return result;
    } finally {
      metrics.synced(job, action, clock.now() - startMs, succeeded);
    }
  }

  function isOutdated(key: string, { metadata }: Job): boolean {
    const last = written.get(key);
    if (last === undefined || last.uid !== metadata.uid) return false;
    if (Number(metadata.resourceVersion) < last.resourceVersion) return true;
    written.delete(key);
    return false;
  }

  async function sync(
    key: string,
    cached: Job,
    did: (action: Action) => void,
  ): Promise<ReconcileResult | void> {
    const nowMs = clock.now();
    const job = startedJob(cached, nowMs);
    const selector = selectorFromLabelSelector(job.spec?.selector);
    const mayManage = expectations.satisfied(key);
    const owned = await claimObjects({
      client,
      owner: job,
      ownerType: Job,
      type: Pod,
      matches: (pod) => selector.matches(pod.metadata.labels),
      candidates: ownership.candidates(pods, job),
      finalizers: [finalizer],
    });
    const assessed = assessJob({ job, pods: owned, released, nowMs });
    const known = backoffs.get(key) ?? noFailures;
    const record = nextRecord(known, assessed.newlySucceeded, assessed.newlyFailed);
    let { active: activePods, ready, terminating } = { ...assessed, active: assessed.active.length };
    let verdict = assessed.verdict;
    let waitMs = deadlineLeftMs(job, nowMs);
    let failure: Error | undefined;
    let managed = false;
    if (verdict !== undefined) {
      const gone = await deletePods(key, job, assessed.active, false);
      failure = gone.error;
      // Pods may be left that are at work still, or that we do not see yet: the Job is not over before they are.
      if (failure !== undefined || !mayManage) verdict = undefined;
      activePods -= gone.removed.length;
      terminating += gone.removed.length;
      ready -= gone.removed.filter(isPodReady).length;
    } else {
      if (mayManage && job.metadata.deletionTimestamp === undefined) {
        managed = true;
        const plan = manageJob(job, owned, assessed, record, nowMs);
        did(plan.action);
        if (plan.waitMs !== undefined) waitMs = Math.min(waitMs ?? Infinity, plan.waitMs);
        const gone = await deletePods(key, job, plan.remove, true);
        const made = await createPods(key, job, plan.create);
        metrics.created(job, assessed, made.created, made.refused);
        failure = gone.error ?? made.error;
        activePods += made.created - gone.removed.length;
        terminating += gone.removed.length;
        ready -= gone.removed.filter(isPodReady).length;
      }
      if (isComplete(job, assessed, activePods)) {
        verdict = {
          type: 'SuccessCriteriaMet',
          reason: 'CompletionsReached',
          message: 'Reached expected number of succeeded pods',
        };
      }
    }
    const effective: Assessment = { ...assessed, verdict };
    const counts = { active: activePods, ready, terminating, managed };
    // What was counted is not seen as new again: from the first write on, only the record knows of it.
    const counted = () => void backoffs.set(key, record);
    const more = await track(job, owned, effective, counts, counted);
    if (failure !== undefined) throw failure;
    if (more) return { requeue: true };
    if (waitMs !== undefined) return { requeueAfterMs: Math.max(1, Math.ceil(waitMs)) };
  }

  function startedJob(job: Job, nowMs: number): Job {
    if (job.status?.startTime !== undefined || job.spec?.suspend === true) return job;
    return { ...job, status: { ...job.status, startTime: formatTime(nowMs) } };
  }

  /** Counts what ended, lets those Pods go, and ends the Job when all is done. Resolves with whether there is more to count. */
  async function track(
    job: Job,
    owned: readonly Pod[],
    assessed: Assessment,
    counts: { active: number; ready: number; terminating: number; managed: boolean },
    counted: () => void,
  ): Promise<boolean> {
    const nowMs = clock.now();
    const { verdict } = assessed;
    const tracking = trackPods(job, owned, released, assessed);
    let stored = job;
    let changed: Job | undefined;
    const write = async (status: JobStatus) => {
      const known = changed === undefined ? jobs.get(objectKey(job))?.status : stored.status;
      if (isSameStatus(known, status)) return;
      changed = await client
        .resource(Job)
        .namespace(job.metadata.namespace ?? '')
        .updateStatus({ ...stored, status });
      metrics.counted(job, known, status);
      stored = changed;
      const { uid = '', resourceVersion } = changed.metadata;
      written.set(objectKey(job), { uid, resourceVersion: Number(resourceVersion) });
    };

    let status: JobStatus = { ...tracking.status, ready: counts.ready, terminating: counts.terminating };
    if (counts.active > 0) status.active = counts.active;
    else delete status.active;
    let told: (() => void) | undefined;
    if (verdict === undefined && counts.managed) {
      const suspended = suspendedCondition(job, status, nowMs);
      if (suspended !== undefined) {
        status = withCondition(status, suspended);
        const on = suspended.status === 'True';
        // The clock of a Job that was resumed begins anew.
        if (!on) status.startTime = formatTime(nowMs);
        told = () => (on ? events.suspended(job) : events.resumed(job));
      }
    } else if (verdict !== undefined) status = withInterim(status, verdict, nowMs);

    const stillHeld = (uid: string) => owned.some((pod) => pod.metadata.uid === uid && isHeld(pod));
    status = settleUncounted(status, stillHeld);
    await write(status);
    counted();
    told?.();
    metrics.handled(tracking.handled);
    const failure = await releasePods(tracking.release);
    status = settleUncounted(status, stillHeld);
    const over = verdict !== undefined && !tracking.more && failure === undefined;
    const final = over ? finalStatus(status, verdict, nowMs) : undefined;
    await write(final ?? status);
    if (failure !== undefined) throw failure;
    if (final !== undefined && verdict !== undefined) tellEnd(stored, verdict);
    return tracking.more;
  }

  function tellEnd(job: Job, verdict: Verdict): void {
    metrics.finished(job, verdict);
    if (verdict.type === 'SuccessCriteriaMet') {
      if ((job.status?.succeeded ?? 0) > (job.spec?.completions ?? Infinity)) events.tooMany(job);
      events.completed(job);
    } else events.failed(job, verdict.reason, verdict.message);
  }

  async function releasePods(list: readonly Pod[]): Promise<Error | undefined> {
    const results = await Promise.allSettled(list.map(release));
    return results.find((result) => result.status === 'rejected')?.reason as Error | undefined;
  }

  async function release(pod: Pod): Promise<void> {
    const { namespace = '', name: podName = '', uid = '', finalizers = [] } = pod.metadata;
    released.add(uid);
    try {
      await client
        .resource(Pod)
        .namespace(namespace)
        .patch(podName, {
          type: 'strategic',
          body: { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [finalizer] } },
        });
    } catch (error) {
      // Invalid: another Pod has the name by now.
      if (isNotFound(error) || isInvalid(error)) return;
      released.delete(uid);
      throw error;
    } finally {
      // Gone from the cache before we were done: nothing will take the mark away.
      if (finalizers.length > 0 && pods.get(joinKey(namespace, podName))?.metadata.uid !== uid)
        released.delete(uid);
    }
  }

  async function releaseOrphan(podKey: string): Promise<void> {
    const pod = pods.get(podKey);
    if (pod === undefined || !isHeld(pod)) return;
    const known = ownership.ownerOf(pod);
    if (isTracked(pod, known)) return;
    const owner = controllerOf(pod);
    if (owner !== undefined && known === undefined) {
      const live = await client
        .resource(Job)
        .namespace(pod.metadata.namespace ?? '')
        .get(owner.name)
        .catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        });
      if (live?.metadata.uid === owner.uid && isTracked(pod, live)) return;
    }
    await release(pod);
  }

  async function createPods(
    key: string,
    job: Job,
    wanted: readonly NewPod[],
  ): Promise<{ created: number; refused: number; error?: Error }> {
    if (wanted.length === 0) return { created: 0, refused: 0 };
    const { namespace = '' } = job.metadata;
    expectations.expectCreations(key, wanted.length);
    let at = 0;
    let [created, refused] = [0, 0];
    const { succeeded, error } = await slowStart(wanted.length, async () => {
      const one = wanted[at++];
      try {
        const pod = await client
          .resource(Pod)
          .namespace(namespace)
          .create(jobPod(job, one?.index, one?.annotations));
        created++;
        events.created(job, pod);
      } catch (err) {
        if (isNamespaceTerminating(err)) return;
        refused++;
        events.createFailed(job, err as Error);
        throw err;
      }
    });
    for (let skipped = wanted.length - succeeded; skipped > 0; skipped--) expectations.creationObserved(key);
    return { created, refused, ...(error !== undefined && { error: error as Error }) };
  }

  /** Deletes Pods; with `forget` they lose their finalizer first, so that they count for nothing. */
  async function deletePods(
    key: string,
    job: Job,
    list: readonly Pod[],
    forget: boolean,
  ): Promise<{ removed: Pod[]; error?: Error }> {
    const removed: Pod[] = [];
    let failure: Error | undefined;
    if (forget)
      expectations.expectDeletions(
        key,
        list.map((pod) => pod.metadata.uid ?? ''),
      );
    await Promise.all(
      list.map(async (pod) => {
        const { namespace = '', name: podName = '', uid = '' } = pod.metadata;
        try {
          if (forget && hasFinalizer(pod)) await release(pod);
          await client.resource(Pod).namespace(namespace).delete(podName, { preconditions: { uid } });
          removed.push(pod);
          events.deleted(job, pod);
        } catch (error) {
          expectations.deletionObserved(key, uid);
          if (isNotFound(error)) return void removed.push(pod);
          events.deleteFailed(job, error as Error);
          failure ??= error as Error;
        }
      }),
    );
    return failure === undefined ? { removed } : { removed, error: failure };
  }

  return createController({ name, sources: [source(Job, jobKeys), source(Pod, podKeys)], reconcile }, deps);
};

/** Whether somebody else takes care of the finalizer of a Pod: its Job, as long as that goes on, or an owner of another kind. */
function isTracked(pod: Pod, job: Job | undefined): boolean {
  const owner = controllerOf(pod);
  if (owner === undefined) return false;
  if (owner.kind !== Job.kind || owner.apiVersion !== apiVersionOf(Job.group, Job.version)) return true;
  return job !== undefined && (isManagedByOther(job) || !isFinished(job));
}

function isManagedByOther({ spec }: Job): boolean {
  return spec?.managedBy !== undefined && spec.managedBy !== ourName;
}

function isComplete(job: Job, assessed: Assessment, active: number): boolean {
  const completions = job.spec?.completions;
  if (completions === undefined) return assessed.succeeded > 0 && active === 0;
  return assessed.succeeded >= completions && active === 0;
}

function isSameStatus(known: JobStatus | undefined, next: JobStatus): boolean {
  const written = known?.ready !== undefined && known.terminating !== undefined;
  return written && known.startTime === next.startTime && semanticEqual(known, next);
}
