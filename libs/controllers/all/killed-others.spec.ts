import { afterEach, describe, expect, it, vi } from 'vitest';
import { Deployment } from '@drydock/api/apps/v1';
import { HorizontalPodAutoscaler } from '@drydock/api/autoscaling/v2';
import { Job } from '@drydock/api/batch/v1';
import { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import {
  ConfigMap,
  Endpoints,
  Node,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
} from '@drydock/api/core/v1';
import { ClusterRole } from '@drydock/api/rbac/v1';
import { ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '@drydock/api/resource/v1';
import { formatTime, isNotFound, ownerReferenceTo, type KubeObject } from '@drydock/base/apimachinery';
import { certificateReader, createCertificateSigner, loadCertificateMaker } from '@drydock/http';
import type { ControllerFactory } from '@drydock/machinery/controller';
import { allDefinitions } from '@drydock/server/resources';
import {
  createCsrApprovingController,
  createCsrCleaner,
  createCsrSigningController,
} from '../certificates/index.ts';
import { createClusterRoleAggregationController } from '../clusterrole-aggregation/index.ts';
import { createDeviceTaintEvictionController } from '../device-taint-eviction/index.ts';
import { createEndpointsController } from '../endpoints/index.ts';
import { createEphemeralVolumeController } from '../ephemeral-volume/index.ts';
import { createGarbageCollector } from '../garbage-collector/index.ts';
import { createHpaController, type MetricsClient } from '../hpa/index.ts';
import { createNodeIpamController } from '../nodeipam/index.ts';
import { createResourceClaimController } from '../resourceclaim/index.ts';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled, type KilledLoop } from '../shared/killed.spec-support.ts';
import { createTtlController } from '../ttl/index.ts';
import { createTtlAfterFinishedController } from '../ttl-after-finished/index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const labels = { app: 'web' };
const named = (name: string) => ({ name, namespace: 'default' });
const namesOf = async (list: Promise<KubeObject[]>) =>
  (await list).map(({ metadata }) => metadata.name ?? '').sort();
const podSpec = podTemplate(labels).spec;
const createPods = async (...names: string[]) => {
  const pods = cluster.client.resource(Pod).namespace('default');
  for (const name of names) await pods.create({ metadata: { ...named(name), labels }, spec: podSpec });
};
const hour = 3_600_000;

const killed = (seed: number, factory: ControllerFactory, limit = 12) =>
  runKilled(cluster, factory, { seed, limit, chance: 0.6 });
async function end(...loops: readonly KilledLoop[]) {
  expect(loops.reduce((sum, loop) => sum + loop.kills(), 0)).toBeGreaterThan(0);
  for (const loop of loops) await loop.stop();
}

describe.each([11, 12, 13])('loops that are killed around their writes end right (seed %d)', (seed) => {
  it('endpoints: those of a Service follow its Pods, and go with it', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    const loop = killed(seed, createEndpointsController);
    const services = cluster.client.resource(Service).namespace('default');
    await services.create({
      metadata: named('s'),
      spec: { selector: labels, ports: [{ port: 80 }], clusterIP: '10.96.0.9' },
    });
    await createPods('a', 'b', 'c');
    const addresses = async () =>
      (await cluster.list(Endpoints)).flatMap(({ subsets }) => subsets?.[0]?.addresses ?? []);
    const targets = async () => (await addresses()).map(({ targetRef }) => targetRef?.name).sort();
    await cluster.until(async () => String(await targets()) === 'a,b,c', 300_000);
    await cluster.client.resource(Pod).namespace('default').delete('b');
    await cluster.until(async () => String(await targets()) === 'a,c', 300_000);
    await services.delete('s');
    await cluster.until(async () => (await cluster.list(Endpoints)).length === 0, 300_000);
    await end(loop);
  });

  it('clusterrole-aggregation: the rules are those of the roles that count', async () => {
    cluster = await startCluster();
    const loop = killed(seed, createClusterRoleAggregationController);
    const roles = cluster.client.resource(ClusterRole);
    await roles.create({
      metadata: { name: 'all' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
    });
    const part = (name: string): ClusterRole => ({
      metadata: { name, labels: { part: 'yes' } },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: [name] }],
    });
    const verbs = async () => String((await roles.get('all')).rules?.map((rule) => rule.verbs[0]));
    for (const verb of ['get', 'list', 'watch']) await roles.create(part(verb));
    await cluster.until(async () => (await verbs()) === 'get,list,watch', 300_000);
    await roles.delete('list');
    await cluster.until(async () => (await verbs()) === 'get,watch', 300_000);
    await end(loop);
  });

  it('ephemeral-volume: one claim a volume, each its Pod’s own', async () => {
    cluster = await startCluster();
    const loop = killed(seed, createEphemeralVolumeController);
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const volume = (name: string) => ({ name, ephemeral: { volumeClaimTemplate: { spec: claim } } });
    const pods = cluster.client.resource(Pod).namespace('default');
    const made = await Promise.all(
      ['p', 'q'].map((name) =>
        pods.create({ metadata: named(name), spec: { ...podSpec, volumes: [volume('a'), volume('b')] } }),
      ),
    );
    await cluster.until(async () => (await cluster.list(PersistentVolumeClaim)).length === 4, 300_000);
    const owners = async () =>
      Object.fromEntries(
        (await cluster.list(PersistentVolumeClaim)).map(({ metadata }) => [
          metadata.name,
          metadata.ownerReferences?.map(({ uid }) => uid),
        ]),
      );
    const [p, q] = made.map(({ metadata }) => [metadata.uid]);
    expect(await owners()).toEqual({ 'p-a': p, 'p-b': p, 'q-a': q, 'q-b': q });
    await end(loop);
  });

  it('resourceclaim: one claim an entry, which its Pod is told of, until the Pod has ended', async () => {
    cluster = await startCluster();
    const loop = killed(seed, createResourceClaimController);
    await cluster.client.resource(ResourceClaimTemplate).create({
      metadata: named('t'),
      spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } } },
    });
    const entry = (name: string) => ({ name, resourceClaimTemplateName: 't' });
    const pods = cluster.client.resource(Pod).namespace('default');
    const claims = cluster.client.resource(ResourceClaim).namespace('default');
    for (const name of ['p', 'q'])
      await pods.create({
        metadata: named(name),
        spec: { ...podSpec, nodeName: 'n1', resourceClaims: [entry('a'), entry('b')] },
      });
    const told = async () =>
      (await cluster.list(Pod)).flatMap(
        ({ status }) =>
          status?.resourceClaimStatuses?.map(({ resourceClaimName }) => resourceClaimName) ?? [],
      );
    await cluster.until(async () => (await told()).length === 4, 300_000);
    expect((await told()).sort()).toEqual(await namesOf(cluster.list(ResourceClaim)));
    const device = { request: 'r', driver: 'gpu.example.com', pool: 'p', device: 'd1' };
    for (const { metadata } of await cluster.list(ResourceClaim)) {
      const { name = '', uid = '' } = metadata.ownerReferences?.[0] ?? {};
      const claim = await claims.get(metadata.name ?? '');
      const finalizers = ['resource.kubernetes.io/delete-protection'];
      const written = await claims.update({ ...claim, metadata: { ...claim.metadata, finalizers } });
      await claims.updateStatus({
        ...written,
        status: {
          allocation: { devices: { results: [device] } },
          reservedFor: [{ resource: 'pods', name, uid }],
        },
      });
    }
    const body = { status: { phase: 'Succeeded', startTime: formatTime(cluster.clock.now()) } };
    await pods.patch('p', { type: 'merge', body }, { subresource: 'status' });
    await cluster.until(async () => (await cluster.list(ResourceClaim)).length === 2, 300_000);
    expect((await cluster.list(ResourceClaim)).map(({ status }) => status?.reservedFor?.[0]?.name)).toEqual([
      'q',
      'q',
    ]);
    await end(loop);
  });

  it('device-taint-eviction: the users of tainted devices go, the others stay', async () => {
    cluster = await startCluster();
    cluster.kubelet();
    const loop = killed(seed, createDeviceTaintEvictionController);
    const driver = 'gpu.example.com';
    const taints = [{ key: 'broken', effect: 'NoExecute' }];
    const pods = cluster.client.resource(Pod).namespace('default');
    const claims = cluster.client.resource(ResourceClaim).namespace('default');
    for (const name of ['a', 'b', 'c', 'd']) {
      const pod = await pods.create({
        metadata: named(name),
        spec: { ...podSpec, nodeName: 'n1', resourceClaims: [{ name: 'gpu', resourceClaimName: name }] },
      });
      const claim = await claims.create({
        metadata: named(name),
        spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
      });
      await claims.updateStatus({
        ...claim,
        status: {
          allocation: { devices: { results: [{ request: 'r', driver, pool: 'p', device: name }] } },
          reservedFor: [{ resource: 'pods', name, uid: pod.metadata.uid ?? '' }],
        },
      });
    }
    await cluster.client.resource(ResourceSlice).create({
      metadata: { name: 's' },
      spec: {
        driver,
        nodeName: 'n1',
        pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
        devices: [{ name: 'a', taints }, { name: 'b', taints }, { name: 'c', taints }, { name: 'd' }],
      },
    });
    await cluster.until(async () => String(await namesOf(cluster.list(Pod))) === 'd', 300_000);
    await end(loop);
  });

  it('garbage-collector: what is owned goes, what is orphaned stays, owners wait for those that block', async () => {
    cluster = await startCluster();
    const loop = killed(
      seed,
      (deps) => createGarbageCollector({ resources: () => [ConfigMap, Secret] }, deps),
      30,
    );
    const maps = cluster.client.resource(ConfigMap).namespace('default');
    const create = (name: string, owner?: KubeObject) =>
      maps.create({
        metadata: {
          ...named(name),
          ownerReferences:
            owner === undefined ? [] : [ownerReferenceTo(owner, ConfigMap, { blockOwnerDeletion: true })],
        },
      });
    for (const name of ['background', 'foreground', 'orphan']) {
      const owner = await create(name);
      for (const child of ['one', 'two']) {
        const middle = await create(`${name}-${child}`, owner);
        await create(`${name}-${child}-leaf`, middle);
      }
    }
    await cluster.settle();
    await maps.delete('background', { propagationPolicy: 'Background' });
    await maps.delete('foreground', { propagationPolicy: 'Foreground' });
    await maps.delete('orphan', { propagationPolicy: 'Orphan' });
    const kept = ['orphan-one', 'orphan-one-leaf', 'orphan-two', 'orphan-two-leaf'];
    await cluster.until(
      async () => String(await namesOf(cluster.list(ConfigMap, 'default'))) === String(kept),
      600_000,
    );
    for (const name of ['orphan-one', 'orphan-two'])
      expect((await maps.get(name)).metadata.ownerReferences ?? []).toEqual([]);
    expect((await maps.get('orphan-one-leaf')).metadata.ownerReferences).toHaveLength(1);
    await end(loop);
  });

  it('horizontal-pod-autoscaler: the scale is what the metrics ask for', async () => {
    cluster = await startCluster();
    let value = 6_000;
    const metrics: MetricsClient = {
      resource: () => Promise.resolve(new Map()),
      pods: () => Promise.resolve(new Map()),
      object: () => Promise.resolve(0),
      external: () => Promise.resolve([value]),
    };
    const loop = killed(seed, (deps) =>
      createHpaController({ resources: () => allDefinitions, metrics, downscaleStabilizationMs: 0 }, deps),
    );
    const web = cluster.client.resource(Deployment).namespace('default');
    await web.create({
      metadata: named('web'),
      spec: { replicas: 1, selector: { matchLabels: labels }, template: podTemplate(labels) },
    });
    await web.patch('web', { type: 'merge', body: { status: { replicas: 1 } } }, { subresource: 'status' });
    const autoscalers = cluster.client.resource(HorizontalPodAutoscaler).namespace('default');
    await autoscalers.create({
      metadata: named('h'),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 9,
        metrics: [
          {
            type: 'External',
            external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '2' } },
          },
        ],
      },
    });
    const settled = async (replicas: number) => {
      const { spec, status } = await web.get('web');
      if (spec.replicas !== status?.replicas)
        await web.patch(
          'web',
          { type: 'merge', body: { status: { replicas: spec.replicas } } },
          { subresource: 'status' },
        );
      const told = (await autoscalers.get('h')).status;
      return (
        spec.replicas === replicas && told?.currentReplicas === replicas && told.desiredReplicas === replicas
      );
    };
    await cluster.until(() => settled(3), 600_000);
    value = 16_000;
    await cluster.until(() => settled(8), 600_000);
    value = 2_000;
    await cluster.until(() => settled(1), 900_000);
    await end(loop);
  });

  it('node-ipam: every node has a range, and none has that of another', async () => {
    cluster = await startCluster();
    const nodes = cluster.client.resource(Node);
    const loop = killed(seed, (deps) => {
      const ipam = createNodeIpamController(
        { allocateNodeCidrs: true, clusterCidr: '10.1.0.0/21', serviceClusterIpRange: '10.96.0.0/12' },
        deps,
      );
      if (ipam === undefined) throw new Error('no loop');
      return ipam;
    });
    const ranges = async () => (await cluster.list(Node)).flatMap(({ spec }) => spec?.podCIDRs ?? []);
    for (const name of ['a', 'b', 'c', 'd']) await nodes.create({ metadata: { name } });
    await cluster.until(async () => (await ranges()).length === 4, 600_000);
    await nodes.delete('b');
    for (const name of ['e', 'f', 'g', 'h', 'i']) await nodes.create({ metadata: { name } });
    await cluster.until(async () => (await ranges()).length === 8, 600_000);
    expect(new Set(await ranges()).size).toBe(8);
    await end(loop);
  });

  it('ttl: every node tells how long what it reads may be kept', async () => {
    cluster = await startCluster();
    const loop = killed(seed, createTtlController);
    const nodes = cluster.client.resource(Node);
    for (const name of ['a', 'b', 'c', 'd']) await nodes.create({ metadata: { name } });
    const told = async () =>
      (await cluster.list(Node)).map(
        ({ metadata }) => metadata.annotations?.['node.alpha.kubernetes.io/ttl'],
      );
    await cluster.until(async () => String(await told()) === '0,0,0,0', 300_000);
    await end(loop);
  });

  it('ttl-after-finished: Jobs go after their time, and no other', async () => {
    cluster = await startCluster();
    const jobs = cluster.client.resource(Job).namespace('default');
    const now = formatTime(cluster.clock.now());
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
    for (const [name, seconds] of Object.entries({ soon: 10, next: 20, late: 90_000 })) {
      const job = await jobs.create({
        metadata: named(name),
        spec: { template, ttlSecondsAfterFinished: seconds },
      } as Job);
      const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: now,
      }));
      await jobs.updateStatus({ ...job, status: { startTime: now, completionTime: now, conditions } } as Job);
    }
    const loop = killed(seed, createTtlAfterFinishedController);
    // Deleted in the foreground: the collector's part is played.
    const waiting = async () => {
      const found = await cluster.list(Job);
      return found.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    };
    await cluster.until(async () => String(await namesOf(waiting())) === 'late', 600_000);
    await end(loop);
  });

  it('certificatesigningrequests: approved, signed once, and cleaned away', async () => {
    cluster = await startCluster();
    const make = await loadCertificateMaker();
    const authority = await make.createCertificateAuthority('ca', cluster.clock.now());
    const signer = createCertificateSigner(authority);
    const requests = cluster.client.resource(CertificateSigningRequest);
    const loops = [
      killed(seed, (deps) => createCsrApprovingController(signer, deps), 4),
      killed(seed + 100, (deps) => createCsrSigningController(signer, deps), 4),
      killed(seed + 200, (deps) => createCsrCleaner(certificateReader, deps), 4),
    ];
    for (const name of ['one', 'two', 'three']) {
      const { request } = await make.createSigningRequest({
        commonName: `system:node:${name}`,
        organizations: ['system:nodes'],
      });
      await requests.create({
        metadata: { name },
        spec: {
          request: btoa(request),
          signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
          usages: ['digital signature', 'client auth'],
        },
      } as CertificateSigningRequest);
    }
    const signed = async () =>
      (await cluster.list(CertificateSigningRequest)).filter(({ status }) => status?.certificate);
    // Signatures are made in real time, which the cluster's own clock knows nothing of.
    await vi.waitFor(
      async () => {
        await cluster.clock.advance(50);
        expect(await signed()).toHaveLength(3);
      },
      { timeout: 20_000, interval: 5 },
    );
    const before = (await signed()).map(({ status }) => status?.certificate);
    await cluster.clock.advance(60_000);
    expect((await signed()).map(({ status }) => status?.certificate)).toEqual(before);
    for (const { status } of await signed())
      expect(status?.conditions?.map(({ type }) => type)).toEqual(['Approved']);
    await cluster.clock.advance(2 * hour);
    await cluster.until(async () => (await cluster.list(CertificateSigningRequest)).length === 0, 2 * hour);
    await expect(requests.get('one')).rejects.toSatisfy(isNotFound);
    await end(...loops);
  });
});
