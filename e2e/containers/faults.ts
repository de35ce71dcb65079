import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  createRawClient,
  eventually,
  kubectlsToTest,
  startLedger,
  startRecorder,
  type ComposeCluster,
  type Ledger,
  type RawClient,
  type Recorder,
} from '../support/index.ts';

const replicas = 6;
/** Two cores are shared with other tests. */
const patient = 300_000;
const deployment = '/apis/apps/v1/namespaces/default/deployments/faulty';
const ofFaulty = 'labelSelector=app%3Dfaulty';
const services = [
  'apiserver',
  'aggregator',
  'controller-manager',
  'scheduler',
  'kubelet-sim',
  'metrics-server',
  'etcd',
  'nats',
];

/** What happens to a cluster of docker-compose when its parts fail in the middle of a rollout, under writes that go on. */
export function faultBody(shared: () => Promise<ComposeCluster>): void {
  describe.each(kubectlsToTest().slice(-1))('a cluster of docker-compose under faults', (binary) => {
    let cluster: ComposeCluster;
    let api: RawClient;
    let ledger: Ledger;
    let recorder: Recorder;
    let version = 1;

    beforeAll(async () => {
      cluster = await shared();
      const seconds = ['controller-manager-2', 'scheduler-2'];
      await cluster.compose('--profile', 'two-controllers', 'up', '--detach', '--no-deps', ...seconds);
      api = createRawClient(cluster.kubeconfig, { timeoutMs: 5_000 });
      const kubectl = createKubectl(binary, cluster.kubeconfig);
      await kubectl(`create deployment faulty --image=nginx:${version} --replicas=${replicas}`);
      await kubectl('rollout status deployment/faulty --timeout=60s');
      ledger = await startLedger(cluster.kubeconfig);
      // Few calls a second, but on over all that happens.
      recorder = await startRecorder(cluster.kubeconfig, { clients: 3, keys: 4, watches: 2, pauseMs: 150 });
      await cluster.allHealthy();
    }, patient);
    afterAll(async () => {
      await ledger?.stop();
      api?.close();
    }, 90_000);

    /** Asks until the server answers: it may be the one that is away. */
    const persistently = <T>(ask: () => Promise<T>, what: string) =>
      eventually(ask, { timeoutMs: 60_000, everyMs: 200, what });
    const get = <T>(path: string) => persistently(() => api.ask('GET', path) as Promise<T>, path);

    interface Deployment {
      readonly metadata: { readonly generation: number };
      readonly status: {
        readonly observedGeneration?: number;
        readonly replicas?: number;
        readonly updatedReplicas?: number;
        readonly availableReplicas?: number;
      };
    }
    interface Pods {
      readonly items: readonly {
        readonly spec: { readonly containers: readonly { readonly image: string }[] };
        readonly status: { readonly phase: string; readonly podIP?: string };
      }[];
    }
    interface ReplicaSets {
      readonly items: readonly { readonly spec: { readonly replicas: number } }[];
    }

    /** Begins a rollout, and answers when it is on its way. */
    async function beginRollout(): Promise<void> {
      version += 1;
      const containers = [{ name: 'nginx', image: `nginx:${version}` }];
      const patch = { spec: { template: { spec: { containers } } } };
      const { metadata } = await persistently(
        () => api.patch(deployment, patch, 'strategic-merge'),
        'a new image',
      );
      await eventually(
        async () => {
          const { status } = await get<Deployment>(deployment);
          const { observedGeneration = 0, updatedReplicas = 0 } = status;
          return observedGeneration >= (metadata.generation ?? 0) && updatedReplicas > 0;
        },
        { timeoutMs: 60_000, what: 'a rollout to begin' },
      );
    }
    /** Waits for the end of the rollout and checks that there are just the Pods that there should be. */
    async function finishRollout(): Promise<void> {
      await eventually(
        async () => {
          const { metadata, status } = await get<Deployment>(deployment);
          const counts = [status.replicas, status.updatedReplicas, status.availableReplicas];
          return (
            status.observedGeneration === metadata.generation && counts.every((count) => count === replicas)
          );
        },
        { timeoutMs: 120_000, everyMs: 200, what: 'the end of a rollout' },
      );
      const pods = await eventually(
        async () => {
          const { items } = await get<Pods>(`/api/v1/namespaces/default/pods?${ofFaulty}`);
          return items.length === replicas ? items : false;
        },
        { timeoutMs: 60_000, everyMs: 200, what: `${replicas} Pods` },
      );
      expect(pods.map(({ spec, status }) => `${spec.containers[0]?.image} ${status.phase}`)).toEqual(
        Array.from({ length: replicas }, () => `nginx:${version} Running`),
      );
      expect(new Set(pods.map(({ status }) => status.podIP)).size).toBe(replicas);
      const { items } = await get<ReplicaSets>(`/apis/apps/v1/namespaces/default/replicasets?${ofFaulty}`);
      expect(items.map(({ spec }) => spec.replicas).filter((count) => count !== 0)).toEqual([replicas]);
    }
    const settled = async () => {
      // While the rollout comes to its end the writers go on.
      await Promise.all([finishRollout(), ledger.more(20)]);
      await ledger.check();
    };

    it.each(services)(
      'kill -9 of %s during a rollout',
      async (service) => {
        await beginRollout();
        await cluster.kill(service);
        await cluster.start(service);
        await settled();
      },
      patient,
    );

    it.each(['etcd', 'nats'])(
      'an orderly restart of %s during a rollout',
      async (service) => {
        await beginRollout();
        await cluster.restart(service);
        await settled();
      },
      patient,
    );

    it(
      'NATS away: writes and the rollout go on without it',
      async () => {
        await cluster.disconnect('nats');
        try {
          await Promise.all([ledger.more(30), beginRollout().then(finishRollout)]);
          await ledger.check();
        } finally {
          await cluster.connect('nats');
        }
        await beginRollout();
        await settled();
      },
      patient,
    );

    it(
      'a leading controller-manager and a leading scheduler that stand still for longer than their leases',
      async () => {
        const loops = ['controller-manager', 'scheduler'] as const;
        const holder = async (loop: string) => {
          const lease = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-${loop}`;
          return (await get<{ spec: { holderIdentity: string } }>(lease)).spec.holderIdentity;
        };
        const leading = async (loop: string) => {
          const leads = await holder(loop);
          const members = [loop, `${loop}-2`];
          const ids = await Promise.all(members.map((member) => cluster.container(member)));
          const member = members[ids.findIndex((id) => leads.startsWith(id.slice(0, 12)))];
          expect(member, `${leads} among ${ids.join(' ')}`).toBeDefined();
          return { loop, leads, member: member ?? '' };
        };
        const paused = await Promise.all(loops.map(leading));
        await beginRollout();
        await Promise.all(paused.map(({ member }) => cluster.pause(member)));
        try {
          for (const { loop, leads } of paused)
            await eventually(async () => ![leads, ''].includes(await holder(loop)), {
              timeoutMs: 90_000,
              everyMs: 200,
              what: `another leader than ${leads}`,
            });
          await finishRollout();
        } finally {
          await Promise.all(paused.map(({ member }) => cluster.unpause(member)));
        }
        await beginRollout();
        await settled();
        for (const { loop, leads } of paused) expect(await holder(loop)).not.toBe(leads);
      },
      patient,
    );

    it(
      'a disk of the store that is full: writes are refused, what is known is answered, and all goes on when there is room',
      async () => {
        await beginRollout();
        await cluster.exec('disk', 'sh', '-c', 'dd if=/dev/zero of=/disk/filler bs=1M 2>&1 || true');
        try {
          // The next block that etcd needs is not there: it ends, and does so again however often it is started.
          await eventually(async () => (await cluster.printed('etcd')).includes('no space left on device'), {
            timeoutMs: 60_000,
            everyMs: 200,
            what: 'etcd to have no room',
          });
          // In the last of its blocks it may still write a little after a start.
          const configMaps = '/api/v1/namespaces/default/configmaps';
          await eventually(
            async () => {
              const body = { metadata: { generateName: 'no-room-' } };
              const answer = await api.send('POST', configMaps, { body }).catch(() => undefined);
              return (answer?.status ?? 503) >= 500;
            },
            { timeoutMs: 60_000, what: 'a write to be refused' },
          );
          const known = `/api/v1/namespaces/default/pods?resourceVersion=0&${ofFaulty}`;
          expect((await api.ask('GET', known))['kind']).toBe('PodList');
        } finally {
          await cluster.exec('disk', 'rm', '/disk/filler');
          await cluster.restart('etcd');
        }
        await settled();
      },
      patient,
    );

    it('all the while: single objects had linearizable histories, watches saw each change once and in order', async () => {
      await recorder.more(10);
      const { complaints, operations } = await recorder.judge();
      expect(complaints).toEqual([]);
      expect(operations).toBeGreaterThan(300);
    });
  });
}
