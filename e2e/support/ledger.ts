import * as k8s from '@kubernetes/client-node';
import { expect } from 'vitest';
import { eventually } from './eventually.ts';

const namespace = 'default';
const lanes = 3;

/** What the server said of one object the last time that it acknowledged a write of it. */
interface Acknowledged {
  readonly uid: string;
  readonly revision: number;
  /** What was written, and every later write without an answer: it may have been made or not. */
  readonly values: readonly string[];
}

/** Writers that go on through every fault and remember what was acknowledged, and a watch that remembers what it saw. */
export interface Ledger {
  acknowledged(): number;
  /** Resolves when this many more writes were acknowledged. */
  more(count: number, timeoutMs?: number): Promise<void>;
  /**
   * Checks, while the writers go on: every acknowledged write is in the list, revisions only rise, and the watch, kept over
   * all faults, has seen each change once and in order, and comes to hold what the list holds.
   */
  check(): Promise<void>;
  stop(): Promise<void>;
}

const contents = (object: k8s.V1ConfigMap | undefined) =>
  JSON.stringify([object?.metadata?.uid, object?.metadata?.labels, object?.data]);

/** Follows ConfigMaps as an informer does: a list, then a watch from there, resumed where it broke off. */
function follow(config: k8s.KubeConfig, labelSelector: string) {
  const core = config.makeApiClient(k8s.CoreV1Api);
  const held = new Map<string, k8s.V1ConfigMap>();
  const complaints: string[] = [];
  let revision = 0;
  let relists = 0;
  let running = true;
  let abort: AbortController | undefined;

  async function list(): Promise<void> {
    const { items, metadata } = await core.listNamespacedConfigMap({ namespace, labelSelector });
    held.clear();
    for (const item of items) held.set(item.metadata?.name ?? '', item);
    revision = Number(metadata?.resourceVersion);
    relists += 1;
  }
  function see(type: string, object: k8s.V1ConfigMap & { code?: number }): void {
    if (type === 'ERROR') {
      revision = 0;
      return;
    }
    const at = Number(object.metadata?.resourceVersion);
    if (type !== 'BOOKMARK') {
      if (at <= revision) complaints.push(`${type} ${object.metadata?.name} at ${at} after ${revision}`);
      const name = object.metadata?.name ?? '';
      if (type === 'ADDED' && held.has(name)) complaints.push(`${name} was added twice`);
      if (type === 'DELETED') held.delete(name);
      else held.set(name, object);
    }
    revision = Math.max(revision, at);
  }
  const done = (async () => {
    while (running) {
      try {
        if (revision === 0) await list();
        await new Promise<void>((resolve) => {
          const options = { resourceVersion: String(revision), labelSelector, allowWatchBookmarks: true };
          new k8s.Watch(config)
            .watch(`/api/v1/namespaces/${namespace}/configmaps`, options, see, () => resolve())
            .then(
              (started) => {
                abort = started;
                if (!running) started.abort();
              },
              () => resolve(),
            );
        });
      } catch {
        // The server is away; it is asked again.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    held,
    complaints,
    relists: () => relists,
    async stop() {
      running = false;
      abort?.abort();
      await done;
    },
  };
}

/** Starts writing and watching over the cluster of a kubeconfig. */
export async function startLedger(kubeconfig: string): Promise<Ledger> {
  const config = new k8s.KubeConfig();
  config.loadFromFile(kubeconfig);
  const core = config.makeApiClient(k8s.CoreV1Api);
  // Of others that came before, their objects may still be there.
  const run = `ledger-${Date.now().toString(36)}`;
  const labelSelector = `ledger=${run}`;
  const known = new Map<string, Acknowledged>();
  let count = 0;
  let running = true;
  let failure: Error | undefined;

  async function write(name: string, value: string): Promise<void> {
    const before = known.get(name);
    // An update names the revision it follows: a late one whose answer was lost cannot come after a later one.
    const resourceVersion = before === undefined ? undefined : String(before.revision);
    const metadata = { name, labels: { ledger: run }, resourceVersion };
    const body = { metadata, data: { value } };
    if (before !== undefined) known.set(name, { ...before, values: [...before.values, value] });
    const { metadata: answered } =
      before === undefined
        ? await core.createNamespacedConfigMap({ namespace, body })
        : await core.replaceNamespacedConfigMap({ namespace, name, body });
    const revision = Number(answered?.resourceVersion);
    if (before !== undefined && revision <= before.revision)
      failure ??= new Error(`${name} went from revision ${before.revision} back to ${revision}`);
    known.set(name, { uid: answered?.uid ?? '', revision, values: [value] });
    count += 1;
  }
  const writers = Array.from({ length: lanes }, async (_, lane) => {
    for (let index = 0; running; index++) {
      const name = `${run}-${lane}-${index}`;
      for (const value of ['first', 'second', 'third']) {
        // What is not answered may or may not have happened; a name without an acknowledged create is left behind.
        if (running) await write(name, value).catch(() => undefined);
      }
      // Enough to meet every fault, and not so much that nothing else gets on.
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  });
  const follower = follow(config, labelSelector);

  const ledger: Ledger = {
    acknowledged: () => count,
    async more(wanted, timeoutMs = 60_000) {
      const from = count;
      await eventually(() => count >= from + wanted, {
        timeoutMs,
        what: `${wanted} more acknowledged writes`,
      });
    },
    async check() {
      if (failure !== undefined) throw failure;
      const expected = new Map(known);
      const { items, metadata } = await eventually(
        () => core.listNamespacedConfigMap({ namespace, labelSelector }),
        { timeoutMs: 30_000 },
      );
      const found = new Map(items.map((item) => [item.metadata?.name ?? '', item]));
      for (const [name, { uid, revision }] of expected) {
        const item = found.get(name);
        expect(item?.metadata?.uid, `${name}, acknowledged at ${revision}`).toBe(uid);
        expect(Number(item?.metadata?.resourceVersion), name).toBeGreaterThanOrEqual(revision);
      }
      expect(Number(metadata?.resourceVersion)).toBeGreaterThanOrEqual(
        Math.max(0, ...[...expected.values()].map(({ revision }) => revision)),
      );
      await eventually(
        () =>
          items.every((item) => {
            const held = follower.held.get(item.metadata?.name ?? '');
            const seen = Number(held?.metadata?.resourceVersion ?? 0);
            const listed = Number(item.metadata?.resourceVersion);
            return seen > listed || (seen === listed && contents(held) === contents(item));
          }),
        { timeoutMs: 60_000, what: 'the watch to hold what the list holds' },
      );
      expect(follower.complaints).toEqual([]);
    },
    async stop() {
      running = false;
      await Promise.all(writers);
      await ledger.check();
      for (const [name, { values }] of known) {
        expect(values, name).toContain(follower.held.get(name)?.data?.['value']);
      }
      await follower.stop();
    },
  };
  return ledger;
}
