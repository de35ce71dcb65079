import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
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
    const items = samples.map(({ object }) => object);
    const created = await kubectl('create -f -', {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    });
    expect(created.trimEnd().split('\n')).toEqual(all.map((one) => `${one} created`));
  });

  it.each(samples)('gets and describes $resource', async (sample) => {
    const { resource, name, namespaced, object } = sample;
    const kind = String(object['kind']);
    const [plain, wide, yaml, names, described] = await Promise.all([
      kubectl(['get', resource, name]),
      kubectl(['get', resource, name, '-o', 'wide']),
      kubectl(['get', resource, name, '-o', 'yaml']),
      kubectl(['get', resource, '-o', 'name', ...(namespaced ? ['-A'] : [])]),
      kubectl.try(['describe', resource, name]),
    ]);
    const [head, row] = plain.split('\n');
    // An Event's columns begin with its age.
    if (kind !== 'Event') {
      expect(head).toMatch(/^NAME\b/);
      expect(row?.split(/\s+/)[0]).toBe(name);
    }
    expect(wide).toContain(head?.split(/\s+/)[0]);
    expect(yaml).toContain(`kind: ${kind}\n`);
    expect(names).toContain(shown(sample));
    if (described.code === 0)
      expect(described.stdout).toMatch(new RegExp(`^Name:\\s+${name.replaceAll('.', '\\.')}$`, 'm'));
    else {
      expect(Number(binary.version.slice(2))).toBeLessThan(describedSince[resource] ?? 0);
      expect(described.stderr).toContain('(NotFound): the server could not find the requested resource');
    }
  });

  it('labels, selects, patches, replaces and deletes each', async () => {
    const stdin = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: samples.map(({ object }) => object),
    });
    const lines = async (command: string) => (await kubectl(command, { stdin })).trimEnd().split('\n');
    expect(await lines('label -f - tier=x')).toEqual(all.map((one) => `${one} labeled`));
    // Beside them is what loops have made of them, with the same labels.
    const kinds = samples.map(({ resource }) => resource).join();
    expect(await lines(`get ${kinds} -l tier=x -o name`)).toEqual(expect.arrayContaining(all));
    expect(await lines(`patch -f - -p {"metadata":{"annotations":{"a":"b"}}}`)).toEqual(
      all.map((one) => `${one} patched`),
    );
    const live = await kubectl('get -f - -o json', { stdin });
    const replaced = await kubectl('replace -f -', { stdin: live });
    expect(replaced.trimEnd().split('\n')).toEqual(all.map((one) => `${one} replaced`));
    // kubectl itself asks five times a second whether one is gone.
    expect(await lines('delete -f - --wait=false')).toHaveLength(all.length);
    await eventually(async () => (await kubectl('get -f - -o name --ignore-not-found', { stdin })) === '');
  });
});
