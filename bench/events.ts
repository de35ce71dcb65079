// Measures the event path: from the beginning of a write to its delivery, parsed, at each of 100 consumers that follow one
// resource over NATS JetStream, and at each of 100 that watch over gRPC. API server and nats-server are processes of
// their own; writer and consumers share this one, over ten connections. Objects of 1 KB. All share the machine.
// Usage: node bench/events.ts [--consumers N] [--writes N]. Prints a table and a JSON line.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createGrpcSubscriber } from '@drydock/events-grpc';
import { createNatsSubscriber } from '@drydock/events-nats';
import { natsInstalled, startNats } from '@drydock/events-nats/nats-server';
import type { EventSubscriber } from '@drydock/port/events';
import { silentLogger as logger } from '@drydock/port/observability';
import { createRpcTransport } from '@drydock/rpc';

const flag = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1] ?? fallback);
};
const consumers = flag('consumers', 100);
const writes = flag('writes', 1_000);
const connections = 10;
const inFlight = 32;
const pacedWrites = 300;
const pacedPerSecond = 100;
const ref = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };
const data = { padding: 'x'.repeat(850) };

interface Row {
  carrier: string;
  load: string;
  delivered: number;
  eventsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}
const rows: Row[] = [];
const round = (value: number): number => Math.round(value * 100) / 100;

async function startApiServer(args: readonly string[]): Promise<{ address: string; stop(): Promise<void> }> {
  const path = fileURLToPath(new URL('support/events-server.ts', import.meta.url));
  const child = fork(path, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    void exited.then(() => reject(new Error('the API server did not start')));
  });
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}

async function measure(
  carrier: string,
  address: string,
  subscribers: readonly EventSubscriber[],
): Promise<void> {
  const writer = createRpcTransport({ address });
  const stopper = new AbortController();
  const began = new Map<string, number>();
  let latencies: number[] = [];
  let expected = 0;
  let complete = (): void => {};
  const { list, cursor } = await writer.listWithCursor(ref);
  const from = { revision: Number(list.metadata.resourceVersion), cursor };
  for (let index = 0; index < consumers; index++) {
    const subscriber = subscribers[index % subscribers.length];
    if (subscriber === undefined) throw new Error('there are no subscribers');
    void (async () => {
      for await (const batch of subscriber.subscribe(ref, from, stopper.signal)) {
        for (const event of batch) {
          const start = began.get(event.object.metadata.name ?? '');
          if (start === undefined) continue;
          latencies.push(performance.now() - start);
          if (latencies.length === expected) complete();
        }
      }
    })();
  }
  const write = (name: string): Promise<unknown> => {
    began.set(name, performance.now());
    return writer.create(ref, { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name }, data } as never);
  };

  async function run(load: string | undefined, count: number, all: () => Promise<unknown>): Promise<void> {
    latencies = [];
    expected = count * consumers;
    const delivered = new Promise<void>((resolve) => (complete = resolve));
    const start = performance.now();
    await all();
    await delivered;
    const seconds = (performance.now() - start) / 1000;
    if (load === undefined) return;
    const sorted = latencies.toSorted((a, b) => a - b);
    const at = (part: number): number => round(sorted[Math.floor((sorted.length - 1) * part)] ?? 0);
    rows.push({
      ...{ carrier, load, delivered: sorted.length },
      eventsPerSecond: Math.round(sorted.length / seconds),
      ...{ p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) },
    });
  }
  const burst = (prefix: string, count: number) => async (): Promise<void> => {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) await write(`${prefix}-${next++}`);
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
  };
  // Warms everything up; not counted.
  await run(undefined, 200, burst('warm', 200));
  await run(`${pacedPerSecond} writes/s`, pacedWrites, async () => {
    const start = performance.now();
    for (let index = 0; index < pacedWrites; index++) {
      const waitMs = start + (index * 1000) / pacedPerSecond - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await write(`paced-${index}`);
    }
  });
  await run(`${writes} writes, ${inFlight} in flight`, writes, burst('burst', writes));
  stopper.abort();
  await writer.close();
}

if (natsInstalled()) {
  const nats = await startNats();
  const server = await startApiServer([nats.address]);
  const subscribers = Array.from({ length: connections }, () =>
    createNatsSubscriber({ servers: [nats.address], maxQueuedEvents: 100_000, logger }),
  );
  await measure('nats', server.address, subscribers);
  await Promise.all(subscribers.map((subscriber) => subscriber.close()));
  await server.stop();
  await nats.dispose();
}
const server = await startApiServer([]);
// Channels to one address share a connection unless told otherwise.
const transports = Array.from({ length: connections }, () =>
  createRpcTransport({ address: server.address, ownConnection: true }),
);
const subscribers = transports.map((transport) =>
  createGrpcSubscriber({ transport, maxQueuedEvents: 100_000, logger }),
);
await measure('grpc', server.address, subscribers);
await Promise.all(subscribers.map((subscriber) => subscriber.close()));
await Promise.all(transports.map((transport) => transport.close()));
await server.stop();
console.table(rows);
console.log(JSON.stringify({ bench: 'events', consumers, valueBytes: 1024, rows }));
