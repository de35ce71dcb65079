import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startCluster, type Cluster } from '@drydock/testing';
import { createRawClient, eventually, programOf, repository } from '../support/index.ts';

const program = programOf('drydock');

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

interface Started {
  readonly pid: number;
  readonly dataDir: string;
}

/** A script that starts a cluster, says so, and goes on as `then` tells. */
function script(then: string): { done: Promise<number | null>; said: Promise<Started>; kill(): void } {
  const text = `
    import { startCluster } from '${repository}/libs/testing/index.ts';
    const cluster = await startCluster({ program: '${program}', nodes: 0 });
    console.log(JSON.stringify({ pid: cluster.process.pid, dataDir: cluster.dataDir }));
    ${then}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = new Promise<Started>((resolve) =>
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(JSON.parse(line) as Started)),
  );
  return {
    done: new Promise((resolve) => child.once('close', resolve)),
    said,
    kill: () => void child.kill('SIGKILL'),
  };
}

async function nodesOf({ kubeconfig }: Cluster): Promise<unknown[]> {
  const client = createRawClient(kubeconfig);
  const list = await client.ask('GET', '/api/v1/nodes');
  client.close();
  return (list as unknown as { items: unknown[] }).items;
}

describe('startCluster', () => {
  it('starts clusters side by side, which leave nothing behind', async () => {
    const folders: string[] = [];
    {
      await using one = await startCluster({ program });
      await using other = await startCluster({ program, nodes: 1 });
      folders.push(one.dataDir, other.dataDir);
      expect(one.server).not.toBe(other.server);
      for (const [cluster, nodes] of [
        [one, 3],
        [other, 1],
      ] as const) {
        expect(await nodesOf(cluster)).toHaveLength(nodes);
        expect(cluster.output()).toContain(cluster.server);
        expect(cluster.grpc).toMatch(/^127\.0\.0\.1:\d+$/);
      }
    }
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
  });

  it('takes flags, and answers the exit code at its end, however often it is stopped', async () => {
    const cluster = await startCluster({ program, args: ['--components', 'apiserver', '--nodes', '7'] });
    expect(await nodesOf(cluster)).toEqual([]);
    expect(await Promise.all([cluster.stop(), cluster.stop(), cluster.exited])).toEqual([0, 0, 0]);
    expect(await cluster.stop()).toBe(0);
  });

  it('says why there is none', async () => {
    await expect(startCluster({ program, args: ['--never-heard-of'] })).rejects.toThrow(
      /ended with 1 before it was ready:\n.*--never-heard-of/s,
    );
    await expect(startCluster({ program, timeoutMs: 1 })).rejects.toThrow('was not ready in 1 ms');
  });

  it('does not keep a test that has come to its end, nor outlives it', async () => {
    const { done, said } = script('');
    const { pid, dataDir } = await said;
    expect(await done).toBe(0);
    await eventually(() => !isAlive(pid), { what: 'the end of the cluster' });
    expect(existsSync(dataDir)).toBe(false);
  });

  it('ends with a test that is killed', async () => {
    const { said, done, kill } = script('setInterval(() => {}, 1000);');
    const { pid } = await said;
    expect(isAlive(pid)).toBe(true);
    kill();
    await done;
    await eventually(() => !isAlive(pid), { what: 'the end of the cluster' });
  });
});
