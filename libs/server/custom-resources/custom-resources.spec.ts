import { ApiError, type KubeObject } from '@drydock/base/apimachinery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonSchema } from '../structural-schema/index.ts';
import { serve, widgets, type Served } from './custom-resources.spec-support.ts';

let server: Served;

beforeEach(async () => {
  server = await serve();
});

afterEach(async () => {
  await server.stop();
});

/** The lines of the Status that a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<string[]> {
  try {
    await call;
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { causes } = error.status.details ?? {};
    return causes === undefined
      ? [`${error.status.code} ${error.status.message}`]
      : causes.map(({ field, message }) => `${field}: ${message}`);
  }
}

function specOf(object: KubeObject): unknown {
  return (object as KubeObject & { spec: unknown }).spec;
}

const anything: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

describe('pruning and defaulting', () => {
  it('drops unknown fields and keeps those it is told to keep', async () => {
    await server.define(
      widgets({
        type: 'object',
        properties: {
          known: { type: 'string' },
          free: anything,
          map: {
            type: 'object',
            additionalProperties: { type: 'object', properties: { a: { type: 'integer' } } },
          },
          list: { type: 'array', items: { type: 'object', properties: { a: { type: 'integer' } } } },
        },
      }),
    );
    const made = await server.create({
      known: 'x',
      unknown: 1,
      free: { any: { thing: 1 } },
      map: { k: { a: 1, b: 2 } },
      list: [{ a: 1, b: 2 }],
    });
    expect(specOf(made)).toEqual({
      known: 'x',
      free: { any: { thing: 1 } },
      map: { k: { a: 1 } },
      list: [{ a: 1 }],
    });
  });

  it('fills in defaults, nested ones and those of nulls', async () => {
    await server.define(
      widgets({
        type: 'object',
        properties: {
          a: { type: 'string', default: 'x' },
          b: { type: 'object', default: {}, properties: { c: { type: 'integer', default: 1 } } },
          d: { type: 'string', nullable: true, default: 'y' },
          e: {
            type: 'array',
            items: { type: 'object', properties: { f: { type: 'boolean', default: true } } },
          },
        },
      }),
    );
    const made = await server.create({ a: null, d: null, e: [{}] });
    expect(specOf(made)).toEqual({ a: 'x', b: { c: 1 }, d: null, e: [{ f: true }] });
  });

  it('shows stored objects with the defaults of a later schema', async () => {
    await server.define(widgets({ type: 'object', properties: { a: { type: 'string' } } }));
    await server.create({ a: 'x' });
    const ref = { ...server.definitions, name: 'widgets.example.com' };
    const crd = structuredClone((await server.registry.get(ref, {}, server.context)).object);
    const next = widgets({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string', default: 'new' } },
    });
    await server.registry.update(ref, { ...crd, spec: next.spec } as KubeObject, {}, server.context);
    const shown = await server.registry.get(server.ref('v1', { name: 'a' }), {}, server.context);
    expect(specOf(shown.object)).toEqual({ a: 'x', b: 'new' });
    const list = await server.registry.list(server.ref(), {}, server.context);
    expect(
      list.items.map(({ bytes }) => specOf(JSON.parse(new TextDecoder().decode(bytes)) as KubeObject)),
    ).toEqual([{ a: 'x', b: 'new' }]);
  });

  it('keeps what is embedded an object, and nothing in its metadata that objects do not have', async () => {
    await server.define(
      widgets({
        type: 'object',
        properties: {
          template: {
            type: 'object',
            'x-kubernetes-embedded-resource': true,
            'x-kubernetes-preserve-unknown-fields': true,
          },
        },
      }),
    );
    const made = await server.create({
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', nonsense: 1 }, spec: { x: 1 } },
    });
    expect(specOf(made)).toEqual({
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { x: 1 } },
    });
    expect(await refusal(server.create({ template: { kind: 'Pod' } }, { metadata: { name: 'b' } }))).toEqual([
      'spec.template.apiVersion: Required value',
    ]);
  });

  it('tells unknown fields of its metadata, of its own and of embedded metadata, in this order', async () => {
    await server.define(
      widgets({
        type: 'object',
        properties: {
          inner: {
            type: 'object',
            'x-kubernetes-embedded-resource': true,
            properties: { metadata: { type: 'object' } },
          },
          ports: { type: 'array', items: { type: 'object', properties: { port: { type: 'integer' } } } },
        },
      }),
    );
    const text = `{"kind": "Widget", "apiVersion": "example.com/v1",
      "metadata": {"name": "first", "name": "a", "zeta": 1, "eta": 1},
      "spec": {"zoo": 1, "ports": [{"port": 1, "odd": 1}], "twice": 1, "twice": 2,
        "inner": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "beta": 1, "alpha": 1}}}}`;
    const create = (fieldValidation: 'Strict' | 'Warn') =>
      server.registry.create(
        server.ref(),
        new TextEncoder().encode(text),
        { fieldValidation },
        server.context,
      );
    const problems = [
      'duplicate field "metadata.name"',
      'duplicate field "spec.twice"',
      'unknown field "metadata.eta"',
      'unknown field "metadata.zeta"',
      'unknown field "spec.ports[0].odd"',
      'unknown field "spec.twice"',
      'unknown field "spec.zoo"',
      'unknown field "spec.inner.metadata.alpha"',
      'unknown field "spec.inner.metadata.beta"',
    ];
    expect(await refusal(create('Strict'))).toEqual([
      `400 Widget in version "v1" cannot be handled as a Widget: strict decoding error: ${problems.join(', ')}`,
    ]);
    await create('Warn');
    expect(server.warnings).toEqual(problems);
  });
});

describe('validation', () => {
  const schema: JsonSchema = {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
      replicas: { type: 'integer', format: 'int32', minimum: 1, maximum: 10 },
      ratio: { type: 'number', exclusiveMinimum: true, minimum: 0, multipleOf: 0.5 },
      mode: { type: 'string', enum: ['A', 'B'] },
      port: { 'x-kubernetes-int-or-string': true },
      when: { type: 'string', format: 'date-time' },
      tags: { type: 'array', maxItems: 2, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      items: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          required: ['id'],
          properties: { id: { type: 'string' }, v: { type: 'integer' } },
        },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['id'],
      },
      choice: {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'string' } },
        oneOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      labels: { type: 'object', maxProperties: 1, additionalProperties: { type: 'string' } },
    },
  };

  it.each<[unknown, string[]]>([
    [{}, ['spec.name: Required value']],
    [
      { name: 5 },
      ['spec.name: Invalid value: "integer": spec.name in body must be of type string: "integer"'],
    ],
    [{ name: 'a' }, ['spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long']],
    [{ name: 'abcdef' }, ['spec.name: Too long: may not be more than 5 bytes']],
    [{ name: 'ABC' }, ['spec.name: Invalid value: "ABC": spec.name in body should match \'^[a-z]+$\'']],
    [
      { name: 'abc', replicas: 'x' },
      ['spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'],
    ],
    [
      { name: 'abc', replicas: 0 },
      ['spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1'],
    ],
    [
      { name: 'abc', replicas: 11 },
      ['spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10'],
    ],
    [
      { name: 'abc', ratio: 0 },
      ['spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0'],
    ],
    [
      { name: 'abc', ratio: 0.7 },
      ['spec.ratio: Invalid value: 0.7: spec.ratio in body should be a multiple of 0.5'],
    ],
    [{ name: 'abc', mode: 'C' }, ['spec.mode: Unsupported value: "C": supported values: "A", "B"']],
    [
      { name: 'abc', port: true },
      ['spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"'],
    ],
    [
      { name: 'abc', when: 'never' },
      ['spec.when: Invalid value: "never": spec.when in body must be of type date-time: "never"'],
    ],
    [{ name: 'abc', tags: ['a', 'b', 'c'] }, ['spec.tags: Too many: 3: must have at most 2 items']],
    [{ name: 'abc', tags: ['a', 'a'] }, ['spec.tags[1]: Duplicate value: "a"']],
    [
      { name: 'abc', items: [] },
      ['spec.items: Invalid value: 0: spec.items in body should have at least 1 items'],
    ],
    [{ name: 'abc', items: [{}] }, ['spec.items[0].id: Required value']],
    [{ name: 'abc', items: [{ id: 'a' }, { id: 'a' }] }, ['spec.items[1]: Duplicate value: {"id":"a"}']],
    [
      { name: 'abc', choice: {} },
      [
        '<nil>: Invalid value: "": "spec.choice" must validate one and only one schema (oneOf). Found none valid',
        'spec.choice.a: Required value',
      ],
    ],
    [
      { name: 'abc', choice: { a: 'x', b: 'y' } },
      [
        '<nil>: Invalid value: "": "spec.choice" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [{ name: 'abc', labels: { a: '1', b: '2' } }, ['spec.labels: Too many: 2: must have at most 1 item']],
    [
      { name: 'abc', labels: { a: 1 } },
      ['spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"'],
    ],
    [{ name: 'abc', replicas: 3, ratio: 1.5, mode: 'A', port: 'http', when: '2024-01-02T03:04:05Z' }, []],
  ])('%j', async (spec, lines) => {
    await server.define(widgets(schema));
    expect(await refusal(server.create(spec))).toEqual(lines);
  });

  it('lets what was wrong before be, as long as it is not changed', async () => {
    await server.define(
      widgets({ type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } }),
    );
    const made = await server.create({ a: 'wrong', b: 'x' });
    const ref = { ...server.definitions, name: 'widgets.example.com' };
    const crd = (await server.registry.get(ref, {}, server.context)).object;
    const next = widgets({
      type: 'object',
      properties: { a: { type: 'string', enum: ['right'] }, b: { type: 'string' } },
    });
    await server.registry.update(
      ref,
      structuredClone({ ...crd, spec: next.spec }) as KubeObject,
      {},
      server.context,
    );
    const change = (spec: unknown, resourceVersion: string | undefined) =>
      server.registry.update(
        server.ref('v1', { name: 'a' }),
        { ...made, metadata: { ...made.metadata, resourceVersion }, spec } as KubeObject,
        {},
        server.context,
      );
    const { stored } = await change({ a: 'wrong', b: 'y' }, made.metadata.resourceVersion);
    expect(await refusal(change({ a: 'worse', b: 'y' }, stored.object.metadata.resourceVersion))).toEqual([
      'spec.a: Unsupported value: "worse": supported values: "right"',
    ]);
  });
});

describe('rules', () => {
  it('checks self, oldSelf and messages', async () => {
    await server.define(
      widgets({
        type: 'object',
        properties: {
          min: { type: 'integer' },
          max: { type: 'integer' },
          name: {
            type: 'string',
            maxLength: 20,
            'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }],
          },
          'name-space': { type: 'string', maxLength: 20 },
        },
        'x-kubernetes-validations': [
          {
            rule: 'self.min <= self.max',
            messageExpression: '"min " + string(self.min) + " is above max"',
            fieldPath: '.min',
          },
          {
            rule: '!has(self.name__dash__space) || self.name__dash__space != "bad"',
            reason: 'FieldValueForbidden',
          },
        ],
      }),
    );
    expect(await refusal(server.create({ min: 3, max: 2 }))).toEqual([
      'spec.min: Invalid value: min 3 is above max',
    ]);
    expect(await refusal(server.create({ min: 1, max: 2, 'name-space': 'bad' }))).toEqual([
      'spec: Forbidden: failed rule: !has(self.name__dash__space) || self.name__dash__space != "bad"',
    ]);
    expect(await refusal(server.create({ max: 2 }))).toEqual([
      'spec: Invalid value: "object": no such key: min evaluating rule: self.min <= self.max',
    ]);
    const made = await server.create({ min: 1, max: 2, name: 'x' });
    const update = { ...made, spec: { min: 1, max: 2, name: 'y' } } as KubeObject;
    expect(
      await refusal(server.registry.update(server.ref('v1', { name: 'a' }), update, {}, server.context)),
    ).toEqual(['spec.name: Invalid value: "y": is immutable']);
  });
});

describe('subresources', () => {
  const status: JsonSchema = { type: 'object', properties: { replicas: { type: 'integer' } } };

  it('keeps the status apart, counts generations, scales', async () => {
    await server.define(
      widgets(status, {
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
      }),
    );
    const made = await server.create({ replicas: 1 }, { status: { replicas: 9 } });
    expect(made).not.toHaveProperty('status');
    expect(made.metadata.generation).toBe(1);
    const atStatus = server.ref('v1', { name: 'a', subresource: 'status' });
    const { stored } = await server.registry.patch(
      atStatus,
      { type: 'merge', body: { status: { replicas: 1 }, spec: { replicas: 7 } } },
      {},
      server.context,
    );
    expect(stored.object).toMatchObject({
      spec: { replicas: 1 },
      status: { replicas: 1 },
      metadata: { generation: 1 },
    });
    const atScale = server.ref('v1', { name: 'a', subresource: 'scale' });
    const scaled = await server.registry.patch(
      atScale,
      { type: 'merge', body: { spec: { replicas: 5 } } },
      {},
      server.context,
    );
    expect(scaled.stored.object).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 5 },
      status: { replicas: 1 },
    });
    const now = await server.registry.get(server.ref('v1', { name: 'a' }), {}, server.context);
    expect(now.object).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
  });

  it('answers 415 to a strategic merge patch, 422 to an update without resourceVersion', async () => {
    await server.define(widgets(status));
    const made = await server.create({ replicas: 1 });
    const ref = server.ref('v1', { name: 'a' });
    await expect(
      server.registry.patch(ref, { type: 'strategic', body: {} }, {}, server.context),
    ).rejects.toMatchObject({ status: { code: 415 } });
    const blind = { ...made, metadata: { name: 'a' } } as KubeObject;
    expect(await refusal(server.registry.update(ref, blind, {}, server.context))).toEqual([
      'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    ]);
  });
});

describe('names and deletion', () => {
  it('accepts names once and frees them with their definition', async () => {
    await server.define(widgets(anything));
    const other = widgets(anything);
    other.metadata.name = 'gadgets.example.com';
    other.spec.names = { plural: 'gadgets', kind: 'Widget', shortNames: ['widgets'] } as never;
    await server.registry.create(
      server.definitions,
      structuredClone(other) as KubeObject,
      {},
      server.context,
    );
    await server.until('gadgets.example.com', (crd) =>
      Boolean(crd?.status?.conditions?.some((one) => one.type === 'NamesAccepted')),
    );
    const shown = (
      await server.registry.get({ ...server.definitions, name: 'gadgets.example.com' }, {}, server.context)
    ).object as typeof other;
    expect(shown.status?.conditions).toMatchObject([
      {
        type: 'NamesAccepted',
        status: 'False',
        reason: 'ListKindConflict',
        message: '"WidgetList" is already in use',
      },
      { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
    ]);
    await server.registry.delete({ ...server.definitions, name: 'widgets.example.com' }, {}, server.context);
    await server.until('gadgets.example.com', (crd) => server.isTrue(crd, 'Established'));
  });

  it('removes the instances first, refuses new ones, waits for finalizers', async () => {
    await server.define(widgets(anything));
    await server.create({}, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    await server.create({}, { metadata: { name: 'free' } });
    const ref = { ...server.definitions, name: 'widgets.example.com' };
    await server.registry.delete(ref, {}, server.context);
    expect(await refusal(server.create({}, { metadata: { name: 'late' } }))).toEqual([
      '403 widgets.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
    ]);
    await server.until('widgets.example.com', (crd) => server.isTrue(crd, 'Terminating'));
    await expect.poll(() => server.core.cache.count({ group: 'example.com', resource: 'widgets' })).toBe(1);
    await server.registry.patch(
      server.ref('v1', { name: 'held' }),
      { type: 'merge', body: { metadata: { finalizers: null } } },
      {},
      server.context,
    );
    await server.until('widgets.example.com', (crd) => crd === undefined);
    expect(server.registry.definition('example.com', 'v1', 'widgets')).toBeUndefined();
  });

  it('serves what another server defined, and all of it after a restart', async () => {
    await server.define(widgets(anything));
    await server.create({ a: 1 });
    const second = await serve({ store: server.store });
    try {
      const shown = await second.registry.get(second.ref('v1', { name: 'a' }), {}, second.context);
      expect(specOf(shown.object)).toEqual({ a: 1 });
    } finally {
      await second.stop();
    }
  });
});
