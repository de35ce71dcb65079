// Measures custom resources as main.ts measures ConfigMaps: the running program over HTTPS, 16 connections, objects of 1 KB
// that are pruned, defaulted and validated by a schema with a rule, the durable store.
import { openConnection, type Connection } from './support/connection.ts';
import { rate } from './support/rate.ts';
import { startServer } from './support/server.ts';

const connections = 16;
const objects = 10_000;
const collection = '/apis/bench.example.com/v1/namespaces/default/widgets';
const padding = 'x'.repeat(750);

function report(what: string, value: number, unit: string): void {
  const rounded = Math.round(value * 10) / 10;
  process.stdout.write(`${JSON.stringify({ bench: 'custom-resources', what, value: rounded, unit })}\n`);
}

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.bench.example.com' },
  spec: {
    group: 'bench.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                properties: {
                  size: { type: 'integer', minimum: 0, maximum: 1000 },
                  mode: { type: 'string', enum: ['A', 'B'], default: 'A' },
                  note: { type: 'string', maxLength: 1000 },
                  parts: {
                    type: 'array',
                    maxItems: 20,
                    items: { type: 'object', properties: { name: { type: 'string', pattern: '^[a-z-]+$' } } },
                  },
                },
                'x-kubernetes-validations': [{ rule: "self.size <= 500 || self.mode == 'B'" }],
              },
            },
          },
        },
      },
    ],
  },
};

function widget(index: number): string {
  return JSON.stringify({
    apiVersion: 'bench.example.com/v1',
    kind: 'Widget',
    metadata: { name: `bench-${index}`, labels: { bench: 'yes' } },
    spec: { size: index % 500, note: padding, parts: [{ name: 'left' }, { name: 'right' }] },
  });
}

const server = await startServer(['--components', 'apiserver', '--log-level', 'error']);
try {
  const all = await Promise.all(Array.from({ length: connections }, () => openConnection(server.target)));
  const [one] = all;
  if (one === undefined) throw new Error('no connection');
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await one.request('POST', definitions, JSON.stringify(definition));
  for (;;) if ((await one.request('GET', collection)).status === 200) break;

  const create = (connection: Connection, index: number) =>
    connection.request('POST', collection, widget(index));
  const remove = (connection: Connection, index: number) =>
    connection.request('DELETE', `${collection}/bench-${index}`);
  // Warms both sides up; not counted.
  await rate(all, 2_000, 201, (connection, index) => create(connection, objects + index));
  await rate(all, 2_000, 200, (connection, index) => remove(connection, objects + index));

  report('create', await rate(all, objects, 201, create), '/s');
  report(
    'get',
    await rate(all, 40_000, 200, (connection, index) =>
      connection.request('GET', `${collection}/bench-${index % objects}`),
    ),
    '/s',
  );
  report(
    'patch',
    await rate(all, objects, 200, (connection, index) =>
      connection.request(
        'PATCH',
        `${collection}/bench-${index}`,
        '{"spec":{"mode":"B"}}',
        'application/merge-patch+json',
      ),
    ),
    '/s',
  );
  const times: number[] = [];
  for (let round = 0; round < 10; round++) {
    const began = performance.now();
    await one.request('GET', collection);
    times.push(performance.now() - began);
  }
  report('list of 10,000', times.sort((a, b) => a - b)[5] ?? 0, 'ms');
  report('delete', await rate(all, objects, 200, remove), '/s');
  all.forEach((connection) => connection.close());
} finally {
  await server.stop();
}
