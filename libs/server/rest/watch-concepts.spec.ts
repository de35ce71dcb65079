import type { KubeObject, Status } from '@drydock/base/apimachinery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RestServer, RestServerOptions } from './rest.spec-support.ts';
import { nextEvents, startRest } from './rest.spec-support.ts';

const maps = '/api/v1/namespaces/default/configmaps';

let server: RestServer;
let abort: AbortController;
async function restart(options: RestServerOptions = {}): Promise<void> {
  await server?.stop();
  server = await startRest(options);
  // What a started cluster brings along.
  for (const name of ['kube-root-ca.crt']) await server.call('DELETE', `${maps}/${name}`);
}
beforeEach(async () => {
  abort = new AbortController();
  await restart();
});
afterEach(async () => {
  abort.abort();
  await server.stop();
});

type Event = { type: string; object: KubeObject & Status };

const create = (name: string, labels: Record<string, string> = {}) =>
  server.call('POST', maps, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } } });
const relabel = (name: string, labels: Record<string, string | null>) =>
  server.call('PATCH', `${maps}/${name}`, {
    body: { metadata: { labels } },
    type: 'application/merge-patch+json',
  });
const versionOf = (answer: { json: KubeObject }) => answer.json.metadata.resourceVersion!;

async function watch(query = '', path = maps, accept?: string) {
  const answer = await server.call(
    'GET',
    `${path}${path.includes('/watch/') ? '?' : '?watch=true&'}${query}`,
    {
      signal: abort.signal,
      ...(accept === undefined ? {} : { accept }),
    },
  );
  return {
    answer,
    /** Gathers events until there are so many, or the watch ends. */
    async take(count: number): Promise<Event[]> {
      if (answer.stream === undefined) return [JSON.parse(answer.text) as Event];
      const events: Event[] = [];
      while (events.length < count) {
        const more = await nextEvents(answer.stream);
        if (more === undefined) break;
        events.push(...more);
      }
      return events;
    },
  };
}
const shown = (events: Event[]) =>
  events.map(({ type, object }) => `${type} ${object.metadata?.name ?? ''}`.trim());

describe('efficient detection of changes', () => {
  it('a watch from a revision tells what followed it, and only that', async () => {
    await create('a');
    const resourceVersion = versionOf(await create('b'));
    const { take, answer } = await watch(`resourceVersion=${resourceVersion}`);
    expect(answer.headers['content-type']).toBe('application/json');
    await create('c');
    await relabel('a', { x: 'y' });
    await server.call('DELETE', `${maps}/b`);
    expect(shown(await take(3))).toEqual(['ADDED c', 'MODIFIED a', 'DELETED b']);
  });

  it.each(['', 'resourceVersion=0'])('without one (%s) it begins with what there is', async (query) => {
    await create('a');
    const { take } = await watch(query);
    await create('b');
    expect(shown(await take(2))).toEqual(['ADDED a', 'ADDED b']);
  });

  it('a deleted object comes in its last state, with the revision of its deletion', async () => {
    const resourceVersion = versionOf(await create('a', { app: 'x' }));
    const { take } = await watch(`resourceVersion=${resourceVersion}`);
    await server.call('DELETE', `${maps}/a`);
    const [event] = await take(1);
    expect(event).toMatchObject({
      type: 'DELETED',
      object: { metadata: { name: 'a', labels: { app: 'x' } } },
    });
    expect(Number(event!.object.metadata.resourceVersion)).toBeGreaterThan(Number(resourceVersion));
  });

  it('a revision that is gone is told in the stream: ERROR with 410 Gone', async () => {
    await restart({ core: { cache: { windowEvents: 1 } } });
    const resourceVersion = versionOf(await create('a'));
    await create('b');
    await create('c');
    const { answer, take } = await watch(`resourceVersion=${resourceVersion}`);
    expect(answer.status).toBe(200);
    const [event] = await take(1);
    expect(event).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    expect(event!.object.message).toMatch(
      new RegExp(`^too old resource version: ${resourceVersion} \\(\\d+\\)$`),
    );
  });

  it('a revision that is not there yet is told in the stream: ERROR with 504 and its cause', async () => {
    const pending = watch('resourceVersion=99999');
    await server.clock.advance(3_000);
    const [event] = await (await pending).take(1);
    expect(event).toMatchObject({
      type: 'ERROR',
      object: { code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
    });
  });

  it('a malformed revision is told at once', async () => {
    const { answer } = await watch('resourceVersion=abc');
    expect(answer.json).toMatchObject({
      code: 400,
      message: 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    });
  });

  it('an item is read, not watched, whatever the parameter says', async () => {
    await create('a');
    const answer = await server.call('GET', `${maps}/a?watch=true`);
    expect(answer.json).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a' } });
  });
});

describe('watches with selectors', () => {
  it('tell of objects that come into the selection and leave it as ADDED and DELETED', async () => {
    const resourceVersion = versionOf(await create('a', { app: 'x' }));
    const { take } = await watch(`labelSelector=app%3Dx&resourceVersion=${resourceVersion}`);
    await create('elsewhere', { app: 'y' });
    await relabel('a', { more: '1' });
    const left = versionOf(await relabel('a', { app: 'y' }));
    await relabel('a', { app: 'x' });
    const events = await take(3);
    expect(shown(events)).toEqual(['MODIFIED a', 'DELETED a', 'ADDED a']);
    // The state that matched last, at the revision of the change that took it out.
    expect(events[1]!.object.metadata).toMatchObject({
      labels: { app: 'x', more: '1' },
      resourceVersion: left,
    });
  });

  it('follow one object by metadata.name', async () => {
    await create('a');
    await create('b');
    const { take } = await watch('fieldSelector=metadata.name%3Db');
    await relabel('a', { x: 'y' });
    await relabel('b', { x: 'y' });
    expect(shown(await take(2))).toEqual(['ADDED b', 'MODIFIED b']);
  });

  it('refuse fields that cannot be selected by', async () => {
    const { answer } = await watch('fieldSelector=spec.x%3Dy');
    expect(answer.json).toMatchObject({
      code: 400,
      message: expect.stringContaining('"spec.x" is not a known field selector'),
    });
  });
});

describe('the older watch paths', () => {
  it('watch a collection, all namespaces, and one object', async () => {
    await create('a');
    await create('b');
    expect(shown(await (await watch('', '/api/v1/watch/namespaces/default/configmaps')).take(2))).toEqual([
      'ADDED a',
      'ADDED b',
    ]);
    expect(shown(await (await watch('', '/api/v1/watch/configmaps')).take(2))).toContain('ADDED a');
    expect(shown(await (await watch('', '/api/v1/watch/namespaces/default/configmaps/b')).take(1))).toEqual([
      'ADDED b',
    ]);
    expect(shown(await (await watch('', '/api/v1/watch/namespaces/default')).take(1))).toEqual([
      'ADDED default',
    ]);
  });

  it('refuse a selector for another object', async () => {
    const { answer } = await watch(
      'fieldSelector=metadata.name%3Da',
      '/api/v1/watch/namespaces/default/configmaps/b',
    );
    expect(answer.json).toMatchObject({
      code: 400,
      message: "fieldSelector metadata.name doesn't match requested name",
    });
  });
});

describe('watch bookmarks', () => {
  it('come about once a minute and before the end, to those who ask', async () => {
    const resourceVersion = versionOf(await create('a'));
    const { take } = await watch(
      `resourceVersion=${resourceVersion}&allowWatchBookmarks=true&timeoutSeconds=100`,
    );
    const events = take(10);
    await server.clock.advance(60_000);
    await server.clock.advance(60_000);
    const all = await events;
    expect(all.map(({ type }) => type)).toEqual(['BOOKMARK', 'BOOKMARK']);
    expect(all[0]!.object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion } });
  });

  it('are not sent to others', async () => {
    const resourceVersion = versionOf(await create('a'));
    const { take } = await watch(`resourceVersion=${resourceVersion}&timeoutSeconds=100`);
    const events = take(1);
    await server.clock.advance(100_000);
    expect(await events).toEqual([]);
  });
});

describe('the end of a watch', () => {
  it('comes after 30 to 60 minutes where nothing is asked for', async () => {
    const { take } = await watch();
    const events = take(1);
    let ended = false;
    void events.then(() => (ended = true));
    await server.clock.advance(30 * 60_000 - 1);
    expect(ended).toBe(false);
    await server.clock.advance(30 * 60_000 + 1);
    expect(await events).toEqual([]);
  });

  it.each(['timeoutSeconds=5', 'timeoutSeconds=-1'])('%s', async (query) => {
    const { take } = await watch(query);
    const events = take(1);
    await server.clock.advance(5_000);
    expect(await events).toEqual([]);
  });

  it('waits for timeouts beyond what timers can count', async () => {
    const { take } = await watch('timeoutSeconds=9000000000');
    const events = take(1);
    await server.clock.advance(1_000);
    await create('a');
    expect(shown(await events)).toEqual(['ADDED a']);
  });

  it('comes with the client’s going away', async () => {
    const { take } = await watch();
    const events = take(1);
    abort.abort();
    expect(await events).toEqual([]);
  });
});

describe('streaming lists', () => {
  const streaming = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';

  it('end the initial events with an annotated bookmark', async () => {
    await create('a');
    const resourceVersion = versionOf(await create('b'));
    const { take } = await watch(`${streaming}&allowWatchBookmarks=true`);
    const events = await take(3);
    expect(shown(events)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
    expect(events[2]!.object.metadata).toEqual({
      resourceVersion,
      annotations: { 'k8s.io/initial-events-end': 'true' },
    });
    await create('c');
    expect(shown(await take(1))).toEqual(['ADDED c']);
  });

  it('wait for the revision they are to be at least at', async () => {
    const resourceVersion = Number(versionOf(await create('a')));
    const pending = watch(`${streaming}&allowWatchBookmarks=true&resourceVersion=${resourceVersion + 1}`);
    await create('b');
    expect(shown(await (await pending).take(3))).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
  });

  it('sendInitialEvents=false begins with what comes', async () => {
    await create('a');
    const { take } = await watch('sendInitialEvents=false&resourceVersionMatch=NotOlderThan');
    await create('b');
    expect(shown(await take(1))).toEqual(['ADDED b']);
  });

  it('and other watches refuse what no list can be, and what no stream can be', async () => {
    const table = 'as=Table;v=v1;g=meta.k8s.io';
    for (const [accept, types] of [
      [
        `application/vnd.kubernetes.protobuf;${table}`,
        'application/json, application/yaml, application/vnd.kubernetes.protobuf',
      ],
      [
        `application/yaml;${table}`,
        'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
      ],
    ] as const) {
      const { answer } = await watch('', maps, accept);
      // Told in JSON, as a Status is no table either.
      expect(answer.json).toMatchObject({
        code: 406,
        message: `only the following media types are accepted: ${types}`,
      });
    }
  });

  it('are no tables: another form where the client takes one, else 406', async () => {
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const list = `${streaming}&allowWatchBookmarks=true`;
    expect((await watch(list, maps, table)).answer.json).toMatchObject({
      code: 406,
      reason: 'NotAcceptable',
      message:
        'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    });
    await create('a');
    const { take } = await watch(list, maps, `${table},application/json`);
    expect((await take(2)).map(({ object }) => object.kind)).toEqual(['ConfigMap', 'ConfigMap']);
    // Without bookmarks nothing says where the list ends: that is a watch like others.
    expect((await watch(streaming, maps, table)).answer.status).toBe(200);
  });

  const forbidden = (detail: string) => `resourceVersionMatch: Forbidden: ${detail}`;
  it.each([
    [
      'sendInitialEvents=true',
      forbidden('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    ],
    [
      'sendInitialEvents=false&resourceVersionMatch=Exact&resourceVersion=1',
      `[${forbidden('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')}, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]`,
    ],
    [
      'resourceVersionMatch=NotOlderThan',
      forbidden('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
    ],
    [`${streaming}&continue=a`, forbidden('resourceVersionMatch is forbidden when continue is provided')],
  ])('%s is refused', async (query, message) => {
    const { answer } = await watch(query);
    expect(answer.json).toMatchObject({
      code: 422,
      message: `ListOptions.meta.k8s.io "" is invalid: ${message}`,
    });
  });
});

describe('watches in other forms', () => {
  it('as Table: the columns come once, each event has its rows', async () => {
    await create('a');
    await create('b');
    const { take } = await watch('', maps, 'application/json;as=Table;g=meta.k8s.io;v=v1');
    const events = (await take(2)) as unknown as {
      type: string;
      object: { kind: string; columnDefinitions?: unknown[]; rows: { cells: unknown[] }[] };
    }[];
    expect(events.map(({ type, object }) => [type, object.kind, object.rows[0]?.cells[0]])).toEqual([
      ['ADDED', 'Table', 'a'],
      ['ADDED', 'Table', 'b'],
    ]);
    expect(events[0]!.object.columnDefinitions?.length).toBeGreaterThan(0);
    expect(events[1]!.object.columnDefinitions ?? null).toBeNull();
  });

  it('as PartialObjectMetadata', async () => {
    await create('a');
    const { take } = await watch('', maps, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1');
    expect((await take(1))[0]).toMatchObject({
      type: 'ADDED',
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } },
    });
  });
});
