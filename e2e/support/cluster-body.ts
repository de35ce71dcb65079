import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { createKubectl, kubectlsToTest, type Kubectl } from './kubectl.ts';

/** A cluster that a body of tests runs over, however it is put together. */
export interface ClusterUnderTest {
  readonly kubeconfig: string;
  /** Ends it and removes all that it left. */
  stop(): Promise<void>;
}

/** What a cluster must be started with for the autoscaler to be quick enough to be watched: flags and their values. */
export const quickAutoscaler: Readonly<Record<string, string>> = {
  'metric-resolution': '1s',
  'horizontal-pod-autoscaler-sync-period': '1s',
  'horizontal-pod-autoscaler-downscale-stabilization': '1s',
};

const deployment = (name: string, image: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image, resources: { requests: { cpu: '200m' } } }] },
    },
  },
});
const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }] },
});

/**
 * One body of tests for every way to put a cluster together: what a user does with kubectl, through the whole machine.
 * `start` must answer a cluster that serves; its autoscaler set as `quickAutoscaler` says.
 */
export function clusterBody(name: string, start: () => Promise<ClusterUnderTest>): void {
  describe.each(kubectlsToTest().slice(-1))(`${name}, with kubectl $version`, (binary) => {
    let cluster: ClusterUnderTest | undefined;
    let kubectl: Kubectl;
    beforeAll(async () => {
      cluster = await start();
      kubectl = createKubectl(binary, cluster.kubeconfig);
      await eventually(() => kubectl('get --raw /readyz'), { timeoutMs: 60_000 });
    }, 400_000);
    afterAll(() => cluster?.stop(), 60_000);

    const apply = (...items: readonly object[]) =>
      kubectl('apply -f -', { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });
    const until = (args: string, expected: string | RegExp) =>
      eventually(
        async () => {
          const text = (await kubectl(args)).trim();
          return typeof expected === 'string' ? text === expected : expected.test(text);
        },
        { timeoutMs: 60_000, everyMs: 200, what: `${String(expected)} from kubectl ${args}` },
      );
    const images = 'get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}';

    it('has nodes that are ready', async () => {
      await until(
        'get nodes -o jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}',
        /^True( True)*$/,
      );
    });

    it('applies: Pods run behind a Service, and a second time nothing changes', async () => {
      const objects = [deployment('web', 'nginx:1', 3), service('web')];
      expect(await apply(...objects)).toBe('deployment.apps/web created\nservice/web created\n');
      await kubectl('rollout status deployment/web --timeout=60s');
      await until(
        'get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[*].endpoints[*].conditions.ready}',
        'true true true',
      );
      expect(await apply(...objects)).toBe('deployment.apps/web unchanged\nservice/web unchanged\n');
    });

    it('reaches the kubelets: logs and exec', async () => {
      expect(await kubectl('logs deployment/web')).not.toBe('');
      expect(await kubectl(['exec', 'deployment/web', '--', 'echo', 'through the kubelet'])).toBe(
        'through the kubelet\n',
      );
    });

    it('scales up and down', async () => {
      await kubectl('scale deployment/web --replicas=7');
      await kubectl('rollout status deployment/web --timeout=60s');
      await until('get deployment web -o jsonpath={.status.availableReplicas}', '7');
      await kubectl('scale deployment/web --replicas=2');
      await until('get pods -l app=web -o name', /^\S+\n\S+$/);
    });

    it('rolls out and back', async () => {
      await kubectl('set image deployment/web c=nginx:2');
      await kubectl('rollout status deployment/web --timeout=60s');
      await until(images, 'nginx:2 nginx:2');
      await kubectl('rollout undo deployment/web');
      await kubectl('rollout status deployment/web --timeout=60s');
      await until(images, 'nginx:1 nginx:1');
      expect(await kubectl('rollout history deployment/web')).toMatch(/^2 [^]*^3 /m);
    });

    it('follows load with an autoscaler', async () => {
      await kubectl('autoscale deployment web --cpu-percent=50 --min=1 --max=4');
      await kubectl('annotate service web drydock.dev/cpu-load=0,400m');
      await until('get deployment web -o jsonpath={.status.readyReplicas}', '4');
      await kubectl('annotate --overwrite service web drydock.dev/cpu-load=0,10m');
      await until('get deployment web -o jsonpath={.status.readyReplicas}', '1');
      await kubectl('delete hpa web');
    });

    it('deletes with all that is owned, and whole namespaces', async () => {
      await kubectl('delete deployment/web service/web --timeout=60s');
      await until('get pods,replicasets,endpointslices -l app=web -o name', '');
      await kubectl('create namespace short');
      await kubectl('create deployment inside --image=nginx --replicas=2 -n short');
      await kubectl('rollout status deployment/inside -n short --timeout=60s');
      await kubectl('delete namespace short --timeout=60s');
      expect((await kubectl.try('get namespace short')).stderr).toContain('NotFound');
    });
  });
}
