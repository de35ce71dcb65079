import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  commandsOf,
  containersHeading,
  eventually,
  kubectlsToTest,
  readmeBlocks,
  repository,
  run,
  runInBackground,
  type RunningProcess,
} from '../support/index.ts';

const sections = [...readmeBlocks()];
/** Of what runs without containers; e2e/containers follows the rest. */
const blocks = sections.filter(([heading]) => heading !== containersHeading).flatMap(([, texts]) => texts);
const scripts = (JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { scripts: object })
  .scripts;
const linesOf = commandsOf;

const kubectl = kubectlsToTest().at(-1);

/** Follows the README as a newcomer does, in a folder that looks like the repository but has its own data. */
describe.skipIf(kubectl === undefined)('the commands of the README', () => {
  let folder: string;
  let env: Record<string, string>;
  const started: RunningProcess[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'drydock-readme-'));
    for (const entry of readdirSync(repository)) {
      if (entry !== '.drydock' && entry !== '.git') symlinkSync(join(repository, entry), join(folder, entry));
    }
    const bin = join(folder, '.bin');
    mkdirSync(bin);
    symlinkSync(kubectl?.path ?? '', join(bin, 'kubectl'));
    const grpcurl = join(repository, 'e2e/support/grpcurl.ts');
    writeFileSync(join(bin, 'grpcurl'), `#!/bin/sh\nexec '${process.execPath}' '${grpcurl}' "$@"\n`);
    chmodSync(join(bin, 'grpcurl'), 0o755);
    env = {
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: folder,
      KUBECONFIG: join(folder, '.drydock/kubeconfig'),
      // The ports of the README may be in use on this machine.
      DRYDOCK_SECURE_PORT: '0',
      DRYDOCK_GRPC_PORT: '0',
    };
  });
  afterAll(async () => {
    await Promise.all(started.map((one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  const sh = (script: string) => run('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env });
  async function start(line: string): Promise<RunningProcess> {
    const running = runInBackground('bash', ['-c', `exec ${line}`], { cwd: folder, env, timeoutMs: 110_000 });
    started.push(running);
    await eventually(() => running.stdout().includes('is ready'), { timeoutMs: 60_000, what: line });
    return running;
  }

  it('start, use and stop a cluster, and ask it over gRPC', async () => {
    expect(linesOf(blocks[0] ?? '')).toEqual(['npm start']);
    const cluster = await start('npm start');
    const grpcPort = /gRPC [^\s]*:(\d+)/.exec(cluster.stdout())?.[1] ?? '';
    for (const block of blocks.slice(1).filter((text) => /^(kubectl|grpcurl|export) /m.test(text))) {
      const script = linesOf(block).join('\n').replaceAll('localhost:7050', `127.0.0.1:${grpcPort}`);
      const result = await sh(script);
      expect(result.code, `${script}\n${result.stderr}`).toBe(0);
    }
    expect((await sh('kubectl get deployment web -o jsonpath={.status.readyReplicas}')).stdout).toBe('3');
    await cluster.stop();
    const again = await start('npm start');
    expect((await sh('kubectl get deployment web -o name')).stdout).toBe('deployment.apps/web\n');
    await again.stop();
  });

  it('pass arguments through', async () => {
    const lines = blocks.flatMap(linesOf).filter((line) => line.startsWith('npm start --'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      if (line.endsWith('--help')) {
        const { code, stdout } = await sh(line);
        expect(code).toBe(0);
        expect(stdout).toContain('7050');
        expect(stdout).toContain('6443');
      } else {
        const cluster = await start(line);
        const nodes = /--nodes (\d+)/.exec(line)?.[1];
        expect((await sh('kubectl get nodes -o name')).stdout.trim().split('\n')).toHaveLength(
          Number(nodes ?? 3),
        );
        await cluster.stop();
      }
    }
  });

  it('are all known to this test', () => {
    for (const line of blocks.flatMap(linesOf)) {
      const script = /^npm (?:run )?([\w:]+)/.exec(line)?.[1];
      if (script === undefined) expect(line).toMatch(/^(export|kubectl|grpcurl) /);
      else expect(scripts).toHaveProperty(script);
    }
  });
});
