// Measures the running program over HTTPS with client certificates: 16 connections, objects of 1 KB, the durable store.
// The load generator runs in this process, the server in another; both share the machine. Bounded in count and time.
// Prints a table, and each figure as a JSON line.
import { openConnection, type Connection } from './support/connection.ts';
import { rate } from './support/rate.ts';
import { startServer } from './support/server.ts';

const connections = 16;
const objects = 10_000;
const watchers = 100;
const burst = 1_000;
const collection = '/api/v1/namespaces/default/configmaps';
const padding = 'x'.repeat(850);

const rows: { what: string; value: number; unit: string }[] = [];
function report(what: string, value: number, unit: string): void {
  rows.push({ what, value, unit });
  process.stdout.write(
    `${JSON.stringify({ bench: 'https', what, value: Math.round(value * 10) / 10, unit })}\n`,
  );
}

function configMap(index: number, round: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `bench-${index}`, labels: { bench: 'yes' } },
    data: { round: String(round), padding },
  });
}

const server = await startServer(['--components', 'apiserver', '--log-level', 'error']);
try {
  const all = await Promise.all(Array.from({ length: connections }, () => openConnection(server.target)));
  report('memory, empty', server.residentMiB(), 'MiB');
  const create = (connection: Connection, index: number) =>
    connection.request('POST', collection, configMap(index, 0));
  const remove = (connection: Connection, index: number) =>
    connection.request('DELETE', `${collection}/bench-${index}`);
  // The compilers of both sides are at work for the first ten to twenty thousand requests.
  report('create, of a server just started', await rate(all, objects, 201, create), '/s');
  report('memory, 10,000 objects', server.residentMiB(), 'MiB');
  await rate(all, objects, 200, remove);
  await rate(all, objects, 201, create);
  await rate(all, objects, 200, remove);

  report('create', await rate(all, objects, 201, create), '/s');
  report(
    'get',
    await rate(all, 40_000, 200, (connection, index) =>
      connection.request('GET', `${collection}/bench-${index % objects}`),
    ),
    '/s',
  );
  report(
    'update',
    await rate(all, objects, 200, (connection, index) =>
      connection.request('PUT', `${collection}/bench-${index}`, configMap(index, 1)),
    ),
    '/s',
  );
  report(
    'patch',
    await rate(all, objects, 200, (connection, index) =>
      connection.request(
        'PATCH',
        `${collection}/bench-${index}`,
        '{"data":{"round":"2"}}',
        'application/merge-patch+json',
      ),
    ),
    '/s',
  );
  const [one] = all;
  if (one === undefined) throw new Error('no connection');
  const times: number[] = [];
  for (let round = 0; round < 10; round++) {
    const began = performance.now();
    const { body } = await one.request('GET', collection);
    times.push(performance.now() - began);
    if (body.length < objects * 900) throw new Error('the list is short');
  }
  report('list of 10,000', times.sort((a, b) => a - b)[5] ?? 0, 'ms');

  // Each watcher is a connection of its own; it counts its events by their newlines inside the chunked stream.
  const revision = (
    JSON.parse((await one.request('GET', `${collection}?limit=1`)).body.toString()) as {
      metadata: { resourceVersion: string };
    }
  ).metadata.resourceVersion;
  let delivered = 0;
  const marker = Buffer.from('{"type":"');
  const streams = await Promise.all(Array.from({ length: watchers }, () => openConnection(server.target)));
  const everything = new Promise<void>((resolve) => {
    for (const stream of streams) {
      stream.stream(`${collection}?watch=true&resourceVersion=${revision}`, (bytes) => {
        for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + marker.length))
          delivered++;
        if (delivered >= watchers * burst * 0.999) resolve();
      });
    }
  });
  const began = performance.now();
  await rate(all, burst, 200, (connection, index) =>
    connection.request('PUT', `${collection}/bench-${index}`, configMap(index, 3)),
  );
  await everything;
  report('watch events delivered to 100 watchers', delivered / ((performance.now() - began) / 1000), '/s');
  streams.forEach((stream) => stream.close());

  report('delete', await rate(all, objects, 200, remove), '/s');
  report('memory, after', server.residentMiB(), 'MiB');
  all.forEach((connection) => connection.close());
} finally {
  await server.stop();
}

const width = Math.max(...rows.map(({ what }) => what.length));
for (const { what, value, unit } of rows) {
  process.stdout.write(
    `${what.padEnd(width)}  ${Math.round(value).toLocaleString('en-US').padStart(10)} ${unit}\n`,
  );
}
