import { beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  type ComposeCluster,
  type Kubectl,
} from '../support/index.ts';

const soon = { timeoutMs: 60_000, everyMs: 200 };
const names = (count: number) => Array.from({ length: count }, (_, at) => `node-${at}`);

/** `docker-compose up --scale kubelet-sim=<n>`: each process has nodes of its own, whose Pods are reached through it. */
export function scaleBody(shared: () => Promise<ComposeCluster>): void {
  describe.each(kubectlsToTest().slice(-1))('a cluster of docker-compose that is scaled', (binary) => {
    let cluster: ComposeCluster;
    let kubectl: Kubectl;
    beforeAll(async () => {
      cluster = await shared();
      kubectl = createKubectl(binary, cluster.kubeconfig);
    }, 60_000);
    const scaleTo = (count: number) =>
      cluster.compose('up', '--detach', '--no-deps', '--scale', `kubelet-sim=${count}`, 'kubelet-sim');
    const readyNodes = async () =>
      (await kubectl('get nodes --no-headers'))
        .split('\n')
        .flatMap((line) => / Ready /.exec(line) && line.split(' ')[0])
        .filter((name) => name !== null)
        .toSorted();
    /** How many hold each of the Leases of kubelet-sims. */
    const holders = async () =>
      (
        await kubectl(
          'get lease kubelet-sim-0 kubelet-sim-1 kubelet-sim-2 --namespace kube-system --no-headers',
        )
      )
        .trim()
        .split('\n')
        .map((line) => (/^kubelet-sim-\d +\S+_\S+ /.test(line) ? 1 : 0));

    it('has the nodes of three kubelet-sims, and keeps those of the first when the others go', async () => {
      await scaleTo(3);
      await eventually(async () => (await readyNodes()).length === 9, { ...soon, what: 'nine nodes' });
      expect(await readyNodes()).toEqual(names(9));
      // A Pod of each process, reached by the API server at the address of that process.
      const pods = ['node-1', 'node-4', 'node-7'];
      for (const node of pods) {
        const overrides = JSON.stringify({ spec: { nodeName: node } });
        await kubectl(['run', `on-${node}`, '--image=nginx', `--overrides=${overrides}`]);
      }
      const all = pods.map((node) => `pod/on-${node}`);
      await kubectl(['wait', '--for=condition=Ready', ...all, '--timeout=60s']);
      for (const node of pods)
        expect(await kubectl(['exec', `on-${node}`, '--', 'hostname'])).toBe(`on-${node}\n`);

      await scaleTo(1);
      // They have given back what they had in order, so that others may take it.
      await eventually(async () => (await holders()).join() === '1,0,0', {
        ...soon,
        what: 'Leases of the first alone',
      });
      expect(await kubectl('exec on-node-1 -- hostname')).toBe('on-node-1\n');
      await kubectl(['delete', 'node', ...names(9).slice(3)]);
      expect(await readyNodes()).toEqual(names(3));
      await kubectl(['delete', ...all, '--force', '--grace-period=0']);
    }, 120_000);
  });
}
