import { systemClock } from '@drydock/base/clock';
import { silentLogger } from '@drydock/port/observability';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Choices } from './mutation.spec-support.ts';
import { choicesOf, mutate } from './mutation.spec-support.ts';
import type { Answer, RestServer } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

let server: RestServer;
const faults: string[] = [];
beforeAll(async () => {
  server = await startRest({
    clock: systemClock,
    core: { cache: { freshnessTimeoutMs: 5 } },
    logger: { ...silentLogger, error: (_message, fields) => void faults.push(String(fields?.['err'])) },
  });
});
afterAll(() => server.stop());

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';

/** Has something of everything that a schema can say. */
const schema = {
  type: 'object',
  description: 'A widget.',
  required: ['spec'],
  'x-kubernetes-validations': [{ rule: "!has(self.spec.name) || self.spec.name != 'no'", message: 'no' }],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', format: 'int32', minimum: 0, maximum: 10, default: 3 },
        name: { type: 'string', maxLength: 20, pattern: '^[a-z]+(-[a-z]+)*$' },
        port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        labels: { type: 'object', additionalProperties: { type: 'string', nullable: true } },
        tags: { type: 'array', items: { type: 'string' }, maxItems: 5, 'x-kubernetes-list-type': 'set' },
        parts: {
          type: 'array',
          maxItems: 10,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['id'],
          items: {
            type: 'object',
            required: ['id'],
            properties: { id: { type: 'string', maxLength: 5 }, weight: { type: 'number' } },
          },
        },
        when: { type: 'string', format: 'date-time' },
        kind: { type: 'string', enum: ['a', 'b'] },
        fixed: {
          type: 'string',
          maxLength: 10,
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', messageExpression: "'not ' + self" }],
        },
        template: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' } } },
  },
};
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['w'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'When', type: 'date', jsonPath: '.spec.when', priority: 1 },
        ],
        selectableFields: [{ jsonPath: '.spec.name' }],
      },
    ],
  },
};
const widget = {
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'a', labels: { app: 'a' } },
  spec: {
    size: 1,
    name: 'one-two',
    port: 80,
    free: { any: [1] },
    labels: { a: 'b' },
    tags: ['x'],
    parts: [{ id: 'p', weight: 1.5 }],
    when: '2026-01-01T00:00:00Z',
    kind: 'a',
    fixed: 'f',
    template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
  },
};

/** What schemas are made of, in the wrong places. */
const odd = [
  { type: 'array' },
  { type: 'object', properties: {} },
  { $ref: '#/definitions/x' },
  [{ rule: 'self.x.y > 1' }],
  [{ rule: 'true', messageExpression: '1' }],
  [{ rule: '((((' }],
  { 'x-kubernetes-int-or-string': true },
  { allOf: [{ type: 'string' }] },
  { not: { pattern: '[' } },
  { enum: [null] },
  { default: {} },
  { maxLength: -1 },
  'map',
  'set',
  'date-time',
  '.spec[',
  'Webhook',
];

function spoil(value: unknown, choices: Choices): unknown {
  let spoilt = mutate(structuredClone(value), choices);
  for (let count = choices.int(3); count > 0; count--) spoilt = mutate(spoilt, choices);
  return spoilt;
}

/** One change at a random place of a schema. */
function spoilSchema(value: unknown, choices: Choices): unknown {
  if (choices.chance(8)) return choices.pick(odd);
  if (Array.isArray(value) && value.length > 0) {
    const at = choices.int(value.length);
    return value.map((one, index) => (index === at ? spoilSchema(one, choices) : (one as unknown)));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return mutate(value, choices);
  const entries = Object.entries(value);
  if (entries.length === 0) return choices.pick(odd);
  const at = choices.int(entries.length);
  return Object.fromEntries(
    entries.flatMap(([key, one], index) =>
      index !== at ? [[key, one]] : choices.chance(6) ? [] : [[key, spoilSchema(one, choices)]],
    ),
  );
}

const statuses = new Map<number, number>();
const failures: string[] = [];

async function shoot(method: string, path: string, body?: unknown, type?: string): Promise<Answer> {
  const options = { ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(type && { type }) };
  const answer = await server.call(method, path, options);
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  // Kubernetes answers 500 to an applied object that does not fit its schema, and so does this.
  if (answer.status >= 500 && !answer.text.includes('failed to create typed patch object'))
    failures.push(
      `${method} ${path} ${JSON.stringify(body)}\n→ ${answer.text.slice(0, 400)}\n${faults.at(-1)}`,
    );
  return answer;
}

async function tryWidgets(choices: Choices): Promise<void> {
  await shoot('POST', widgets, widget);
  for (let count = 0; count < 6; count++) {
    const name = choices.pick(['a', 'a', 'b']);
    const where = `${widgets}/${name}${choices.chance(3) ? `/${choices.pick(['status', 'scale', 'x'])}` : ''}`;
    const body = spoil(widget, choices);
    await shoot('POST', `${widgets}?fieldValidation=${choices.pick(['Strict', 'Warn', 'Ignore'])}`, body);
    await shoot('PUT', where, body);
    await shoot('PATCH', where, body, 'application/merge-patch+json');
    await shoot('PATCH', `${where}?fieldManager=m&force=true`, body, 'application/apply-patch+yaml');
  }
  await server.call('GET', `${widgets}?fieldSelector=spec.name%3Done-two`);
  const table = await server.call('GET', widgets, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
  expect(table.status).toBeLessThan(500);
  expect((await server.call('GET', '/openapi/v3/apis/example.com/v1')).status).toBeLessThan(500);
}

describe('bad input of custom resources', () => {
  it('mutated definitions and instances are refused or taken, and are no failure of the server', async () => {
    let served = 0;
    for (let seed = 0; seed < 150; seed++) {
      const choices = choicesOf(seed);
      const changed = choices.chance(4)
        ? (spoil(definition, choices) as typeof definition)
        : structuredClone(definition);
      const version = changed?.spec?.versions?.[0];
      if (version?.schema !== undefined && !choices.chance(5))
        version.schema.openAPIV3Schema = spoilSchema(schema, choices) as typeof schema;
      const made = await shoot('POST', definitions, changed);
      if (made.status !== 201) continue;
      const name = made.json.metadata.name ?? '';
      if (name === 'widgets.example.com') {
        await expect
          .poll(async () => (await server.call('GET', `${definitions}/${name}`)).text, { interval: 2 })
          .toContain('"Established"');
        if ((await server.call('GET', widgets)).status === 200) {
          served++;
          await tryWidgets(choices);
          await shoot('PUT', `${definitions}/${name}`, {
            ...(spoil(definition, choices) as object),
            metadata: { name },
          });
        }
      }
      await shoot('DELETE', `${definitions}/${name}`);
      await expect
        .poll(async () => (await server.call('GET', `${definitions}/${name}`)).status, {
          interval: 2,
          timeout: 10_000,
        })
        .toBe(404);
    }
    expect(failures).toEqual([]);
    expect(served).toBeGreaterThan(20);
    for (const status of [200, 201, 400, 404, 422])
      expect(statuses.get(status) ?? 0, `${status}`).toBeGreaterThan(10);
  }, 120_000);
});
