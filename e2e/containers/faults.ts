import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  startLedger,
  startRecorder,
  type ComposeCluster,
  type Kubectl,
  type Ledger,
  type Recorder,
} from '../support/index.ts';

const replicas = 6;
/** Two cores are shared with other tests. */
const patient = 300_000;
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
    let kubectl: Kubectl;
    let ledger: Ledger;
    let recorder: Recorder;
    let version = 1;

    beforeAll(async () => {
      cluster = await shared();
      const seconds = ['controller-manager-2', 'scheduler-2'];
      await cluster.compose('--profile', 'two-controllers', 'up', '--detach', '--no-deps', ...seconds);
      await Promise.all(seconds.map((service) => cluster.healthy(service)));
      kubectl = createKubectl(binary, cluster.kubeconfig);
      await kubectl(`create deployment faulty --image=nginx:${version} --replicas=${replicas}`);
      await kubectl('rollout status deployment/faulty --timeout=60s');
      ledger = await startLedger(cluster.kubeconfig);
      // Few calls a second, but on over all that happens.
      recorder = await startRecorder(cluster.kubeconfig, { clients: 3, keys: 4, watches: 2, pauseMs: 150 });
    }, patient);
    afterAll(() => ledger?.stop(), 90_000);

    /** Asks until the server answers: it may be the one that is away. */
    const persistently = (args: string) =>
      eventually(() => kubectl(`${args} --request-timeout=5s`), {
        timeoutMs: 60_000,
        everyMs: 200,
        what: args,
      });
    const updated = async () =>
      Number(await persistently('get deployment faulty -o jsonpath={.status.updatedReplicas}'));

    /** Begins a rollout, and answers when it is on its way. */
    async function beginRollout(): Promise<void> {
      version += 1;
      const before = Number(await persistently('get deployment faulty -o jsonpath={.metadata.generation}'));
      await persistently(`set image deployment/faulty nginx=nginx:${version}`);
      await eventually(
        async () =>
          Number(await persistently('get deployment faulty -o jsonpath={.status.observedGeneration}')) >
            before && (await updated()) > 0,
        { timeoutMs: 60_000 },
      );
    }
    /** Waits for the end of the rollout and checks that there are just the Pods that there should be. */
    async function finishRollout(): Promise<void> {
      await eventually(() => kubectl('rollout status deployment/faulty --timeout=90s'), {
        timeoutMs: 120_000,
      });
      const pods = await eventually(
        async () => {
          const text = await persistently(
            'get pods -l app=faulty --no-headers -o custom-columns=I:.spec.containers[0].image,P:.status.phase,A:.status.podIP',
          );
          const lines = text.trim().split('\n');
          return lines.length === replicas ? lines.map((line) => line.split(/ +/)) : false;
        },
        { timeoutMs: 60_000, what: `${replicas} Pods` },
      );
      expect(pods.map(([image, phase]) => `${image} ${phase}`)).toEqual(
        Array.from({ length: replicas }, () => `nginx:${version} Running`),
      );
      expect(new Set(pods.map(([, , ip]) => ip)).size).toBe(replicas);
      const sets = await persistently('get replicasets -l app=faulty -o jsonpath={.items[*].spec.replicas}');
      expect(sets.split(' ').filter((count) => count !== '0')).toEqual([String(replicas)]);
    }
    const settled = async () => {
      await finishRollout();
      await ledger.more(20);
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
          await ledger.more(30);
          await beginRollout();
          await finishRollout();
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
        const holder = async (loop: string) =>
          (
            await persistently(`get lease -n kube-system kube-${loop} -o jsonpath={.spec.holderIdentity}`)
          ).trim();
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
      'a disk of the store that is full: nothing is acknowledged, what is known is answered, and all goes on when there is room',
      async () => {
        await beginRollout();
        await cluster.exec('disk', 'sh', '-c', 'dd if=/dev/zero of=/disk/filler bs=1M 2>&1 || true');
        const known = '/api/v1/namespaces/default/pods?resourceVersion=0&labelSelector=app%3Dfaulty';
        try {
          // The next block that etcd needs is not there: it ends, and does so again however often it is started.
          await eventually(async () => (await cluster.printed('etcd')).includes('no space left on device'), {
            timeoutMs: 60_000,
            what: 'etcd to have no room',
          });
          const refused = await kubectl.try('create configmap no-room --request-timeout=2s');
          expect(refused.code).not.toBe(0);
          expect(await kubectl(`get --raw ${known}`)).toContain('"kind":"PodList"');
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
