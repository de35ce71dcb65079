import { describe, expect, it } from 'vitest';
import type { Pod, Volume } from '@drydock/api/core/v1';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
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

describe('volumes of sources', () => {
  const startMs = Date.parse('2026-01-01T00:00:00Z');
  async function open(volume: Volume) {
    const clock = createVirtualClock({ startMs });
    const { api, client } = createApi();
    const first = pod({ a: 'one' });
    const shared = createSharedDirectories(() => clock.now());
    const opened = await openVolume(
      volume,
      { pod: first, container: { name: 'c' }, hostIp: '', podIp: '', hostname: 'p', client },
      { pod: shared, node: shared },
      () => clock.now(),
    );
    const read = () =>
      Object.fromEntries(
        [...opened.root.entries].flatMap(([name, entry]) =>
          entry.kind === 'file' ? [[name, new TextDecoder().decode(entry.data)]] : [],
        ),
      );
    return { clock, api, opened, read };
  }

  it('follow the Pod as it is now', async () => {
    const { opened, read } = await open(labelsVolume);
    expect(read()).toEqual({ labels: 'a="one"' });
    await opened.refresh?.(pod({ a: 'two', b: 'three' }));
    expect(read()).toEqual({ labels: 'a="two"\nb="three"' });
  });

  it('follow a ConfigMap, keys that go included', async () => {
    const { api, opened, read } = await open(mapVolume);
    expect(read()).toEqual({ key: 'one' });
    api.data = { other: 'two' };
    await opened.refresh?.(pod({}));
    expect(read()).toEqual({ other: 'two' });
  });

  it('keep a token for four fifths of its life', async () => {
    const { clock, opened, read } = await open(tokenVolume);
    expect(read()).toEqual({ token: 'token 1' });
    await clock.advance(799_000);
    await opened.refresh?.(pod({}));
    expect(read()).toEqual({ token: 'token 1' });
    await clock.advance(1_000);
    await opened.refresh?.(pod({}));
    expect(read()).toEqual({ token: 'token 2' });
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
