import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  newDataDir,
  removeDataDir,
  programOf,
  run,
  startClusterProcess,
  type ClusterProcess,
} from '../support/index.ts';

const main = programOf('drydock');
const drydock = (...args: string[]) => run(process.execPath, [main, 'up', ...args], { timeoutMs: 60_000 });

describe('drydock up', () => {
  let clusters: ClusterProcess[] = [];
  const folders: string[] = [];
  const folder = () => {
    const made = newDataDir();
    folders.push(made);
    return made;
  };
  const start = async (args: readonly string[], dataDir = folder()) => {
    const cluster = await startClusterProcess({ args, dataDir });
    clusters.push(cluster);
    return cluster;
  };
  afterEach(async () => {
    await Promise.all(clusters.map((cluster) => cluster.kill()));
    clusters = [];
    folders.splice(0).forEach(removeDataDir);
  });

  it('says what is wrong in one line and exits with 1', async () => {
    const dataDir = folder();
    const cases: [string[], RegExp][] = [
      [['--wat'], /^drydock: unknown option '--wat'\n$/],
      [['--nodes', 'many'], /^drydock: option '--nodes <n>' argument 'many' is invalid\. .*\n$/],
      [
        ['--controllers', '*,-wat'],
        /^drydock: option '--controllers <list>' argument '.*' is invalid\. "wat" is not in the list of known controllers\.\n$/,
      ],
      [['--store', 'paper'], /^drydock: option '--store <engine>' argument 'paper' is invalid\. .*\n$/],
      [['--token-auth-file', join(dataDir, 'none')], /^drydock: .*none.*\n$/],
    ];
    for (const [args, expected] of cases) {
      const { code, stderr } = await drydock(
        '--data-dir',
        dataDir,
        '--secure-port',
        '0',
        '--grpc-port',
        '0',
        ...args,
      );
      expect(stderr).toMatch(expected);
      expect(code).toBe(1);
    }
  });

  it('says so when a port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await drydock(
      '--data-dir',
      folder(),
      '--secure-port',
      String(port),
      '--grpc-port',
      '0',
    );
    taken.close();
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(String(port));
    expect(code).toBe(1);
  });

  it('says so when the data directory cannot be used', async () => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'file'), '');
    const { code, stderr } = await drydock(
      '--data-dir',
      join(dataDir, 'file', 'below'),
      '--secure-port',
      '0',
      '--grpc-port',
      '0',
    );
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  it('says so when another process has the data directory', async () => {
    const first = await start([]);
    const { code, stderr } = await drydock(
      '--data-dir',
      first.dataDir,
      '--secure-port',
      '0',
      '--grpc-port',
      '0',
    );
    expect(stderr).toContain(`in use by process ${first.pid}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  it('prints help', async () => {
    const { code, stdout } = await drydock('--help');
    expect(code).toBe(0);
    for (const flag of [
      '--nodes',
      '--data-dir',
      '--secure-port',
      '--grpc-port',
      '--kubeconfig',
      '--store',
      '--components',
      '--controllers',
      '--token-auth-file',
      '--client-ca-file',
    ]) {
      expect(stdout).toContain(flag);
    }
  });

  it('takes the nodes of an earlier run away, with their Pods, when it has fewer; and leaves loops out', async () => {
    const first = await start(['--nodes', '3']);
    const [binary] = kubectlsToTest();
    if (binary === undefined) return;
    const kubectl = createKubectl(binary, first.kubeconfig);
    await kubectl('create deployment web --image=nginx --replicas=6');
    await kubectl('rollout status deployment/web --timeout=30s');
    await first.stop();
    await start(['--nodes', '1', '--controllers', '*,-job,-cronjob-controller'], first.dataDir);
    await eventually(async () => (await kubectl('get nodes -o name')).trim() === 'node/node-0', {
      timeoutMs: 30_000,
    });
    await kubectl('rollout status deployment/web --timeout=30s');
    expect(await kubectl('get pods -o jsonpath={.items[*].spec.nodeName}')).toBe(
      Array.from({ length: 6 }, () => 'node-0').join(' '),
    );
    await kubectl('create job idle --image=busybox');
    await kubectl('create deployment more --image=nginx');
    await kubectl('rollout status deployment/more --timeout=30s');
    expect(await kubectl('get pods -l job-name=idle -o name')).toBe('');
  });

  it('stops within a second on SIGTERM, with 0', async () => {
    // The machine may have other work at that moment; it has not three times.
    const took: number[] = [];
    while (took.length < 3 && !took.some((ms) => ms < 1_000)) {
      const cluster = await start(['--nodes', '2']);
      const began = performance.now();
      expect(await cluster.stop()).toBe(0);
      took.push(performance.now() - began);
    }
    expect(Math.min(...took)).toBeLessThan(1_000);
  });

  it('knows users by token, and refuses wrong ones', async () => {
    const dataDir = folder();
    mkdirSync(dataDir, { recursive: true });
    const tokens = join(dataDir, 'tokens.csv');
    writeFileSync(tokens, 'sesame,jane,1,"dev,ops"\n');
    const cluster = await start(['--components', 'apiserver', '--token-auth-file', tokens], dataDir);
    const config = readFileSync(cluster.kubeconfig, 'utf8');
    const ca = Buffer.from(/certificate-authority-data: (\S+)/.exec(config)?.[1] ?? '', 'base64').toString();
    const { request } = await import('node:https');
    const ask = (token: string) =>
      new Promise<number>((resolve, reject) => {
        request(
          `${cluster.server}/api/v1/namespaces`,
          { ca, headers: { authorization: `Bearer ${token}` } },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          },
        )
          .on('error', reject)
          .end();
      });
    expect(await ask('sesame')).toBe(200);
    expect(await ask('open')).toBe(401);
  });
});
