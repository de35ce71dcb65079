import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  kubectlsToTest,
  newDataDir,
  removeDataDir,
  programOf,
  startClusterProcess,
  type ClusterProcess,
} from '../support/index.ts';

const drydock = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [programOf('drydock'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

describe.each(kubectlsToTest().slice(-1))('drydock snapshot, with kubectl $version', (binary) => {
  let before: ClusterProcess;
  let after: ClusterProcess | undefined;
  const dir = newDataDir();
  const file = join(dir, 'snapshot');
  const restored = join(dir, 'restored');

  beforeAll(async () => {
    before = await startClusterProcess();
  }, 60_000);
  afterAll(async () => {
    await before.stop();
    removeDataDir(before.dataDir);
    await after?.stop();
    removeDataDir(dir);
  });

  it('saves a running cluster and restores it into another', async () => {
    const kubectl = createKubectl(binary, before.kubeconfig);
    await kubectl('create deployment web --image=nginx --replicas=3');
    await kubectl('rollout status deployment/web --timeout=30s');
    await kubectl('create secret generic s --from-literal=a=b');
    const saved = drydock('snapshot', 'save', file, '--grpc-address', `127.0.0.1:${before.grpcPort}`);
    expect(saved).toMatchObject({ status: 0, stderr: '' });
    expect(saved.stdout).toMatch(/: \d+ objects as of revision \d+\n$/);
    await kubectl('create configmap later');
    const identity = 'get deployment,secret,node -o jsonpath={.items[*].metadata.uid}';
    const uids = await kubectl(identity);
    const lastSeen = JSON.parse(await kubectl('get configmap later -o json')) as {
      metadata: { resourceVersion: string };
    };

    expect(drydock('snapshot', 'restore', file, '--data-dir', restored)).toMatchObject({
      status: 0,
      stderr: '',
    });
    after = await startClusterProcess({ dataDir: restored });
    const again = createKubectl(binary, after.kubeconfig);
    expect(await again(identity)).toBe(uids);
    expect(await again('get secret s -o jsonpath={.data.a}')).toBe('Yg==');
    expect((await again.try('get configmap later')).stderr).toContain('NotFound');
    await again('scale deployment/web --replicas=5');
    await again('rollout status deployment/web --timeout=30s');
    // Nothing that was given out before is given out again.
    const made = JSON.parse(await again('create configmap new -o json')) as {
      metadata: { resourceVersion: string };
    };
    expect(Number(made.metadata.resourceVersion)).toBeGreaterThan(Number(lastSeen.metadata.resourceVersion));
  });

  it('says in one line what is wrong', () => {
    const twice = drydock('snapshot', 'restore', file, '--data-dir', restored);
    expect(twice.status).toBe(1);
    expect(twice.stderr).toMatch(/^drydock: .*\n$/);
    expect(drydock('snapshot', 'restore', join(dir, 'none'), '--data-dir', join(dir, 'x'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^drydock: .*no such file.*\n$/) as string,
    });
    expect(drydock('snapshot', 'save', file, '--grpc-address', '127.0.0.1:1')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^drydock: .*127\.0\.0\.1:1.*\n$/) as string,
    });
  });
});
