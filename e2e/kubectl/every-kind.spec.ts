import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  kubectlsToTest,
  removeDataDir,
  sampleNamespace,
  samples,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
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

  it.each(samples)('creates, gets, describes, labels, patches and deletes $resource', async (sample) => {
    const { resource, name, namespaced, object } = sample;
    const kind = String(object['kind']);
    const singular = kind.toLowerCase();
    const dot = resource.indexOf('.');
    const shown = `${singular}${dot < 0 ? '' : resource.slice(dot)}/${name}`;
    expect(await kubectl('create -f -', { stdin: JSON.stringify(object) })).toBe(`${shown} created\n`);

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
    expect(names).toContain(shown);
    if (described.code === 0)
      expect(described.stdout).toMatch(new RegExp(`^Name:\\s+${name.replaceAll('.', '\\.')}$`, 'm'));
    else {
      expect(Number(binary.version.slice(2))).toBeLessThan(describedSince[resource] ?? 0);
      expect(described.stderr).toContain('(NotFound): the server could not find the requested resource');
    }

    expect(await kubectl(['label', resource, name, 'tier=x'])).toBe(`${shown} labeled\n`);
    expect(await kubectl(['get', resource, '-l', 'tier=x', '-o', 'name'])).toBe(`${shown}\n`);
    expect(await kubectl(['patch', resource, name, '-p', '{"metadata":{"annotations":{"a":"b"}}}'])).toBe(
      `${shown} patched\n`,
    );
    const live = await kubectl(['get', resource, name, '-o', 'json']);
    expect(await kubectl('replace -f -', { stdin: live })).toBe(`${shown} replaced\n`);

    expect(await kubectl(['delete', resource, name, '--wait=false'])).toMatch(/ deleted/);
    await kubectl(['wait', '--for=delete', `${resource}/${name}`, '--timeout=20s']);
  });
});
