/**
 * The registry without a wire: creates, gets, updates, a list of 10,000 and the fan-out to 100 watchers, in one process on
 * the memory store. Prints a table and a JSON line. Usage: node bench/registry.ts [objects]
 */
import type { KubeObject } from '@drydock/base/apimachinery';
import { systemClock, systemRandom } from '@drydock/base/clock';
import { silentLogger } from '@drydock/port/observability';
import { createApiServerCore } from '@drydock/server/core';
import { allDefinitions } from '@drydock/server/resources';
import { watchBatchLines } from '@drydock/server/watch-cache';
import { createMemoryStore } from '@drydock/store-memory';

const count = Number(process.argv[2] ?? 10_000);
const watchers = 100;
const context = { user: { name: 'bench', groups: [] } };
const collection = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };
const encoder = new TextEncoder();

function body(name: string, extra = ''): Uint8Array {
  return encoder.encode(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { app: 'bench', part: extra } },
      data: { payload: 'x'.repeat(850) + extra },
    } satisfies KubeObject & { data: unknown }),
  );
}

async function inBatches(
  total: number,
  width: number,
  work: (index: number) => Promise<unknown> | unknown,
): Promise<void> {
  for (let start = 0; start < total; start += width) {
    const running: unknown[] = [];
    for (let index = start; index < Math.min(start + width, total); index++) running.push(work(index));
    await Promise.all(running);
    // As a server would, lets the loop turn.
    await new Promise(setImmediate);
  }
}

const rows: { what: string; perSecond?: number; ms: number }[] = [];
async function measure(what: string, times: number, work: () => Promise<void>): Promise<void> {
  const began = performance.now();
  await work();
  const ms = performance.now() - began;
  rows.push({ what, ms: Math.round(ms * 10) / 10, perSecond: Math.round((times / ms) * 1000) });
}

const store = createMemoryStore();
const core = createApiServerCore(
  { cache: { defer: setImmediate } },
  { store, definitions: allDefinitions, clock: systemClock, random: systemRandom, logger: silentLogger },
);
await core.start();
const { registry } = core;

// Warm the compiler up on another namespace's objects.
await inBatches(2_000, 16, (index) =>
  registry.create({ ...collection, namespace: 'kube-system' }, body(`warm-${index}`), {}, context),
);

const bodies = Array.from({ length: count }, (_, index) => body(`bench-${index}`));
await measure('create', count, () =>
  inBatches(count, 16, (index) => registry.create(collection, bodies[index]!, {}, context)),
);
await measure('get', count * 10, () =>
  inBatches(
    count * 10,
    16,
    async (index) =>
      (await registry.get({ ...collection, name: `bench-${index % count}` }, {}, context)).bytes.length,
  ),
);
const changed = Array.from({ length: count }, (_, index) => body(`bench-${index}`, 'u'));
await measure('update', count, () =>
  inBatches(count, 16, (index) =>
    registry.update({ ...collection, name: `bench-${index}` }, changed[index]!, {}, context),
  ),
);
await measure('patch (merge)', count, () =>
  inBatches(count, 16, (index) =>
    registry.patch(
      { ...collection, name: `bench-${index}` },
      { type: 'merge', body: { metadata: { labels: { part: `p${index}` } } } },
      {},
      context,
    ),
  ),
);
let bytes = 0;
const lists = 50;
await measure(`list of ${count} in its namespace`, lists, async () => {
  for (let round = 0; round < lists; round++) {
    const list = await registry.list(collection, {}, context);
    for (const item of list.items) bytes += item.bytes.length;
  }
});
await measure(`list of ${count} by label`, lists, async () => {
  for (let round = 0; round < lists; round++) {
    bytes += (await registry.list(collection, { labelSelector: 'app=bench' }, context)).items.length;
  }
});

const abort = new AbortController();
let delivered = 0;
let sent = 0;
const events = 2_000;
const readers = Array.from({ length: watchers }, async () => {
  const resourceVersion = String(core.cache.revision);
  const watch = await registry.watch(collection, { resourceVersion }, { ...context, signal: abort.signal });
  for await (const batch of watch) {
    delivered += batch.length;
    sent += watchBatchLines(batch).length;
  }
});
await new Promise(setImmediate);
await measure(`fan-out to ${watchers} watchers`, events * watchers, async () => {
  await inBatches(events, 16, (index) =>
    registry.update({ ...collection, name: `bench-${index}` }, bodies[index]!, {}, context),
  );
  while (delivered < events * watchers) await new Promise(setImmediate);
});
abort.abort();
await Promise.all(readers);

await measure('delete', count, () =>
  inBatches(count, 16, (index) => registry.delete({ ...collection, name: `bench-${index}` }, {}, context)),
);
await core.stop();
await store.close();

console.table(rows);
console.log(
  JSON.stringify({
    bench: 'registry',
    count,
    rows,
    delivered,
    sentBytes: sent,
    listBytes: bytes,
    rss: process.memoryUsage.rss(),
  }),
);
