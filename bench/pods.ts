// Measures Pods from creation to Running: 10,000 Pods on 1,000 simulated nodes, created by 16 clients over HTTPS, seen by a
// watch of all Pods; then the same number from ten Deployments. Once with everything in one process, once with every
// process separate, each on the durable store. Bounded in count and time. Prints a table, and each figure as a JSON line.
// `PODS` and `NODES` in the environment give other sizes, `MODES` one of the two ways (one, separate).
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { startProcessCluster } from '../e2e/support/index.ts';
import { openConnection, type Connection, type Target } from './support/connection.ts';
import { rate } from './support/rate.ts';
import { residentMiB, startServer, targetOf } from './support/server.ts';

const pods = Number(process.env['PODS'] ?? 10_000);
const nodes = Number(process.env['NODES'] ?? 1_000);
const modes = (process.env['MODES'] ?? 'one,separate').split(',');
const connections = 16;
const deployments = 10;
const limitMs = 300_000;

const rows: { mode: string; what: string; value: number; unit: string }[] = [];
function report(mode: string, what: string, value: number, unit: string): void {
  rows.push({ mode, what, value, unit });
  process.stdout.write(
    `${JSON.stringify({ bench: 'pods', mode, what, value: Math.round(value * 10) / 10, unit })}\n`,
  );
}

const template = {
  containers: [
    {
      name: 'c',
      image: 'registry.k8s.io/pause:3.9',
      resources: { requests: { cpu: '10m', memory: '16Mi' } },
    },
  ],
};

interface Seen {
  /** Waits until so many Pods that were not there before run; answers when each was first seen and when it ran, ms. */
  until(count: number): Promise<readonly { created: number; running: number }[]>;
}

/** Follows a watch of all Pods from now on. */
async function follow(target: Target, revision: string): Promise<Seen> {
  const asked = get({
    ...target,
    agent: false,
    servername: 'localhost',
    path: `/api/v1/pods?watch=true&resourceVersion=${revision}`,
  });
  const [stream] = (await once(asked, 'response')) as [IncomingMessage];
  const times = new Map<string, { created: number; running?: number }>();
  let running = 0;
  let look: () => void = () => undefined;
  let rest = '';
  stream.setEncoding('latin1').on('data', (text: string) => {
    const now = performance.now();
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      // The parts of an object that count here are found without parsing it all.
      const uid = /"uid":"([0-9a-f-]{36})"/.exec(line)?.[1];
      if (uid === undefined) continue;
      let time = times.get(uid);
      if (time === undefined) times.set(uid, (time = { created: now }));
      if (time.running === undefined && line.includes('"phase":"Running"')) {
        time.running = now;
        running++;
      }
    }
    look();
  });
  return {
    until: (count) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          stream.destroy();
          reject(new Error(`${running} of ${count} Pods ran in ${limitMs / 1000} s`));
        }, limitMs);
        look = () => {
          if (running < count) return;
          clearTimeout(timer);
          stream.destroy();
          resolve(
            [...times.values()].map(({ created, running: ran = Number.NaN }) => ({ created, running: ran })),
          );
        };
        look();
      }),
  };
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

async function revisionOf(connection: Connection): Promise<string> {
  const { body } = await connection.request('GET', '/api/v1/pods?limit=1');
  return (JSON.parse(body.toString()) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

async function untilCount(connection: Connection, path: string, count: number, what: string): Promise<void> {
  for (const ends = performance.now() + limitMs; ;) {
    const { body } = await connection.request('GET', `${path}?limit=1`);
    const list = JSON.parse(body.toString()) as {
      items: unknown[];
      metadata: { remainingItemCount?: number };
    };
    if (list.items.length + (list.metadata.remainingItemCount ?? 0) === count) return;
    if (performance.now() > ends) throw new Error(`no ${count} ${what} in ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function measure(mode: string, target: Target, memory: () => number): Promise<void> {
  const all = await Promise.all(Array.from({ length: connections }, () => openConnection(target)));
  const [one] = all;
  if (one === undefined) throw new Error('no connection');
  const pod = (index: number) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `p-${index}`, labels: { app: `app-${index % 100}` } },
      spec: { ...template, terminationGracePeriodSeconds: 0 },
    });
  await untilCount(one, '/api/v1/nodes', nodes, 'nodes');

  const figures = (
    what: string,
    began: number,
    times: readonly { created: number; running: number }[],
  ): void => {
    const end = Math.max(...times.map(({ running }) => running));
    report(mode, `${what}: Pods created to Running`, times.length / ((end - began) / 1000), '/s');
    const waits = times.map(({ created, running }) => running - created).sort((a, b) => a - b);
    report(mode, `${what}: from seen to Running, p50`, at(waits, 0.5), 'ms');
    report(mode, `${what}: from seen to Running, p99`, at(waits, 0.99), 'ms');
  };

  // Without its service account no Pod is let into a namespace.
  await untilCount(one, '/api/v1/namespaces/default/serviceaccounts', 1, 'service account');
  const collection = '/api/v1/namespaces/default/pods';
  {
    const seen = await follow(target, await revisionOf(one));
    const began = performance.now();
    const created = rate(all, pods, 201, (connection, index) =>
      connection.request('POST', collection, pod(index)),
    );
    const [perSecond, times] = await Promise.all([created, seen.until(pods)]);
    report(mode, 'Pods: created', perSecond, '/s');
    figures('Pods', began, times);
  }
  report(mode, 'memory of all processes', memory(), 'MiB');
  await one.request('DELETE', collection);
  await untilCount(one, collection, 0, 'Pods');

  const seen = await follow(target, await revisionOf(one));
  const began = performance.now();
  for (let index = 0; index < deployments; index++) {
    const labels = { app: `web-${index}` };
    const { status } = await one.request(
      'POST',
      '/apis/apps/v1/namespaces/default/deployments',
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: `web-${index}` },
        spec: {
          replicas: pods / deployments,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: template },
        },
      }),
    );
    if (status !== 201) throw new Error(`HTTP ${status} instead of 201`);
  }
  figures('Deployments', began, await seen.until(pods));
  all.forEach((connection) => connection.close());
}

if (modes.includes('one')) {
  const server = await startServer(['--nodes', String(nodes), '--log-level', 'error']);
  try {
    await measure('one process', server.target, () => server.residentMiB());
  } finally {
    await server.stop();
  }
}
if (modes.includes('separate')) {
  const parts = ['controller-manager', 'scheduler', 'kubelet-sim'];
  const cluster = await startProcessCluster({
    only: parts,
    args: { 'kubelet-sim': ['--nodes', String(nodes)] },
  });
  try {
    await measure('separate processes', targetOf(cluster.kubeconfig), () =>
      ['apiserver', 'aggregator', ...parts]
        .map((name) => residentMiB(cluster.part(name).pid))
        .reduce((a, b) => a + b, 0),
    );
  } finally {
    await cluster.stop();
  }
}

const label = ({ mode, what }: { mode: string; what: string }): string => `${mode}, ${what}`;
const width = Math.max(...rows.map((row) => label(row).length));
for (const row of rows) {
  process.stdout.write(
    `${label(row).padEnd(width)}  ${Math.round(row.value).toLocaleString('en-US').padStart(8)} ${row.unit}\n`,
  );
}
