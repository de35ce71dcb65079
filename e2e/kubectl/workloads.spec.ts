import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  listOf,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const container = { name: 'c', image: 'nginx' };
const labels = (app: string) => ({ metadata: { labels: { app } } });
const selector = (app: string) => ({ selector: { matchLabels: { app } } });
const object = (apiVersion: string, kind: string, name: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
/** A Job whose containers end after a moment, as their annotation says. */
const jobTemplate = {
  metadata: { annotations: { 'drydock.dev/exit-after': '100ms' } },
  spec: { restartPolicy: 'Never', containers: [container] },
};

describe.each(kubectlsToTest().slice(-1))('workloads with kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    kubectl = createKubectl(binary, cluster.kubeconfig);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });
  const apply = (...objects: object[]) =>
    kubectl('apply -f -', {
      stdin: listOf(objects),
    });
  const until = (args: string, expected: string) =>
    eventually(async () => (await kubectl(args)).trim() === expected, {
      timeoutMs: 30_000,
      what: `${expected} from kubectl ${args}`,
    });

  it('a StatefulSet with claims: one after another, each with its volume, which outlives it', async () => {
    await apply(
      object('apps/v1', 'StatefulSet', 'db', {
        replicas: 2,
        serviceName: 'db',
        ...selector('db'),
        template: { ...labels('db'), spec: { containers: [container] } },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec }],
      }),
    );
    await kubectl('rollout status statefulset/db --timeout=30s');
    expect(await kubectl('get pods -l app=db -o name')).toBe('pod/db-0\npod/db-1\n');
    await until('get pvc -o jsonpath={.items[*].status.phase}', 'Bound Bound');
    expect(await kubectl('get pvc data-db-0 --no-headers')).toMatch(/Bound +pvc-.* +1Gi +RWO +standard/);
    expect(await kubectl('get storageclass standard --no-headers')).toContain('standard (default)');
    await kubectl('delete statefulset db');
    await kubectl('wait --for=delete pod/db-1 --timeout=30s');
    expect(await kubectl('get pvc -o name')).toBe(
      'persistentvolumeclaim/data-db-0\npersistentvolumeclaim/data-db-1\n',
    );
    await kubectl('delete pvc --all --timeout=30s');
    await until('get pv -o name', '');
  });

  it('a claim stays while a Pod uses it; the claim of an ephemeral volume goes with its Pod', async () => {
    await apply(
      object('v1', 'PersistentVolumeClaim', 'kept', claimSpec),
      object('v1', 'Pod', 'user', {
        containers: [container],
        volumes: [
          { name: 'a', persistentVolumeClaim: { claimName: 'kept' } },
          { name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: claimSpec } } },
        ],
      }),
    );
    await kubectl('wait --for=condition=Ready pod/user --timeout=30s');
    await until('get pvc user-scratch -o jsonpath={.status.phase}', 'Bound');
    await kubectl('delete pvc kept --wait=false');
    expect(await kubectl('get pvc kept --no-headers')).toContain('Terminating');
    await kubectl('delete pod user --now');
    await until('get pvc -o name', '');
  });

  it('a DaemonSet: one Pod on every node, cordoned ones too', async () => {
    await kubectl('cordon node-2');
    await apply(
      object('apps/v1', 'DaemonSet', 'agent', {
        ...selector('agent'),
        template: { ...labels('agent'), spec: { containers: [container] } },
      }),
    );
    await kubectl('rollout status daemonset/agent --timeout=30s');
    expect(await kubectl('get daemonset agent --no-headers')).toMatch(/agent +3 +3 +3 +3 +3/);
    await kubectl('uncordon node-2');
    await until('get node node-2 -o jsonpath={.spec.taints}', '');
  });

  it('a Job: its completions, then gone after its TTL', async () => {
    await apply(
      object('batch/v1', 'Job', 'work', {
        completions: 3,
        parallelism: 2,
        completionMode: 'Indexed',
        template: jobTemplate,
      }),
      object('batch/v1', 'Job', 'brief', { ttlSecondsAfterFinished: 0, template: jobTemplate }),
    );
    await kubectl('wait --for=condition=Complete job/work --timeout=30s');
    expect(await kubectl('get job work -o jsonpath={.status.succeeded}/{.status.completedIndexes}')).toBe(
      '3/0-2',
    );
    await kubectl('wait --for=delete job/brief --timeout=30s');
  });

  it('a CronJob: runs by the second, may be run by hand, and keeps a short history', async () => {
    await apply(
      object('batch/v1', 'CronJob', 'tick', {
        schedule: '@every 1s',
        successfulJobsHistoryLimit: 2,
        concurrencyPolicy: 'Forbid',
        jobTemplate: { spec: { template: jobTemplate } },
      }),
    );
    await eventually(
      async () => (await kubectl('get cronjob tick -o jsonpath={.status.lastSuccessfulTime}')) !== '',
      { timeoutMs: 30_000 },
    );
    expect(await kubectl('get events --field-selector involvedObject.name=tick')).toContain(
      'SuccessfulCreate',
    );
    await kubectl(`patch cronjob tick -p {"spec":{"suspend":true}}`);
    await kubectl('create job by-hand --from=cronjob/tick');
    await kubectl('wait --for=condition=Complete job/by-hand --timeout=30s');
    await kubectl('delete cronjob tick');
    await until('get jobs -o name', 'job.batch/work');
  });

  it('devices: Pods go where theirs are; one waits, and says why, until another gives its device back', async () => {
    const driver = 'gpu.example.com';
    await kubectl(`annotate node node-0 drydock.dev/devices=${driver}=2;model=small`);
    const claims = { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] };
    const pod = { ...claims, containers: [{ ...container, resources: { claims: [{ name: 'gpu' }] } }] };
    const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu' } }];
    await apply(
      object('resource.k8s.io/v1', 'DeviceClass', 'gpu', {
        selectors: [
          {
            cel: {
              expression: `device.driver == "${driver}" && device.attributes["${driver}"].model == "small"`,
            },
          },
        ],
      }),
      object('resource.k8s.io/v1', 'ResourceSlice', 'by-hand', {
        driver,
        nodeName: 'node-1',
        pool: { name: 'node-1', generation: 1, resourceSliceCount: 1 },
        devices: ['small', 'large'].map((model) => ({
          name: model,
          attributes: { model: { string: model } },
        })),
      }),
      object('resource.k8s.io/v1', 'ResourceClaimTemplate', 'gpu', { spec: { devices: { requests } } }),
      object('apps/v1', 'Deployment', 'gpus', {
        replicas: 3,
        ...selector('gpus'),
        template: { ...labels('gpus'), spec: pod },
      }),
    );
    await kubectl('rollout status deployment/gpus --timeout=30s');
    const nodes = (await kubectl('get pods -l app=gpus -o jsonpath={.items[*].spec.nodeName}')).split(' ');
    expect(nodes.sort()).toEqual(['node-0', 'node-0', 'node-1']);
    expect(await kubectl('get resourceclaims --no-headers')).toMatch(
      /^(gpus-\S+-gpu-\w{5} +allocated,reserved +\S+\n){3}$/,
    );
    await apply(object('v1', 'Pod', 'late', pod));
    const why = "get pod late -o jsonpath={.status.conditions[?(@.type=='PodScheduled')].message}";
    await eventually(async () => (await kubectl(why)).includes('3 cannot allocate all claims.'), {
      timeoutMs: 30_000,
      what: 'the reason why the pod waits',
    });
    expect(await kubectl('describe pod late')).toMatch(/FailedScheduling .*0\/3 nodes are available/);
    await kubectl('scale deployment gpus --replicas=2');
    await kubectl('wait --for=condition=Ready pod/late --timeout=30s');
    await kubectl('delete deployment/gpus pod/late resourceslice/by-hand deviceclass/gpu --timeout=30s');
    await until('get resourceclaims -o name', '');
    await kubectl('annotate node node-0 drydock.dev/devices-');
    await until('get resourceslices -o name', '');
  });

  it('a PodDisruptionBudget and a ResourceQuota tell what is', async () => {
    await kubectl('create namespace counted');
    await kubectl('-n counted create quota q --hard=pods=5,count/deployments.apps=2');
    await kubectl('-n counted create deployment web --image=nginx --replicas=3');
    await kubectl('-n counted create poddisruptionbudget b --selector=app=web --max-unavailable=1');
    await kubectl('-n counted rollout status deployment/web --timeout=30s');
    await until(
      '-n counted get pdb b -o jsonpath={.status.expectedPods}/{.status.disruptionsAllowed}',
      '3/1',
    );
    await until(
      '-n counted get quota q -o jsonpath={.status.used}',
      '{"count/deployments.apps":"1","pods":"3"}',
    );
    await kubectl('-n counted scale deployment/web --replicas=1');
    await until('-n counted get quota q -o jsonpath={.status.used.pods}', '1');
  });
});
