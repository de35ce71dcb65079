import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deployment, ReplicaSet } from '@drydock/api/apps/v1';
import { Pod } from '@drydock/api/core/v1';
import { createReplicaSetController } from '../replicaset/index.ts';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createDeploymentController } from './index.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.stop());

function deployment(spec: object = {}, image = 'nginx:1'): Deployment {
  return {
    metadata: { name: 'web', namespace: 'default', annotations: { team: 'blue' } },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: podTemplate({ app: 'web' }, image),
      ...spec,
    },
  } as Deployment;
}

const deployments = () => cluster.client.resource(Deployment).namespace('default');
const get = () => deployments().get('web');
const patch = (body: object) => deployments().patch('web', { type: 'merge', body });
const setImage = (image: string) => patch({ spec: { template: podTemplate({ app: 'web' }, image) } });
const replicaSets = async () => {
  const all = await cluster.list(ReplicaSet, 'default');
  return all.sort((a, b) => revision(a) - revision(b));
};
const revision = (one: ReplicaSet | Deployment) =>
  Number(one.metadata.annotations?.['deployment.kubernetes.io/revision']);
const condition = async (type: string) => {
  const found = (await get()).status?.conditions?.find((one) => one.type === type);
  return found && `${found.status} ${found.reason} ${found.message}`;
};
const complete = async () => {
  const { status, spec, metadata } = await get();
  return (
    status?.observedGeneration === metadata.generation &&
    (status?.updatedReplicas ?? 0) === spec.replicas &&
    (status?.replicas ?? 0) === spec.replicas &&
    (status?.availableReplicas ?? 0) === spec.replicas
  );
};
const startAll = () => {
  cluster.kubelet();
  cluster.run(createReplicaSetController);
  cluster.run(createDeploymentController);
};

describe('deployment-controller', () => {
  it('makes a ReplicaSet of the template and reports its progress', async () => {
    startAll();
    await deployments().create(deployment());
    await cluster.until(complete);
    await cluster.settle();
    const [only, ...others] = await replicaSets();
    expect(others).toEqual([]);
    const hash = only?.metadata.labels?.['pod-template-hash'] ?? '';
    expect(only?.metadata).toMatchObject({
      name: `web-${hash}`,
      labels: { app: 'web', 'pod-template-hash': hash },
      annotations: {
        team: 'blue',
        'deployment.kubernetes.io/revision': '1',
        'deployment.kubernetes.io/desired-replicas': '3',
        'deployment.kubernetes.io/max-replicas': '4',
      },
    });
    expect(only?.spec.selector).toEqual({ matchLabels: { app: 'web', 'pod-template-hash': hash } });
    const stored = await get();
    expect(stored.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(stored.status).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      terminatingReplicas: 0,
    });
    expect(stored.status).not.toHaveProperty('unavailableReplicas');
    expect(await condition('Available')).toBe(
      'True MinimumReplicasAvailable Deployment has minimum availability.',
    );
    expect(await condition('Progressing')).toBe(
      `True NewReplicaSetAvailable ReplicaSet "web-${hash}" has successfully progressed.`,
    );
    expect(await cluster.events('web')).toEqual([
      `Normal ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 3`,
    ]);
    expect(cluster.errors).toEqual([]);
  });

  it('rolls to a new template within surge and unavailability, and back to an old one', async () => {
    startAll();
    const limits = { total: 0, available: Infinity };
    await deployments().create(deployment({ replicas: 10 }));
    await cluster.until(complete);
    const pods = cluster.deps.informers.informer(Pod);
    const check = () => {
      const alive = pods.list().filter((pod) => !pod.metadata.deletionTimestamp);
      const ready = alive.filter((pod) =>
        pod.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
      );
      limits.total = Math.max(limits.total, alive.length);
      limits.available = Math.min(limits.available, ready.length);
    };
    pods.addHandler({ updated: check, deleted: check });
    await setImage('nginx:2');
    await cluster.until(complete);
    expect(limits.total).toBeLessThanOrEqual(13);
    expect(limits.total).toBeGreaterThan(10);
    expect(limits.available).toBeGreaterThanOrEqual(8);
    const [first, second] = await replicaSets();
    expect([first?.spec.replicas, second?.spec.replicas]).toEqual([0, 10]);
    expect(revision(await get())).toBe(2);

    await setImage('nginx:1');
    await cluster.until(async () => (await complete()) && revision(await get()) === 3);
    const [older, newer] = await replicaSets();
    expect(newer?.metadata.uid).toBe(first?.metadata.uid);
    expect(newer?.metadata.annotations?.['deployment.kubernetes.io/revision-history']).toBe('1');
    expect([older?.spec.replicas, newer?.spec.replicas]).toEqual([0, 10]);
    expect(cluster.errors).toEqual([]);
  });

  it('counts revisions beyond what a double holds', async () => {
    const labels = { app: 'web' };
    await cluster.client
      .resource(ReplicaSet)
      .namespace('default')
      .create({
        metadata: {
          name: 'older',
          namespace: 'default',
          labels,
          annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' },
        },
        spec: { replicas: 1, selector: { matchLabels: labels }, template: podTemplate(labels, 'nginx:0') },
      } as ReplicaSet);
    startAll();
    await cluster.settle();
    await deployments().create(deployment());
    await cluster.until(complete);
    expect((await get()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe(
      '3546343826724305833',
    );
  });

  it('scales the one ReplicaSet that has Pods', async () => {
    startAll();
    await deployments().create(deployment());
    await cluster.until(complete);
    await patch({ spec: { replicas: 5 } });
    await cluster.until(complete);
    const [only] = await replicaSets();
    expect(only?.spec.replicas).toBe(5);
    expect(only?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/desired-replicas': '5',
      'deployment.kubernetes.io/max-replicas': '7',
    });
    await patch({ spec: { replicas: 0 } });
    await cluster.until(complete);
    await cluster.settle();
    const name = only?.metadata.name;
    expect(await cluster.events('web')).toEqual([
      `Normal ScalingReplicaSet Scaled up replica set ${name} from 0 to 3`,
      `Normal ScalingReplicaSet Scaled up replica set ${name} from 3 to 5`,
      `Normal ScalingReplicaSet Scaled down replica set ${name} from 5 to 0`,
    ]);
  });

  it('does not roll while paused, and goes on when resumed', async () => {
    startAll();
    await deployments().create(deployment());
    await cluster.until(complete);
    await patch({ spec: { paused: true } });
    await cluster.until(
      async () => (await condition('Progressing')) === 'Unknown DeploymentPaused Deployment is paused',
    );
    await setImage('nginx:2');
    await cluster.until(async () => (await get()).status?.observedGeneration === 3);
    expect(await replicaSets()).toHaveLength(1);
    expect((await get()).status?.updatedReplicas ?? 0).toBe(0);
    await patch({ spec: { paused: false } });
    await cluster.until(complete);
    expect(await replicaSets()).toHaveLength(2);
    expect(await condition('Progressing')).toMatch(
      /^True NewReplicaSetAvailable ReplicaSet "web-[a-z0-9]+" has successfully progressed\.$/,
    );
  });

  it('lets all old Pods go before it makes new ones where the strategy is Recreate', async () => {
    startAll();
    await deployments().create(deployment({ strategy: { type: 'Recreate' } }));
    await cluster.until(complete);
    const images = new Set<string>();
    let mixed = false;
    const pods = cluster.deps.informers.informer(Pod);
    const look = () => {
      images.clear();
      for (const pod of pods.list()) images.add(pod.spec?.containers?.[0]?.image ?? '');
      mixed ||= images.size > 1;
    };
    pods.addHandler({ added: look });
    await setImage('nginx:2');
    await cluster.until(complete);
    expect(mixed).toBe(false);
    expect([...images]).toEqual(['nginx:2']);
  });

  it('tells of a rollout that misses its deadline, and of its end when it recovers', async () => {
    let well = false;
    cluster.kubelet({ ready: (pod) => well || pod.spec?.containers?.[0]?.image === 'nginx:1' });
    cluster.run(createReplicaSetController);
    cluster.run(createDeploymentController);
    await deployments().create(deployment({ progressDeadlineSeconds: 30 }));
    await cluster.until(complete);
    await setImage('nginx:bad');
    await cluster.settle();
    await cluster.clock.advance(29_000);
    await cluster.settle();
    expect(await condition('Progressing')).toMatch(
      /^True ReplicaSetUpdated ReplicaSet "web-[a-z0-9]+" is progressing\.$/,
    );
    await cluster.clock.advance(4_000);
    await cluster.settle();
    expect(await condition('Progressing')).toMatch(
      /^False ProgressDeadlineExceeded ReplicaSet "web-[a-z0-9]+" has timed out progressing\.$/,
    );
    expect((await get()).status).toMatchObject({ replicas: 4, updatedReplicas: 1, unavailableReplicas: 1 });
    well = true;
    await setImage('nginx:3');
    await cluster.until(complete);
    expect(await condition('Progressing')).toMatch(/^True NewReplicaSetAvailable/);
  });

  it('keeps revisionHistoryLimit old ReplicaSets', async () => {
    startAll();
    await deployments().create(deployment({ revisionHistoryLimit: 1 }));
    for (let version = 2; version <= 4; version++) {
      await cluster.until(complete);
      await setImage(`nginx:${version}`);
      await cluster.settle();
    }
    await cluster.until(complete);
    await cluster.until(async () => (await replicaSets()).length === 2);
    expect((await replicaSets()).map(revision)).toEqual([3, 4]);
  });

  it('moves aside when another ReplicaSet has the name that the hash gives', async () => {
    startAll();
    await deployments().create(deployment());
    await cluster.until(complete);
    const [only] = await replicaSets();
    const name = only?.metadata.name ?? '';
    await deployments().delete('web', { propagationPolicy: 'Background' });
    await cluster.client.resource(ReplicaSet).namespace('default').delete(name);
    const other = {
      metadata: { name, namespace: 'default', labels: { other: 'yes' } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { other: 'yes' } },
        template: podTemplate({ other: 'yes' }),
      },
    } as ReplicaSet;
    await cluster.client.resource(ReplicaSet).create(other);
    await cluster.settle();
    await deployments().create(deployment());
    await cluster.until(complete);
    expect((await get()).status?.collisionCount).toBe(1);
  });

  it('converges whenever it is killed and started again', async () => {
    cluster.kubelet();
    cluster.run(createReplicaSetController);
    await deployments().create(deployment({ replicas: 5 }));
    for (let round = 1; round < 12; round++) {
      const stop = cluster.run(createDeploymentController);
      if (round === 4) await setImage('nginx:2');
      for (let turn = 0; turn < 30 * round; turn++) await undefined;
      await stop();
    }
    cluster.run(createDeploymentController);
    await cluster.until(complete);
    expect((await replicaSets()).map((one) => one.spec.replicas)).toEqual([0, 5]);
  });
});
