import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec, Volume } from '@drydock/api/core/v1';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import { createBytePipe, readAll } from '@drydock/base/streams';
import type { Client } from '@drydock/machinery/client';
import { createPodRuntime } from '../pods/index.ts';
import { createPodSandbox } from './sandbox.ts';
import { createSharedDirectories, openVolume } from './volumes.ts';

const pod = (labels: Record<string, string>, volumes: Volume[] = [], command?: string[]): Pod => ({
  metadata: {
    name: 'p',
    namespace: 'n',
    uid: 'u',
    labels,
    annotations: { 'drydock.dev/run-command': 'true' },
  },
  spec: {
    nodeName: 'a',
    volumes,
    containers: [
      {
        name: 'c',
        image: 'busybox',
        ...(command ? { command } : {}),
        volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/etc/${name}` })),
      },
    ],
  },
});
const labelsVolume: Volume = {
  name: 'info',
  downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
};
const mapVolume: Volume = { name: 'map', configMap: { name: 'settings' } };
const tokenVolume: Volume = {
  name: 'token',
  projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 1_000 } }] },
};

/** An API with one ConfigMap, and tokens that are numbered as they are made. */
function createApi() {
  const api = { data: { key: 'one' } as Record<string, string>, tokens: 0 };
  const resource = {
    namespace: () => resource,
    get: () => Promise.resolve({ metadata: {}, data: api.data }),
    list: () => Promise.resolve({ items: [] }),
    createSubresource: () => Promise.resolve({ status: { token: `token ${++api.tokens}` } }),
  };
  return { api, client: { resource: () => resource } as unknown as Client };
}

const startMs = Date.parse('2026-01-01T00:00:00Z');
async function openVolumeOf(volume: Volume, spec: Partial<PodSpec> = {}) {
  const clock = createVirtualClock({ startMs });
  const { api, client } = createApi();
  const made = pod({ a: 'one' });
  const first = { ...made, spec: { ...made.spec, ...spec } } as Pod;
  const shared = createSharedDirectories(() => clock.now());
  const opened = await openVolume(
    volume,
    { pod: first, container: { name: 'c' }, hostIp: '', podIp: '', hostname: 'p', client },
    { pod: shared, node: shared, volumes: shared },
    () => clock.now(),
  );
  const { root } = opened;
  const entries = root.kind === 'directory' ? root.entries : new Map<string, never>();
  const read = () =>
    Object.fromEntries(
      [...entries].flatMap(([name, entry]) =>
        entry.kind === 'file' ? [[name, new TextDecoder().decode(entry.data)]] : [],
      ),
    );
  return { clock, api, opened, entries, read };
}

describe('volumes of sources', () => {
  it('follow the Pod as it is now', async () => {
    const { opened, read } = await openVolumeOf(labelsVolume);
    expect(read()).toEqual({ labels: 'a="one"' });
    await opened.refresh?.(pod({ a: 'two', b: 'three' }));
    expect(read()).toEqual({ labels: 'a="two"\nb="three"' });
  });

  it('follow a ConfigMap, keys that go included', async () => {
    const { api, opened, read } = await openVolumeOf(mapVolume);
    expect(read()).toEqual({ key: 'one' });
    api.data = { other: 'two' };
    await opened.refresh?.(pod({}));
    expect(read()).toEqual({ other: 'two' });
  });

  it('keep a token for four fifths of its life', async () => {
    const { clock, opened, read } = await openVolumeOf(tokenVolume);
    expect(read()).toEqual({ token: 'token 1' });
    await clock.advance(799_000);
    await opened.refresh?.(pod({}));
    expect(read()).toEqual({ token: 'token 1' });
    await clock.advance(1_000);
    await opened.refresh?.(pod({}));
    expect(read()).toEqual({ token: 'token 2' });
  });
});

describe('the files of a container', () => {
  async function open(change: (spec: NonNullable<Pod['spec']>) => void) {
    const clock = createVirtualClock();
    const made = pod({}, []);
    change(made.spec!);
    const runtime = createPodRuntime(made, 0, clock.now());
    const sandbox = createPodSandbox({
      runtime,
      hostIp: '10.0.0.1',
      nodeDirectories: createSharedDirectories(() => clock.now()),
      volumes: createSharedDirectories(() => clock.now()),
      clusterDns: '',
      client: createApi().client,
      clock,
      random: createSeededRandom(1),
      onExit: () => undefined,
    });
    return async (script: string) => {
      const output = createBytePipe();
      const session = await sandbox.exec(runtime.containers[0]!, {
        container: 'c',
        command: ['sh', '-c', script],
        tty: false,
      });
      const text = readAll(output);
      await session.run({ stdout: output, stderr: output }, new AbortController().signal);
      output.end();
      return new TextDecoder().decode(await text);
    };
  }

  it('hold the kubelet’s own hosts file, another one on the network of the node, or the node’s', async () => {
    const first = 'head -n 1 /etc/hosts';
    expect(await (await open(() => undefined))(first)).toBe('# Kubernetes-managed hosts file.\n');
    expect(await (await open((spec) => (spec.hostNetwork = true)))(first)).toBe(
      '# Kubernetes-managed hosts file (host network).\n',
    );
    const mounted = await open((spec) => {
      spec.volumes = [{ name: 'hosts', hostPath: { path: '/etc/hosts' } }];
      spec.containers[0]!.volumeMounts = [{ name: 'hosts', mountPath: '/etc/hosts' }];
    });
    expect(await mounted(first)).toBe('127.0.0.1\tlocalhost\n');
  });

  it('lie in a part of a volume that its environment names', async () => {
    const run = await open((spec) => {
      spec.volumes = [{ name: 'v', emptyDir: {} }];
      spec.containers[0]!.env = [{ name: 'PART', value: 'mine' }];
      spec.containers[0]!.volumeMounts = [
        { name: 'v', mountPath: '/all' },
        { name: 'v', mountPath: '/part', subPathExpr: 'a/$(PART)' },
      ];
    });
    expect(await run('echo hi > /part/f; cat /all/a/mine/f')).toBe('hi\n');
  });

  it('belong to whom it runs as, and to the group of a shared volume', async () => {
    const run = await open((spec) => {
      spec.securityContext = {
        runAsUser: '7',
        runAsGroup: '8',
        supplementalGroups: ['9'],
        fsGroup: '10',
      } as never;
      spec.volumes = [{ name: 'v', emptyDir: { medium: 'Memory' } }];
      spec.containers[0]!.volumeMounts = [{ name: 'v', mountPath: '/v' }];
    });
    expect(
      await run(
        'id; id -G; touch /tmp/a /v/b; mkdir /v/c; ls -ldn /tmp/a /v /v/b /v/c | sed -E "s/ +/ /g" | cut -d " " -f 1,3,4',
      ),
    ).toBe(
      'uid=7 gid=8 groups=8,9,10\n8 9 10\n' +
        '-rw-r--r-- 7 8\ndrwxrwsrwx 0 10\n-rw-r--r-- 7 10\ndrwxr-sr-x 7 10\n',
    );
  });
});

describe('a token', () => {
  const container = (name: string, runAsUser?: number) =>
    ({ name, ...(runAsUser === undefined ? {} : { securityContext: { runAsUser } }) }) as never;

  it.each<[string, Partial<PodSpec>, { mode: number; uid: number; gid: number }]>([
    ['is for all to read', {}, { mode: 0o644, uid: 0, gid: 0 }],
    [
      'is the one user’s whom the Pod names',
      { securityContext: { runAsUser: 1000 } as never },
      { mode: 0o600, uid: 1000, gid: 0 },
    ],
    [
      'is the one user’s whom all containers name',
      { containers: [container('a', 1000), container('b', 1000)] },
      { mode: 0o600, uid: 1000, gid: 0 },
    ],
    [
      'is for all where containers run as several',
      { containers: [container('a', 1000), container('b', 1001)] },
      { mode: 0o644, uid: 0, gid: 0 },
    ],
    [
      'is for all where a container names nobody',
      { containers: [container('a', 1000), container('b')] },
      { mode: 0o644, uid: 0, gid: 0 },
    ],
    [
      'is for the group of the volumes',
      { securityContext: { fsGroup: 10_000 } as never },
      { mode: 0o640, uid: 0, gid: 10_000 },
    ],
  ])('%s', async (_name, spec, expected) => {
    const { entries } = await openVolumeOf(tokenVolume, spec);
    expect(entries.get('token')).toMatchObject(expected);
  });
});

describe('what a running process reads', () => {
  it('follows its sources while it runs, and the Pod at once', async () => {
    const clock = createVirtualClock({ startMs: Date.parse('2026-01-01T00:00:00Z') });
    const { api, client } = createApi();
    const command = ['sh', '-c', 'while true; do cat /etc/map/key /etc/info/labels; echo; sleep 1; done'];
    const make = (labels: Record<string, string>) => pod(labels, [labelsVolume, mapVolume], command);
    const runtime = createPodRuntime(make({ a: 'one' }), 0, clock.now());
    const [container] = runtime.containers;
    if (container === undefined) throw new Error('no container');
    const sandbox = createPodSandbox({
      runtime,
      hostIp: '',
      nodeDirectories: createSharedDirectories(() => clock.now()),
      volumes: createSharedDirectories(() => clock.now()),
      clusterDns: '',
      client,
      clock,
      random: createSeededRandom(1),
      onExit: () => undefined,
    });
    await sandbox.startMain(container);
    const settle = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 500) {
        await clock.advance(500);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const last = () => (container.output?.lines() ?? []).slice(-2).map(({ text }) => text);
    await settle(1_500);
    expect(last()).toEqual(['onea="one"', 'onea="one"']);
    runtime.pod = make({ a: 'two' });
    await sandbox.podChanged();
    await settle(2_000);
    expect(last()).toEqual(['onea="two"', 'onea="two"']);
    api.data = { key: 'two' };
    await settle(8_000);
    expect(last()).toEqual(['twoa="two"', 'twoa="two"']);
    sandbox.close();
  });
});
