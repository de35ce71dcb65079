import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRawClient,
  eventually,
  removeDataDir,
  sampleNamespace as namespace,
  samples,
  startClusterProcess,
  type ClusterProcess,
  type Loose,
  type RawClient,
  type Sample,
} from '../support/index.ts';

interface ApiResource {
  readonly name: string;
  readonly verbs: readonly string[];
}

interface Place {
  /** Of the group version: `/apis/apps/v1`. */
  readonly group: string;
  readonly plural: string;
  /** Of the collection. */
  readonly path: string;
  /** Of the collection in all namespaces. */
  readonly everywhere: string;
}

function placeOf({ object, namespaced, resource }: Sample): Place {
  const version = String(object['apiVersion']);
  const group = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
  const plural = resource.split('.')[0]!;
  return {
    group,
    plural,
    path: namespaced ? `${group}/namespaces/${namespace}/${plural}` : `${group}/${plural}`,
    everywhere: `${group}/${plural}`,
  };
}

/** Kinds of which two cannot be alike but for the name, or whose name is given. */
const single = new Set(['ipaddresses', 'customresourcedefinitions', 'apiservices']);
/** Without what the server itself notes in a status, and who wrote it when. */
function plain({ status: _status, ...object }: Loose): object {
  const {
    managedFields: _fields,
    resourceVersion: _version,
    ...metadata
  } = object.metadata as Loose['metadata'] & {
    managedFields?: unknown;
  };
  return { ...object, metadata };
}

const metadataOf = (object: Readonly<Record<string, unknown>>) => object['metadata'] as object;

describe('the life of an object of every kind', () => {
  let cluster: ClusterProcess;
  let client: RawClient;

  beforeAll(async () => {
    // Nobody else writes: every event comes from the test.
    cluster = await startClusterProcess({ args: ['--store', 'memory', '--components', 'apiserver'] });
    client = createRawClient(cluster.kubeconfig);
    await client.ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    await client.ask('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
      metadata: { name: 'default' },
    });
  });
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  const discovered = async ({ group, plural }: Place) => {
    const list = (await client.send('GET', group)).json<{ resources: ApiResource[] }>();
    return new Map(
      list.resources
        .filter(({ name }) => name === plural || name.startsWith(`${plural}/`))
        .map(({ name, verbs }) => [name.slice(plural.length + 1), [...verbs].sort()]),
    );
  };

  it.each(samples)('$object.apiVersion $resource', async (sample) => {
    const { object, name } = sample;
    const place = placeOf(sample);
    const { path, everywhere } = place;
    const one = `${path}/${name}`;
    const selector = `labelSelector=life%3D${name}`;
    const labelled = (more: object) => ({
      ...object,
      metadata: { ...metadataOf(object), labels: { life: name }, ...more },
    });
    const seen = new Set<string>();
    const verbs = await discovered(place);
    const collection = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
    if (place.plural !== 'namespaces') collection.push('deletecollection');
    expect(verbs.get('')).toEqual(collection.sort());

    const before = (await client.ask('GET', `${everywhere}?${selector}`)) as unknown as {
      items: Loose[];
      metadata: { resourceVersion: string };
    };
    expect(before.items).toEqual([]);
    const watch = await client.watch(
      `${everywhere}?watch=true&${selector}&resourceVersion=${before.metadata.resourceVersion}`,
    );

    const created = await client.ask('POST', path, labelled({}));
    const got = await client.ask('GET', one);
    expect(plain(got)).toEqual(plain(created));
    const list = await client.ask('GET', `${everywhere}?${selector}`);
    expect((list as unknown as { items: Loose[] }).items.map(({ metadata }) => metadata.uid)).toEqual([
      created.metadata.uid,
    ]);
    const byName = await client.ask('GET', `${everywhere}?fieldSelector=metadata.name%3D${name}`);
    expect((byName as unknown as { items: Loose[] }).items).toHaveLength(1);

    const patched = await client.patch(one, { metadata: { annotations: { patched: 'true' } } });
    expect(patched.metadata.annotations).toMatchObject({ patched: 'true' });
    expect(Number(patched.metadata.resourceVersion)).toBeGreaterThan(
      Number(created.metadata.resourceVersion),
    );
    // Of a Deployment the annotations count: its ReplicaSets have them too.
    const more = place.plural === 'deployments' ? 1 : 0;
    const generationOf = ({ metadata }: Loose) => metadata.generation ?? 0;
    expect(generationOf(patched)).toBe(generationOf(created) + more);
    const annotations = { ...patched.metadata.annotations, updated: 'true' };
    const updated = await client.ask('PUT', one, {
      ...patched,
      metadata: { ...patched.metadata, annotations },
    });
    expect(updated.metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' });
    const stale = await client.send('PUT', one, { body: created });
    expect([stale.status, stale.json<{ reason?: string }>().reason]).toEqual([409, 'Conflict']);

    if (verbs.has('status')) {
      expect(verbs.get('status')).toEqual(['get', 'patch', 'update']);
      expect(plain(await client.ask('GET', `${one}/status`))).toEqual(plain(updated));
      // The spec that comes along, or does not, is not looked at.
      const { spec } = updated;
      const stripped = await client.patch(`${one}/status`, { spec: null });
      expect(stripped.spec).toEqual(spec);
      const replaced = await client.ask('PUT', `${one}/status`, stripped);
      expect(replaced.spec).toEqual(spec);
      expect(replaced.metadata.uid).toBe(created.metadata.uid);
      expect(replaced.metadata.generation).toBe(updated.metadata.generation);
    }
    if (verbs.has('scale')) expect(verbs.get('scale')).toEqual(['get', 'patch', 'update']);

    await eventually(() => {
      for (const event of watch.events) {
        seen.add(event.type);
        if (event.object.metadata.annotations?.['updated'] === 'true') seen.add('updated');
      }
      return seen.has('updated') && seen.has('ADDED');
    });

    if (place.plural === 'namespaces') {
      await client.ask('DELETE', one);
      await client.ask('PUT', `${one}/finalize`, {
        ...(await client.ask('GET', one)),
        spec: { finalizers: [] },
      });
    } else if (single.has(place.plural)) {
      await client.ask('DELETE', one);
      if (place.plural === 'customresourcedefinitions')
        await client.patch(one, { metadata: { finalizers: null } }).catch(() => undefined);
    } else {
      const second = await client.ask('POST', path, labelled({ name: `${name}-b` }));
      expect(second.metadata.uid).not.toBe(created.metadata.uid);
      const wanted = `${path}?${selector}`;
      const tried = await client.send('DELETE', `${wanted}&dryRun=All`);
      expect(tried.status).toBe(200);
      expect(((await client.ask('GET', wanted)) as unknown as { items: Loose[] }).items).toHaveLength(2);
      const removed = await client.send('DELETE', wanted, {
        body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 },
      });
      expect(removed.status).toBe(200);
      const left = (await client.ask('GET', wanted)) as unknown as { items: Loose[] };
      // What a finalizer holds is on its way out.
      for (const { metadata } of left.items) {
        expect(metadata.deletionTimestamp).toBeDefined();
        await client.patch(`${path}/${metadata.name}`, { metadata: { finalizers: null } });
      }
    }
    expect((await client.send('GET', one)).status).toBe(404);
    await eventually(() => watch.events.some(({ type }) => type === 'DELETED'));
    expect(watch.events.at(-1)?.object.metadata.labels).toMatchObject({ life: name });
    watch.stop();
  });
});
