import { afterEach, describe, expect, it } from 'vitest';
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '@drydock/api/apps/v1';
import { CronJob, Job } from '@drydock/api/batch/v1';
import {
  ConfigMap,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Service,
  ServiceAccount,
} from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import { ServiceCIDR } from '@drydock/api/networking/v1';
import { ownerReferenceTo } from '@drydock/base/apimachinery';
import type { ControllerFactory } from '@drydock/machinery/controller';
import { createCronJobController } from '../cronjob/index.ts';
import { createDaemonSetController } from '../daemonset/index.ts';
import { createDeploymentController } from '../deployment/index.ts';
import { createEndpointSliceController } from '../endpointslice/index.ts';
import { createGarbageCollector } from '../garbage-collector/index.ts';
import { createJobController } from '../job/index.ts';
import { createNamespaceController } from '../namespace/index.ts';
import { createPersistentVolumeBinder } from '../persistentvolume-binder/index.ts';
import { createReplicaSetController } from '../replicaset/index.ts';
import { createServiceAccountController } from '../serviceaccount/index.ts';
import { createServiceCidrController } from '../service-cidr/index.ts';
import {
  namespaceNamed,
  podTemplate,
  startCluster,
  type TestCluster,
} from '../shared/cluster.spec-support.ts';
import { runKilledAt } from '../shared/killed.spec-support.ts';
import { createStatefulSetController } from '../statefulset/index.ts';

// Each loop does its work over and over, and is killed each time at another of its writes: just before it and just after it.

interface Scenario {
  readonly loop: ControllerFactory;
  /** Run beside it, unharmed. */
  readonly others?: readonly ControllerFactory[];
  /** Fewer writes than these would not show much. */
  readonly writes: number;
  begin(cluster: TestCluster): Promise<unknown>;
  /** Whether the work is done. */
  done(cluster: TestCluster): Promise<boolean>;
  /** What is there when all is quiet: the same whenever the loop was killed. */
  outcome(cluster: TestCluster): Promise<unknown>;
}

const labels = { app: 'web' };
const selector = { matchLabels: labels };
const named = (name: string) => ({ name, namespace: 'default' });
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const jobSpec = {
  completions: 3,
  parallelism: 2,
  template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
};
const pods = async (cluster: TestCluster) =>
  (await cluster.list(Pod)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);

/** Plays kubelets whose Pods end well at once. */
function endPods(cluster: TestCluster): void {
  const body = { status: { phase: 'Succeeded' } };
  cluster.deps.informers.informer(Pod).addHandler({
    added: ({ metadata: { name = '', deletionTimestamp }, status }) => {
      if (deletionTimestamp || status?.phase === 'Succeeded') return;
      void cluster.client
        .resource(Pod)
        .namespace('default')
        .patch(name, { type: 'merge', body }, { subresource: 'status' })
        .catch(() => undefined);
    },
  });
}

const scenarios: Record<string, Scenario> = {
  replicaset: {
    loop: createReplicaSetController,
    writes: 4,
    async begin(cluster) {
      cluster.kubelet();
      const spec = { replicas: 3, selector, template: podTemplate(labels) };
      await cluster.client.resource(ReplicaSet).create({ metadata: named('r'), spec });
    },
    done: async (cluster) => (await cluster.list(ReplicaSet))[0]?.status?.availableReplicas === 3,
    outcome: async (cluster) => (await pods(cluster)).length,
  },
  deployment: {
    loop: createDeploymentController,
    others: [createReplicaSetController],
    writes: 8,
    async begin(cluster) {
      cluster.kubelet();
      const sets = cluster.client.resource(Deployment).namespace('default');
      const ready = async () => (await sets.get('d')).status?.availableReplicas === 2;
      await sets.create({
        metadata: named('d'),
        spec: { replicas: 2, selector, template: podTemplate(labels, 'one') },
      });
      await cluster.until(ready, 300_000);
      const template = { spec: { containers: [{ name: 'web', image: 'two' }] } };
      await sets.patch('d', { type: 'strategic', body: { spec: { template } } });
    },
    async done(cluster) {
      const [{ metadata, status } = { metadata: {} }] = await cluster.list(Deployment);
      return (
        status?.observedGeneration === metadata.generation &&
        status?.updatedReplicas === 2 &&
        status.availableReplicas === 2 &&
        status.replicas === 2
      );
    },
    outcome: async (cluster) =>
      (await cluster.list(ReplicaSet))
        .map(({ metadata, spec }) => [
          metadata.annotations?.['deployment.kubernetes.io/revision'],
          spec?.template?.spec?.containers[0]?.image,
          spec?.replicas,
        ])
        .sort(),
  },
  statefulset: {
    loop: createStatefulSetController,
    writes: 8,
    async begin(cluster) {
      cluster.kubelet();
      await cluster.client.resource(StatefulSet).create({
        metadata: named('db'),
        spec: {
          replicas: 2,
          serviceName: 'db',
          selector,
          template: podTemplate(labels),
          volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
        },
      });
    },
    done: async (cluster) => (await cluster.list(StatefulSet))[0]?.status?.readyReplicas === 2,
    outcome: async (cluster) => [
      (await pods(cluster)).map(({ metadata }) => metadata.name).sort(),
      (await cluster.list(PersistentVolumeClaim)).map(({ metadata }) => [
        metadata.name,
        metadata.ownerReferences?.map(({ kind }) => kind),
      ]),
    ],
  },
  daemonset: {
    loop: createDaemonSetController,
    writes: 4,
    async begin(cluster) {
      cluster.kubelet();
      for (const name of ['a', 'b'])
        await cluster.client.resource(Node).create({ metadata: { name }, spec: {} });
      const spec = { selector, template: podTemplate(labels) };
      await cluster.client.resource(DaemonSet).create({ metadata: named('d'), spec });
    },
    done: async (cluster) => (await cluster.list(DaemonSet))[0]?.status?.numberReady === 2,
    outcome: async (cluster) => (await pods(cluster)).length,
  },
  job: {
    loop: createJobController,
    writes: 10,
    async begin(cluster) {
      endPods(cluster);
      await cluster.client.resource(Job).create({ metadata: named('j'), spec: jobSpec } as Job);
    },
    done: async (cluster) => (await cluster.list(Job))[0]?.status?.completionTime !== undefined,
    async outcome(cluster) {
      const [job] = await cluster.list(Job);
      const held = (await cluster.list(Pod)).filter(({ metadata }) => metadata.finalizers !== undefined);
      return [
        job?.status?.succeeded,
        job?.status?.failed,
        job?.status?.conditions?.map(({ type }) => type),
        held,
      ];
    },
  },
  cronjob: {
    loop: createCronJobController,
    writes: 2,
    begin: (cluster) =>
      cluster.client.resource(CronJob).create({
        metadata: named('c'),
        spec: { schedule: '5 0 1 1 *', concurrencyPolicy: 'Forbid', jobTemplate: { spec: jobSpec } },
      } as unknown as CronJob),
    async done(cluster) {
      if ((await cluster.list(Job)).length === 0) await cluster.clock.advance(600_000);
      return (await cluster.list(CronJob))[0]?.status?.active?.length === 1;
    },
    async outcome(cluster) {
      const [cronJob] = await cluster.list(CronJob);
      const jobs = (await cluster.list(Job)).map(({ metadata }) => metadata.name);
      return [cronJob?.status?.lastScheduleTime, cronJob?.status?.active?.map(({ name }) => name), jobs];
    },
  },
  endpointslice: {
    loop: createEndpointSliceController,
    writes: 2,
    async begin(cluster) {
      cluster.kubelet();
      await cluster.client.resource(Node).create({ metadata: { name: 'n' } } as Node);
      const spec = { selector: labels, ports: [{ port: 80 }], clusterIP: '10.96.0.9', ipFamilies: ['IPv4'] };
      await cluster.client.resource(Service).create({ metadata: named('s'), spec } as Service);
      for (const name of ['a', 'b', 'c'])
        await cluster.client.resource(Pod).create({
          metadata: { ...named(name), labels },
          spec: { ...podTemplate(labels).spec, nodeName: 'n' },
        });
    },
    done: async (cluster) =>
      (await cluster.list(EndpointSlice)).flatMap(({ endpoints = [] }) => endpoints).length === 3,
    outcome: async (cluster) => (await cluster.list(EndpointSlice)).length,
  },
  'garbage-collector': {
    loop: (deps) => createGarbageCollector({ resources: () => [ConfigMap] }, deps),
    writes: 5,
    async begin(cluster) {
      const maps = cluster.client.resource(ConfigMap).namespace('default');
      const create = (name: string, ...owners: ConfigMap[]) => {
        const ownerReferences = owners.map((owner) =>
          ownerReferenceTo(owner, ConfigMap, { blockOwnerDeletion: true }),
        );
        return maps.create({ metadata: { ...named(name), ownerReferences } });
      };
      const [owner, left, orphaned] = [await create('owner'), await create('left'), await create('orphaned')];
      await create('grandchild', await create('child', owner));
      await create('shared', owner, left);
      await create('orphan', orphaned);
      await maps.delete('owner', { propagationPolicy: 'Foreground' });
      await maps.delete('orphaned', { propagationPolicy: 'Orphan' });
    },
    done: async (cluster) => (await cluster.list(ConfigMap)).length === 3,
    outcome: async (cluster) =>
      (await cluster.list(ConfigMap)).map(({ metadata }) => [
        metadata.name,
        metadata.ownerReferences?.map(({ name }) => name),
      ]),
  },
  namespace: {
    loop: (deps) => createNamespaceController({ resources: () => [ConfigMap, Pod] }, deps),
    writes: 3,
    async begin(cluster) {
      await cluster.client.resource(Namespace).create(namespaceNamed('doomed'));
      for (const name of ['a', 'b'])
        await cluster.client.resource(ConfigMap).create({ metadata: { name, namespace: 'doomed' } });
      await cluster.client.resource(Namespace).delete('doomed');
    },
    done: async (cluster) => (await cluster.list(Namespace)).length === 1,
    outcome: async (cluster) => (await cluster.list(ConfigMap)).length,
  },
  'persistentvolume-binder': {
    loop: (deps) => createPersistentVolumeBinder({ simulatedDefaultClass: true }, deps),
    writes: 5,
    async begin(cluster) {
      await cluster.client.resource(PersistentVolume).create({
        metadata: { name: 'static' },
        spec: { ...claim, capacity: { storage: '1Gi' }, hostPath: { path: '/data' } },
      } as unknown as PersistentVolume);
      const claims = cluster.client.resource(PersistentVolumeClaim).namespace('default');
      await claims.create({ metadata: named('static'), spec: { ...claim, storageClassName: '' } });
      await claims.create({ metadata: named('dynamic'), spec: { ...claim, storageClassName: 'standard' } });
    },
    done: async (cluster) =>
      (await cluster.list(PersistentVolumeClaim)).every(({ status }) => status?.phase === 'Bound'),
    outcome: async (cluster) =>
      (await cluster.list(PersistentVolume))
        .map(({ spec, status }) => `${spec?.claimRef?.name} ${status?.phase}`)
        .sort(),
  },
  serviceaccount: {
    loop: createServiceAccountController,
    writes: 2,
    begin: (cluster) => cluster.client.resource(Namespace).create(namespaceNamed('fresh')),
    done: async (cluster) => (await cluster.list(ServiceAccount)).length === 2,
    outcome: async (cluster) =>
      (await cluster.list(ServiceAccount)).map(({ metadata }) => metadata.namespace),
  },
  'service-cidr': {
    loop: createServiceCidrController,
    writes: 3,
    async begin(cluster) {
      const ranges = cluster.client.resource(ServiceCIDR);
      for (const [name, cidr] of [
        ['stays', '10.0.0.0/24'],
        ['goes', '10.1.0.0/24'],
      ] as const)
        await ranges.create({ metadata: { name }, spec: { cidrs: [cidr] } });
      const held = async () => (await ranges.get('goes')).metadata.finalizers?.length === 1;
      await cluster.until(held, 300_000);
      await ranges.delete('goes');
    },
    async done(cluster) {
      const [range, ...others] = await cluster.list(ServiceCIDR);
      if (others.length > 0) await cluster.clock.advance(5_000);
      return others.length === 0 && range?.status?.conditions?.[0]?.status === 'True';
    },
    outcome: async (cluster) =>
      (await cluster.list(ServiceCIDR)).map(({ metadata, status }) => [
        metadata.name,
        metadata.finalizers,
        status?.conditions?.map(({ type, status: state }) => `${type} ${state}`),
      ]),
  },
};

let cluster: TestCluster | undefined;
afterEach(() => cluster?.stop());

/** Does the work once; tells what came of it and whether the loop was killed. */
async function play(scenario: Scenario, write: number, when: 'before' | 'after') {
  await cluster?.stop();
  const running = (cluster = await startCluster());
  for (const other of scenario.others ?? []) running.run(other);
  const killed = runKilledAt(running, scenario.loop, write, when);
  await scenario.begin(running);
  await running.until(() => scenario.done(running), 900_000);
  await running.settle();
  const outcome = await scenario.outcome(running);
  await killed.stop();
  return { outcome, killed: killed.kills() > 0 };
}

describe.each(Object.entries(scenarios))('%s', (_name, scenario) => {
  it.each(['before', 'after'] as const)(
    'ends right when it is killed just %s any of its writes',
    async (when) => {
      const { outcome: expected } = await play(scenario, Infinity, when);
      let write = 0;
      for (let more = true; more; write++) {
        const { outcome, killed } = await play(scenario, write, when);
        expect(outcome, `killed ${when} write ${write}`).toEqual(expected);
        more = killed;
      }
      expect(write).toBeGreaterThan(scenario.writes);
    },
  );
});
