import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  listOf,
  removeDataDir,
  sampleNamespace,
  samples,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
  type Sample,
} from '../support/index.ts';

/**
 * Kinds that younger kubectls describe by a version of their own, from before the stable one: that version is not served, by
 * Kubernetes 1.36 neither. With the first minor that asks for the stable one.
 */
const describedSince: Readonly<Record<string, number>> = {
  'ipaddresses.networking.k8s.io': 33,
  'servicecidrs.networking.k8s.io': 33,
  'volumeattributesclasses.storage.k8s.io': 34,
};

/** As kubectl names it: `deployment.apps/sample`. */
function shown({ resource, name, object }: Sample): string {
  const dot = resource.indexOf('.');
  return `${String(object['kind']).toLowerCase()}${dot < 0 ? '' : resource.slice(dot)}/${name}`;
}
const all = samples.map(shown);
const hasWord = (line: string, word: string) => line.split(/\s+/).includes(word);

describe.each(kubectlsToTest())('kubectl $version on every kind', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    kubectl = createKubectl(binary, cluster.kubeconfig);
    await kubectl(`create namespace ${sampleNamespace}`);
    await kubectl(`config set-context --current --namespace=${sampleNamespace}`);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  it('creates one of each', async () => {
    const created = await kubectl('create -f -', { stdin: listOf(samples.map(({ object }) => object)) });
    expect(created.trimEnd().split('\n')).toEqual(all.map((one) => `${one} created`));
  });

  describe('prints each', () => {
    const mayLack = ({ resource }: Sample) =>
      Number(binary.version.slice(2)) < (describedSince[resource] ?? 0);
    const describable = samples.filter((sample) => !mayLack(sample));
    // One kubectl for all of them prints a table for each kind; a row begins with its kind and name.
    let plain: readonly string[];
    let wide: readonly string[];
    let read: readonly { kind: string; metadata: { name: string } }[];
    let names: readonly string[];
    /** In the order of `describable`. */
    let described: readonly string[];
    beforeAll(async () => {
      const stdin = listOf(samples.map(({ object }) => object));
      const kinds = samples.map(({ resource }) => resource).join();
      const tables = (text: string) => text.trimEnd().split('\n\n');
      [plain, wide, read, names, described] = await Promise.all([
        kubectl('get -f -', { stdin }).then(tables),
        kubectl('get -f - -o wide', { stdin }).then(tables),
        kubectl('get -f - -o yaml', { stdin }).then((text) => (parse(text) as { items: typeof read }).items),
        kubectl(`get ${kinds} -o name`).then((text) => text.split('\n')),
        kubectl('describe -f -', { stdin: listOf(describable.map(({ object }) => object)) }).then((text) =>
          text.split(/^(?=Name: )/m),
        ),
      ]);
    });

    it.each(samples)('gets and describes $resource', async (sample) => {
      const { resource, name, object } = sample;
      const kind = String(object['kind']);
      const row = (tables: readonly string[]) => {
        const table = tables.find((text) => text.split('\n').some((line) => hasWord(line, shown(sample))));
        const [head, ...rows] = table?.split('\n') ?? [];
        return { head, row: rows.find((line) => hasWord(line, shown(sample))) };
      };
      const [short, long] = [row(plain), row(wide)];
      // An Event's columns begin with its age.
      if (kind !== 'Event') {
        expect(short.head).toMatch(/^NAME\b/);
        expect(short.row?.split(/\s+/)[0]).toBe(shown(sample));
        expect(long.row?.split(/\s+/)[0]).toBe(shown(sample));
      }
      expect(long.head).toMatch(kind === 'Event' ? /^LAST SEEN\b.* NAME\b/ : /^NAME\b/);
      expect(read.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name)).toContain(name);
      expect(names).toContain(shown(sample));

      const startsWithName = new RegExp(`^Name:\\s+${name.replaceAll('.', '\\.')}\n`);
      if (mayLack(sample)) {
        const { code, stdout, stderr } = await kubectl.try(['describe', resource, name]);
        if (code === 0) expect(stdout).toMatch(startsWithName);
        else expect(stderr).toContain('(NotFound): the server could not find the requested resource');
        return;
      }
      expect(described).toHaveLength(describable.length);
      const text = described[describable.indexOf(sample)];
      expect(text).toMatch(startsWithName);
      expect(text?.trim().split('\n').length).toBeGreaterThan(1);
    });
  });

  it('labels, selects, patches, replaces and deletes each', async () => {
    const stdin = listOf(samples.map(({ object }) => object));
    const lines = async (command: string) => (await kubectl(command, { stdin })).trimEnd().split('\n');
    expect(await lines('label -f - tier=x')).toEqual(all.map((one) => `${one} labeled`));
    // Beside them is what loops have made of them, with the same labels.
    const kinds = samples.map(({ resource }) => resource).join();
    expect(await lines(`get ${kinds} -l tier=x -o name`)).toEqual(expect.arrayContaining(all));
    expect(await lines(`patch -f - -p {"metadata":{"annotations":{"a":"b"}}}`)).toEqual(
      all.map((one) => `${one} patched`),
    );
    // Each as it was read; what a loop has written in between is read once more.
    const replaced = new Set<string>();
    await eventually(async () => {
      const live = JSON.parse(await kubectl('get -f - -o json', { stdin })) as { items: unknown[] };
      const left = live.items.filter((_, index) => !replaced.has(all[index] ?? ''));
      const { stdout, stderr } = await kubectl.try('replace -f -', { stdin: listOf(left) });
      for (const [line] of stdout.matchAll(/^.+(?= replaced$)/gm)) replaced.add(line);
      expect(stderr.replaceAll(/^Error from server \(Conflict\): .*\n/gm, '')).toBe('');
      return replaced.size === all.length;
    });
    expect([...replaced].toSorted()).toEqual(all.toSorted());
    // kubectl itself asks five times a second whether one is gone.
    expect(await lines('delete -f - --wait=false')).toHaveLength(all.length);
    await eventually(async () => (await kubectl('get -f - -o name --ignore-not-found', { stdin })) === '');
  });
});
