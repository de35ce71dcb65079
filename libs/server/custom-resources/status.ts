import type { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import { cloneJson, deepEqual, formatTime, isConflict, isNotFound } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import type { WatchCache } from '../watch-cache/index.ts';
import { decideApproval } from './approval.ts';
import { cleanupFinalizer, findCondition, isTrue, sameCondition, setCondition } from './conditions.ts';
import type { Condition } from './conditions.ts';
import { definitionsResource } from './follower.ts';
import { decideNames } from './naming.ts';

export interface StatusDeps {
  /** As the server itself. */
  readonly transport: Transport;
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly logger: Logger;
}

const reference = { ...definitionsResource, version: 'v1' };
const retryMs = 250;
const maxRetryMs = 30_000;

/**
 * Keeps the status of all CustomResourceDefinitions: their names, their conditions, the removal of their instances when
 * they are deleted. One at a time; what fails is tried again. Returns the way to stop.
 */
export function maintainDefinitions(deps: StatusDeps): () => Promise<void> {
  const { transport, cache, clock, logger } = deps;
  const pending = new Set<string>();
  const failures = new Map<string, number>();
  const abort = new AbortController();
  let running: Promise<void> | undefined;

  const lookup = (name: string): CustomResourceDefinition | undefined =>
    cache.peek(definitionsResource, name)?.object as CustomResourceDefinition | undefined;
  const all = (): CustomResourceDefinition[] =>
    cache.items(definitionsResource).map((item) => item.object as CustomResourceDefinition);
  const now = (): string => formatTime(clock.now());

  async function write(crd: CustomResourceDefinition): Promise<CustomResourceDefinition | undefined> {
    try {
      const ref = { ...reference, name: crd.metadata.name ?? '', subresource: 'status' };
      return (await transport.update(ref, crd)) as CustomResourceDefinition;
    } catch (error) {
      // Deleted or changed in the meantime: that change brings us here again.
      if (isConflict(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function syncNames(crd: CustomResourceDefinition): Promise<void> {
    const name = crd.metadata.name ?? '';
    const draft = cloneJson(crd);
    if (
      !deepEqual(crd.spec.names, crd.status?.acceptedNames) ||
      findCondition(crd, 'Established') === undefined
    ) {
      const others = all().filter((other) => other.metadata.name !== name);
      const { acceptedNames, namesAccepted, established } = decideNames(crd, others);
      draft.status = { ...draft.status, acceptedNames };
      for (const condition of [namesAccepted, established]) apply(draft, condition);
    }
    const approval = decideApproval(crd);
    if (approval !== undefined) apply(draft, approval);
    if (deepEqual(draft.status, crd.status)) return;
    if ((await write(draft)) !== undefined) requeueGroup(crd.spec.group, name);
  }

  function apply(draft: CustomResourceDefinition, condition: Condition): void {
    if (!sameCondition(findCondition(draft, condition.type), condition))
      setCondition(draft, condition, now());
  }

  function terminating(status: string, reason: string, message: string): Condition {
    return { type: 'Terminating', status, reason, message };
  }

  async function finalize(crd: CustomResourceDefinition): Promise<void> {
    const started = cloneJson(crd);
    apply(
      started,
      terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress'),
    );
    const current = deepEqual(started.status, crd.status) ? crd : await write(started);
    if (current === undefined) return;
    const last = cloneJson(current);
    if (isTrue(last, 'Established')) {
      if (!(await deleteInstances(last))) {
        again(last.metadata.name ?? '', retryMs);
        return;
      }
      apply(last, terminating('False', 'InstanceDeletionCompleted', 'removed all instances'));
    } else apply(last, terminating('False', 'NeverEstablished', 'resource was never established'));
    last.metadata.finalizers = last.metadata.finalizers?.filter((one) => one !== cleanupFinalizer);
    await write(last);
  }

  /** True when none is left. */
  async function deleteInstances(crd: CustomResourceDefinition): Promise<boolean> {
    const { group, versions } = crd.spec;
    const resource = crd.status?.acceptedNames?.plural ?? crd.spec.names.plural;
    const version = (versions.find((one) => one.served && one.storage) ?? versions.find((one) => one.served))
      ?.name;
    const items = cache.items({ group, resource });
    const alive = items.filter(({ object }) => object.metadata.deletionTimestamp === undefined);
    if (version !== undefined && alive.length > 0) {
      const namespaces = new Set(alive.map(({ object }) => object.metadata.namespace));
      for (const namespace of namespaces) {
        const scope = namespace === undefined ? {} : { namespace };
        await transport.deleteCollection({ group, version, resource, ...scope });
      }
    }
    return version === undefined || cache.count({ group, resource }) === 0;
  }

  async function sync(name: string): Promise<void> {
    const crd = lookup(name);
    if (crd === undefined) return;
    if (crd.metadata.deletionTimestamp === undefined) await syncNames(crd);
    else if (crd.metadata.finalizers?.includes(cleanupFinalizer) === true) await finalize(crd);
  }

  function requeueGroup(group: string, except: string): void {
    for (const other of all()) {
      const { name = '' } = other.metadata;
      if (other.spec.group === group && name !== except) add(name);
    }
  }

  async function work(): Promise<void> {
    for (const name of pending) {
      if (abort.signal.aborted) return;
      pending.delete(name);
      try {
        await sync(name);
        failures.delete(name);
      } catch (error) {
        if (abort.signal.aborted) return;
        const failed = (failures.get(name) ?? 0) + 1;
        failures.set(name, failed);
        logger.warn('the status of a custom resource definition cannot be written yet', { name, err: error });
        again(name, Math.min(retryMs * 2 ** failed, maxRetryMs));
      }
    }
  }

  function again(name: string, delayMs: number): void {
    clock.sleep(delayMs, abort.signal).then(
      () => add(name),
      () => undefined,
    );
  }

  function add(name: string): void {
    if (abort.signal.aborted) return;
    pending.add(name);
    running ??= Promise.resolve()
      .then(work)
      .finally(() => {
        running = undefined;
        const [next] = pending;
        if (next !== undefined) add(next);
      });
  }

  for (const item of cache.items(definitionsResource)) add(item.key);
  const unfollow = cache.onChange(definitionsResource, ({ key, current }) => {
    if (current !== undefined) add(key);
    // Its names are free again.
    else requeueGroup(key.slice(key.indexOf('.') + 1), key);
  });
  return async () => {
    abort.abort();
    unfollow();
    await running;
  };
}
