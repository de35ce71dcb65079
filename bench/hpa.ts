// Measures how long one sync period of 10,000 HorizontalPodAutoscalers takes: each reads its Deployment's scale through the
// API server, its Pods' CPU (five Pods each, 50,000 in all) from a metrics client in memory, decides, writes scale and status.
// First a period in which every one scales (and writes its first status), then one in which nothing changes. Each
// autoscaler has its own beat, so the later periods' times also hold how far the beats are apart: there the CPU time counts.
// Bounded in count. Prints a table, and each figure as a JSON line.
import { HorizontalPodAutoscaler } from '@drydock/api/autoscaling/v2';
import { Deployment } from '@drydock/api/apps/v1';
import { Pod } from '@drydock/api/core/v1';
import type { ObjectMeta } from '@drydock/base/apimachinery';
import { systemClock, systemRandom } from '@drydock/base/clock';
import { createHpaController, type MetricsClient } from '@drydock/controllers/hpa';
import { createClient } from '@drydock/machinery/client';
import { createInformerFactory } from '@drydock/machinery/informer';
import { noMetrics, silentLogger } from '@drydock/port/observability';
import { createApiServerCore } from '@drydock/server/core';
import { allDefinitions } from '@drydock/server/resources';
import { createMemoryStore } from '@drydock/store-memory';

const count = Number(process.env['HPAS'] ?? 10_000);
const podsEach = 5;
const periodMs = 15_000;
const namespace = 'default';
const at = new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');

const core = createApiServerCore(
  { cache: { defer: (run) => void setImmediate(run) }, disableAdmission: ['ServiceAccount'] },
  {
    definitions: allDefinitions,
    store: createMemoryStore(),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  },
);
await core.start();
// The clock's timers keep no process alive.
setInterval(() => undefined, 60_000);
const client = createClient(core.transport({ name: 'bench', groups: ['system:masters'] }));

async function inLanes(total: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (next < total) await run(next++);
    }),
  );
}

const template = {
  containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '100m' } } }],
};
const ownerOf = (index: number) => `app-${index}`;
await inLanes(count, async (index) => {
  const name = ownerOf(index);
  const labels = { app: name };
  await client.resource(Deployment).create({
    metadata: { name, namespace },
    spec: {
      replicas: podsEach,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: template },
    },
  } as Deployment);
  await client.resource(HorizontalPodAutoscaler).create({
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: 1,
      maxReplicas: 20,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
    },
  } as HorizontalPodAutoscaler);
});
// The scale's selector stands in the Deployment's status; the Pods are in the informer alone.
await inLanes(count, (index) =>
  client
    .resource(Deployment)
    .namespace(namespace)
    .patch(
      ownerOf(index),
      { type: 'merge', body: { status: { replicas: podsEach } } },
      { subresource: 'status' },
    ),
);
await inLanes(count * podsEach, async (index) => {
  const app = ownerOf(index % count);
  const metadata: ObjectMeta = { name: `pod-${index}`, namespace, labels: { app } };
  await client.resource(Pod).create({ metadata, spec: template } as Pod);
  await client
    .resource(Pod)
    .namespace(namespace)
    .patch(
      `pod-${index}`,
      {
        type: 'merge',
        body: {
          status: {
            phase: 'Running',
            startTime: at,
            conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at }],
          },
        },
      },
      { subresource: 'status' },
    );
});

let level = 100;
let looks = 0;
let startedMs = 0;
let cpuBefore = process.cpuUsage();
let ended: (() => void) | undefined;
/** What the Pods of one autoscaler use. Counts the looks: the last one of a period ends it. */
const metrics: MetricsClient = {
  resource({ selector }) {
    const index = Number(selector.slice(selector.lastIndexOf('-') + 1));
    if (looks === 0) {
      startedMs = systemClock.monotonicMs();
      cpuBefore = process.cpuUsage();
    }
    if (++looks === count) ended?.();
    const sample = { value: level, timestampMs: Date.now(), windowMs: 30_000 };
    return Promise.resolve(
      new Map(Array.from({ length: podsEach }, (_, one) => [`pod-${index + one * count}`, sample])),
    );
  },
  pods: () => Promise.reject(new Error('not asked')),
  object: () => Promise.reject(new Error('not asked')),
  external: () => Promise.reject(new Error('not asked')),
};

const informers = createInformerFactory(client, {
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
});
const controller = createHpaController(
  { metrics, resources: () => allDefinitions, syncPeriodMs: periodMs, concurrentSyncs: 5 },
  { client, informers, clock: systemClock, random: systemRandom, logger: silentLogger, metrics: noMetrics },
);
informers.start();
await informers.informer(Pod).waitForSync();
const stopper = new AbortController();
const running = controller.run(stopper.signal);
// The first look at each comes one period after it is seen.
await systemClock.sleep(periodMs - 1000);

const rows: { what: string; value: number }[] = [];
async function period(what: string): Promise<void> {
  looks = 0;
  const done = new Promise<void>((resolve) => (ended = resolve));
  await done;
  const value = Math.round(systemClock.monotonicMs() - startedMs);
  const { user, system } = process.cpuUsage(cpuBefore);
  rows.push({ what, value });
  const cpuMs = Math.round((user + system) / 1000);
  process.stdout.write(
    `${JSON.stringify({ bench: 'hpa', what, value, unit: 'ms', cpuMs, autoscalers: count, periodMs })}\n`,
  );
}
const named = count.toLocaleString('en');
await period(`${named} autoscalers, every one scales`);
// Ten Pods are asked for, five measured: half the use is as wanted, with the tolerance.
level = 100;
await period(`${named} autoscalers, the period after`);
await period(`${named} autoscalers, a later period`);
stopper.abort();
await running;
const width = Math.max(...rows.map(({ what }) => what.length));
const share = (value: number) =>
  `${((value / periodMs) * 100).toFixed(0)} % of a period of ${periodMs / 1000} s`;
process.stdout.write(
  `\n${rows.map(({ what, value }) => `${what.padEnd(width)}  ${value} ms  ${share(value)}`).join('\n')}\n`,
);
process.exit(0);
