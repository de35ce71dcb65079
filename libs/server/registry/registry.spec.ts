import type { KubeObject, Status } from '@drydock/base/apimachinery';
import { ApiError } from '@drydock/base/apimachinery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestServer, Widget } from './registry.spec-support.ts';
import { startRegistry } from './registry.spec-support.ts';

const context = { user: { name: 'tester', groups: [] } };
const ref = (name?: string, subresource?: string) => ({
  group: 'example.io',
  version: 'v1',
  resource: 'widgets',
  namespace: 'default',
  ...(name === undefined ? {} : { name }),
  ...(subresource === undefined ? {} : { subresource }),
});
const note = (name?: string) => ({
  group: '',
  version: 'v1',
  resource: 'configmaps',
  namespace: 'default',
  ...(name === undefined ? {} : { name }),
});
const slot = (name?: string) => ({
  group: 'example.io',
  version: 'v1',
  resource: 'slots',
  ...(name === undefined ? {} : { name }),
});
const text = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as KubeObject;

const widget = (name: string, spec: Widget['spec'] = { size: 1 }): Widget => ({
  apiVersion: 'example.io/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
});

async function failureOf(call: () => unknown): Promise<Status> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('it did not fail');
}

let server: TestServer;
beforeEach(async () => {
  server = await startRegistry();
});
afterEach(() => server.stop());

const create = (object: KubeObject) => server.transport.create(ref(), object) as Promise<Widget>;
const get = (name: string) => server.transport.get(ref(name)) as Promise<Widget>;

describe('create', () => {
  it('fills the metadata, applies defaults, resets status and answers the bytes that get answers', async () => {
    const stored = await server.registry.create(
      ref(),
      text({ ...widget('a'), status: { phase: 'Running' } }),
      {},
      context,
    );
    expect(stored.object).toEqual({
      kind: 'Widget',
      apiVersion: 'example.io/v1',
      metadata: {
        name: 'a',
        namespace: 'default',
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: String(stored.revision),
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00Z',
        managedFields: [expect.objectContaining({ manager: 'unknown', operation: 'Update' })],
      },
      spec: { size: 1, color: 'red' },
      status: { phase: 'Pending' },
    });
    expect(json(stored.bytes)).toEqual(stored.object);
    const got = await server.registry.get(ref('a'), {}, context);
    expect(got.bytes).toBe(stored.bytes);
    expect(got.object).toBe(stored.object);
  });

  it('parses nothing twice: the object that was written is the one that is read', async () => {
    const created = await create(widget('a'));
    expect(await get('a')).toBe(created);
  });

  it('answers AlreadyExists', async () => {
    await create(widget('a'));
    expect(await failureOf(() => create(widget('a')))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'widgets.example.io "a" already exists',
      details: { name: 'a', group: 'example.io', kind: 'widgets' },
    });
  });

  it('makes names from generateName', async () => {
    const made = await create({ ...widget(''), metadata: { generateName: 'w-' } });
    expect(made.metadata.name).toMatch(/^w-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(made.metadata.generateName).toBe('w-');
    const long = await create({ ...widget(''), metadata: { generateName: 'x'.repeat(80) } });
    expect(long.metadata.name).toHaveLength(63);
  });

  it('ignores what the server decides', async () => {
    const made = await create({
      ...widget('a'),
      metadata: {
        name: 'a',
        uid: 'mine',
        creationTimestamp: '2001-01-01T00:00:00Z',
        deletionTimestamp: '2001-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 3,
        generation: 7,
        selfLink: '/x',
      },
    });
    expect(made.metadata).toMatchObject({ generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(made.metadata.uid).not.toBe('mine');
    expect(Object.keys(made.metadata)).not.toContain('deletionTimestamp');
    expect(Object.keys(made.metadata)).not.toContain('deletionGracePeriodSeconds');
    expect(Object.keys(made.metadata)).not.toContain('selfLink');
  });

  it.each([
    [
      'a resourceVersion',
      { metadata: { name: 'a', resourceVersion: '5' } },
      400,
      'resourceVersion should not be set on objects to be created',
    ],
    [
      'another namespace',
      { metadata: { name: 'a', namespace: 'other' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'another kind',
      { kind: 'Gadget' },
      400,
      'Gadget in version "v1" cannot be handled as a Widget: no kind "Gadget" is registered for version "example.io/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      'another apiVersion',
      { apiVersion: 'example.io/v2' },
      400,
      'the API version in the data (example.io/v2) does not match the expected API version (example.io/v1)',
    ],
    [
      'no name',
      { metadata: {} },
      422,
      'Widget.example.io "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    ['a missing field', { spec: {} }, 422, 'Widget.example.io "a" is invalid: spec.size: Required value'],
    [
      'a bad finalizer',
      { metadata: { name: 'a', finalizers: ['orphan', 'foregroundDeletion'] } },
      422,
      'Widget.example.io "a" is invalid: metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizers orphan and foregroundDeletion cannot be both set',
    ],
    [
      'two controllers',
      {
        metadata: {
          name: 'a',
          ownerReferences: [
            { apiVersion: 'v1', kind: 'A', name: 'x', uid: '1', controller: true },
            { apiVersion: 'v1', kind: 'B', name: 'y', uid: '2', controller: true },
          ],
        },
      },
      422,
      expect.stringContaining(
        'Only one reference can have Controller set to true. Found "true" in references for A/x and B/y',
      ),
    ],
  ])('refuses %s', async (_what, change, code, message) => {
    expect(await failureOf(() => create({ ...widget('a'), ...change } as KubeObject))).toMatchObject({
      code,
      message,
    });
  });

  it('refuses what is no JSON in the words of Kubernetes', async () => {
    const send = (body: string) => failureOf(() => server.registry.create(ref(), text(body), {}, context));
    expect(await send('{"a":')).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'the object provided is unrecognized (must be of type Widget): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"a":)',
    });
    expect((await send('hello')).message).toContain(
      "json parse error: invalid character 'h' looking for beginning of value (68656c6c6f)",
    );
    expect((await send('')).message).toContain('unexpected end of JSON input (<empty>)');
    expect((await send('[1]')).code).toBe(400);
  });

  it('tells of unknown fields as fieldValidation asks', async () => {
    const body = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'n' }, data: {}, extra: 1 };
    const warnings: string[] = [];
    const warned = { ...context, warn: (message: string) => void warnings.push(message) };
    expect(
      await failureOf(() =>
        server.registry.create(note(), text(body), { fieldValidation: 'Strict' }, warned),
      ),
    ).toMatchObject({
      code: 400,
      message:
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "extra"',
    });
    await server.registry.create(note(), text(body), { fieldValidation: 'Ignore', dryRun: ['All'] }, warned);
    expect(warnings).toEqual([]);
    await server.registry.create(note(), text(body), {}, warned);
    expect(warnings).toEqual(['unknown field "extra"']);
  });

  it('does not store a dry run', async () => {
    const stored = await server.registry.create(ref(), widget('a'), { dryRun: ['All'] }, context);
    expect(stored.object.metadata).toMatchObject({ name: 'a', uid: expect.any(String) });
    expect(stored.object.metadata.resourceVersion).toBeUndefined();
    expect((await failureOf(() => get('a'))).code).toBe(404);
  });

  it('copies what in-process callers pass in', async () => {
    const mine = widget('a');
    const pending = create(mine);
    mine.spec!.size = 99;
    expect((await pending).spec).toMatchObject({ size: 1 });
    expect(mine.metadata).toEqual({ name: 'a' });
  });
});

describe('get', () => {
  it('answers NotFound', async () => {
    expect(await failureOf(() => get('a'))).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'widgets.example.io "a" not found',
    });
  });

  it('waits for a resourceVersion, and gives up on one that does not come', async () => {
    const made = await create(widget('a'));
    const revision = Number(made.metadata.resourceVersion);
    const later = server.transport.get(ref('a'), { resourceVersion: String(revision + 1) });
    const updated = await server.transport.update(ref('a'), {
      ...made,
      spec: { ...made.spec, size: 2 },
    } as Widget);
    expect(await later).toBe(updated);
    const never = failureOf(() => server.transport.get(ref('a'), { resourceVersion: '1000' }));
    await server.clock.advance(3_000);
    expect(await never).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `Timeout: Too large resource version: 1000, current: ${revision + 1}`,
      reason: 'Timeout',
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
      code: 504,
    });
  });
});

describe('update', () => {
  it('checks the version, keeps status, counts generations', async () => {
    const made = await create(widget('a'));
    const updated = (await server.transport.update(ref('a'), {
      ...made,
      spec: { ...made.spec, size: 2 },
      status: { phase: 'Hacked' },
    } as Widget)) as Widget;
    expect(updated).toMatchObject({
      spec: { size: 2 },
      status: { phase: 'Pending' },
      metadata: { generation: 2 },
    });
    expect(
      await failureOf(() => server.transport.update(ref('a'), { ...made, spec: { size: 3 } } as Widget)),
    ).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on widgets.example.io "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('writes nothing when nothing changes', async () => {
    const made = await create(widget('a'));
    const same = await server.transport.update(ref('a'), made);
    expect(same).toBe(made);
    const relabelled = await server.transport.update(ref('a'), {
      ...made,
      metadata: { ...made.metadata, labels: { a: 'b' } },
    } as Widget);
    expect(relabelled.metadata.generation).toBe(1);
    expect(relabelled.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
  });

  it('takes an update without a version, in any number at once', async () => {
    await create(widget('a'));
    const all = await Promise.all(
      [1, 2, 3, 4, 5].map((size) => server.transport.update(ref('a'), widget('a', { size: size * 10 }))),
    );
    const revisions = all.map((object) => Number(object.metadata.resourceVersion));
    expect(new Set(revisions).size).toBe(5);
    expect((await get('a')).metadata.generation).toBe(6);
  });

  it.each([
    ['a missing object', {}, 'b', 404, 'widgets.example.io "b" not found'],
    [
      'another name',
      { name: 'c' },
      'a',
      400,
      'the name of the object (c) does not match the name on the URL (a)',
    ],
    [
      'no name',
      { name: '' },
      'a',
      400,
      'the name of the object (a based on URL) was undeterminable: name must be provided',
    ],
    [
      'another namespace',
      { namespace: 'x' },
      'a',
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'another uid',
      { uid: 'other' },
      'a',
      409,
      expect.stringMatching(
        /^Operation cannot be fulfilled on widgets.example.io "a": StorageError: invalid object, Code: 4, Key: \/registry\/example.io\/widgets\/default\/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: /,
      ),
    ],
    [
      'a deletionTimestamp',
      { deletionTimestamp: '2026-01-01T00:00:00Z' },
      'a',
      422,
      'Widget.example.io "a" is invalid: metadata.deletionTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable',
    ],
    [
      'a bad label',
      { labels: { 'a b': 'c' } },
      'a',
      422,
      expect.stringContaining('metadata.labels: Invalid value: "a b"'),
    ],
  ])('refuses %s', async (_what, metadata, name, code, message) => {
    await create(widget('a'));
    const wanted = { ...widget(name), metadata: { name, ...metadata } };
    expect(await failureOf(() => server.transport.update(ref(name), wanted))).toMatchObject({
      code,
      message,
    });
  });

  it('tells a writer who knew another uid that the object is gone by a conflict', async () => {
    const made = await create(widget('a'));
    await server.transport.delete(ref('a'));
    expect((await failureOf(() => server.transport.update(ref('a'), made))).message).toBe(
      `Operation cannot be fulfilled on widgets.example.io "a": StorageError: invalid object, Code: 4, Key: /registry/example.io/widgets/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${made.metadata.uid}, UID in object meta: `,
    );
  });

  it('runs the strategy against the old object', async () => {
    await create(widget('a'));
    expect(
      (await failureOf(() => server.transport.update(ref('a'), widget('a', { size: 1, color: 'blue' }))))
        .message,
    ).toBe('Widget.example.io "a" is invalid: spec.color: Invalid value: "blue": field is immutable');
  });

  it('creates where the kind allows it, and demands versions where the kind does', async () => {
    const body = { kind: 'Slot', apiVersion: 'example.io/v1', metadata: { name: 's' } };
    const first = await server.registry.update(slot('s'), text(body), {}, context);
    expect(first.created).toBe(true);
    expect(await failureOf(() => server.registry.update(slot('s'), text(body), {}, context))).toMatchObject({
      code: 422,
      message:
        'slots.example.io "s" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    });
    const again = await server.registry.update(
      slot('s'),
      text({ ...first.stored.object, data: 1 }),
      {},
      context,
    );
    expect(again.created).toBe(false);
  });

  it('dry run: answers the change and leaves the object', async () => {
    const made = await create(widget('a'));
    const { stored } = await server.registry.update(
      ref('a'),
      text(widget('a', { size: 5 })),
      { dryRun: ['All'] },
      context,
    );
    expect(stored.object).toMatchObject({ spec: { size: 5 } });
    expect(await get('a')).toBe(made);
  });
});

describe('status', () => {
  it('changes status and leaves the rest', async () => {
    const made = await create(widget('a'));
    const updated = (await server.transport.update(ref('a', 'status'), {
      ...made,
      spec: { size: 100 },
      status: { phase: 'Running' },
    } as Widget)) as Widget;
    expect(updated).toMatchObject({
      spec: { size: 1, color: 'red' },
      status: { phase: 'Running' },
      metadata: { generation: 1 },
    });
    const patched = (await server.transport.patch(ref('a', 'status'), {
      type: 'merge',
      body: { status: { replicas: 3 }, spec: { size: 5 } },
    })) as Widget;
    expect(patched).toMatchObject({ spec: { size: 1 }, status: { phase: 'Running', replicas: 3 } });
    expect(made.status).toEqual({ phase: 'Pending' });
  });
});

describe('scale', () => {
  it('shows and changes the replicas', async () => {
    const made = await create(widget('a', { size: 1, replicas: 2 }));
    const scale = await server.transport.get(ref('a', 'scale'));
    expect(scale).toEqual({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: {
        name: 'a',
        namespace: 'default',
        uid: made.metadata.uid,
        resourceVersion: made.metadata.resourceVersion,
        creationTimestamp: made.metadata.creationTimestamp,
      },
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=widget' },
    });
    const scaled = await server.transport.update(ref('a', 'scale'), {
      ...scale,
      spec: { replicas: 5 },
    } as KubeObject);
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    expect(await get('a')).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
    await server.transport.patch(ref('a', 'scale'), { type: 'merge', body: { spec: { replicas: 1 } } });
    expect((await get('a')).spec?.replicas).toBe(1);
    expect(await failureOf(() => server.transport.update(ref('a', 'scale'), scale))).toMatchObject({
      code: 409,
    });
    expect(
      await failureOf(() =>
        server.transport.patch(ref('a', 'scale'), { type: 'merge', body: { spec: { replicas: -1 } } }),
      ),
    ).toMatchObject({
      code: 422,
      message:
        'Scale.autoscaling "a" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    });
  });
});

describe('patch', () => {
  it('applies the three types', async () => {
    await create(widget('a'));
    await server.transport.patch(ref('a'), {
      type: 'merge',
      body: { metadata: { labels: { x: 'y' } }, spec: { size: 2 } },
    });
    await server.transport.patch(ref('a'), {
      type: 'json',
      body: [{ op: 'replace', path: '/spec/size', value: 3 }],
    });
    expect(await get('a')).toMatchObject({
      metadata: { labels: { x: 'y' } },
      spec: { size: 3, color: 'red' },
    });
    const made = await server.transport.create(note(), {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'n', finalizers: ['a.io/x'] },
      data: { a: '1', b: '2' },
    } as KubeObject);
    const patched = await server.transport.patch(note('n'), {
      type: 'strategic',
      body: { data: { b: null, c: '3' }, metadata: { finalizers: ['a.io/y'] } },
    });
    expect(patched).toMatchObject({ data: { a: '1', c: '3' } });
    expect([...patched.metadata.finalizers!].sort()).toEqual(['a.io/x', 'a.io/y']);
    expect(made.metadata.finalizers).toEqual(['a.io/x']);
  });

  it('refuses what it cannot do', async () => {
    expect(
      await failureOf(() => server.transport.patch(ref('a'), { type: 'merge', body: {} })),
    ).toMatchObject({ code: 404 });
    const made = await create(widget('a'));
    expect(
      await failureOf(() => server.transport.patch(ref('a'), { type: 'apply', body: {} })),
    ).toMatchObject({ code: 400, message: "Object 'Kind' is missing in '{}'" });
    expect(
      (await failureOf(() => server.transport.patch(ref('a'), { type: 'strategic', body: {} }))).code,
    ).toBe(415);
    expect(
      (
        await failureOf(() =>
          server.transport.patch(ref('a'), {
            type: 'json',
            body: [{ op: 'test', path: '/spec/size', value: 7 }],
          }),
        )
      ).code,
    ).toBe(422);
    expect(
      (
        await failureOf(() =>
          server.transport.patch(ref('a'), { type: 'merge', body: { metadata: { name: 'b' } } }),
        )
      ).code,
    ).toBe(400);
    await server.transport.patch(ref('a'), { type: 'merge', body: { spec: { size: 4 } } });
    const stale = { metadata: { resourceVersion: made.metadata.resourceVersion }, spec: { size: 5 } };
    expect(
      await failureOf(() => server.transport.patch(ref('a'), { type: 'merge', body: stale })),
    ).toMatchObject({ code: 409 });
  });

  it('is made again when it loses a race', async () => {
    await create(widget('a'));
    const keys = ['a', 'b', 'c', 'd'];
    await Promise.all(
      keys.map((key) =>
        server.transport.patch(ref('a'), { type: 'merge', body: { metadata: { labels: { [key]: 'x' } } } }),
      ),
    );
    expect(Object.keys((await get('a')).metadata.labels!).sort()).toEqual(keys);
  });

  it('writes nothing for a patch that changes nothing', async () => {
    const made = await create(widget('a'));
    expect(await server.transport.patch(ref('a'), { type: 'merge', body: { spec: { size: 1 } } })).toBe(made);
  });
});

describe('delete', () => {
  it('removes at once and answers as the kind does', async () => {
    const made = await create(widget('a'));
    const gone = (await server.transport.delete(ref('a'))) as Widget;
    expect(gone).toMatchObject({ metadata: { name: 'a', uid: made.metadata.uid } });
    expect(Number(gone.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
    expect((await failureOf(() => server.transport.delete(ref('a')))).code).toBe(404);

    const plain = await server.transport.create(note(), {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'n' },
    });
    expect(await server.transport.delete(note('n'))).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'n', kind: 'configmaps', uid: plain.metadata.uid },
    });
  });

  it('checks preconditions', async () => {
    const made = await create(widget('a'));
    expect(
      (await failureOf(() => server.transport.delete(ref('a'), { preconditions: { uid: 'x' } }))).message,
    ).toBe(
      `Operation cannot be fulfilled on Widget.example.io "a": the UID in the precondition (x) does not match the UID in record (${made.metadata.uid}). The object might have been deleted and then recreated`,
    );
    expect(
      (await failureOf(() => server.transport.delete(ref('a'), { preconditions: { resourceVersion: '1' } })))
        .message,
    ).toBe(
      `Operation cannot be fulfilled on Widget.example.io "a": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${made.metadata.resourceVersion}). The object might have been modified`,
    );
    await server.transport.delete(ref('a'), {
      preconditions: { uid: made.metadata.uid!, resourceVersion: made.metadata.resourceVersion! },
    });
  });

  it('gives grace to kinds that know it', async () => {
    await create(widget('a', { size: 1, nodeName: 'n1' }));
    const dying = (await server.transport.delete(ref('a'))) as Widget;
    expect(dying.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
      generation: 2,
    });
    expect(await server.transport.delete(ref('a'))).toBe(dying);
    expect(await server.transport.delete(ref('a'), { gracePeriodSeconds: 60 })).toBe(dying);
    const shorter = (await server.transport.delete(ref('a'), { gracePeriodSeconds: 10 })) as Widget;
    expect(shorter.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:10Z',
      deletionGracePeriodSeconds: 10,
      generation: 2,
    });
    const last = (await server.transport.delete(ref('a'), { gracePeriodSeconds: 0 })) as Widget;
    expect(last.metadata.deletionGracePeriodSeconds).toBe(0);
    expect((await failureOf(() => get('a'))).code).toBe(404);
  });

  it('waits for finalizers, and lets no new ones in', async () => {
    const made = await create({ ...widget('a'), metadata: { name: 'a', finalizers: ['a.io/x', 'a.io/y'] } });
    const dying = (await server.transport.delete(ref('a'))) as Widget;
    expect(dying.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      finalizers: ['a.io/x', 'a.io/y'],
    });
    expect(
      await failureOf(() =>
        server.transport.patch(ref('a'), {
          type: 'merge',
          body: { metadata: { finalizers: ['a.io/x', 'b.io/new'] } },
        }),
      ),
    ).toMatchObject({
      code: 422,
      message:
        'Widget.example.io "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"b.io/new"}',
    });
    await server.transport.patch(ref('a'), { type: 'merge', body: { metadata: { finalizers: ['a.io/y'] } } });
    expect((await get('a')).metadata.finalizers).toEqual(['a.io/y']);
    const last = await server.transport.update(ref('a'), {
      ...dying,
      metadata: { ...dying.metadata, resourceVersion: '', finalizers: [] },
    } as Widget);
    expect(last.metadata.uid).toBe(made.metadata.uid);
    expect((await failureOf(() => get('a'))).code).toBe(404);
  });

  it.each([
    [{ propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
    [{ propagationPolicy: 'Orphan' }, ['orphan']],
    [{ orphanDependents: true }, ['orphan']],
  ] as const)('writes %o into the finalizers', async (options, finalizers) => {
    await create(widget('a'));
    const dying = (await server.transport.delete(ref('a'), options)) as Widget;
    expect(dying.metadata.finalizers).toEqual(finalizers);
    expect(dying.metadata.deletionTimestamp).toBeDefined();
  });

  it('refuses contradicting options', async () => {
    await create(widget('a'));
    expect(
      (
        await failureOf(() =>
          server.transport.delete(ref('a'), { propagationPolicy: 'Orphan', orphanDependents: true }),
        )
      ).code,
    ).toBe(422);
    expect(
      (
        await failureOf(() =>
          server.transport.delete(ref('a'), { propagationPolicy: 'Sideways' as 'Orphan' }),
        )
      ).message,
    ).toContain('propagationPolicy: Unsupported value: "Sideways"');
  });

  it('does not delete in a dry run', async () => {
    const made = await create(widget('a'));
    await server.transport.delete(ref('a'), { dryRun: ['All'] });
    expect(await get('a')).toBe(made);
  });

  it('deletes collections by selector', async () => {
    for (const name of ['a', 'b', 'c']) {
      await create({ ...widget(name), metadata: { name, labels: { keep: String(name === 'b') } } });
    }
    const deleted = await server.transport.deleteCollection(ref(), {}, { labelSelector: 'keep=false' });
    expect(deleted).toMatchObject({
      kind: 'WidgetList',
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'c' } }],
    });
    const left = await server.transport.list(ref());
    expect(left.items.map((item) => item.metadata.name)).toEqual(['b']);
  });
});

describe('namespaces', () => {
  const namespace = (name?: string, subresource?: string) => ({
    group: '',
    version: 'v1',
    resource: 'namespaces',
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  });

  it('are held by spec.finalizers until they are finalized', async () => {
    const made = await server.transport.create(namespace(), {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: { name: 'x' },
    });
    expect(made).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
    const dying = await server.transport.delete(namespace('x'));
    expect(dying).toMatchObject({
      kind: 'Namespace',
      status: { phase: 'Terminating' },
      metadata: { deletionTimestamp: expect.any(String) },
    });
    expect(await server.transport.delete(namespace('x'))).toBe(dying);
    await server.transport.update(namespace('x', 'finalize'), {
      ...(dying as KubeObject),
      spec: {},
    } as KubeObject);
    expect((await failureOf(() => server.transport.get(namespace('x')))).code).toBe(404);
  });
});
