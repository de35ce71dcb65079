import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, repository, run, runInBackground } from '../support/index.ts';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** As a user has it: what `npm pack` makes, unpacked into a node_modules with what it depends on, and its README followed. */
describe('the npm package', () => {
  let folder: string;
  let installed: string;
  const env = { ...process.env, DRYDOCK_SECURE_PORT: '0', DRYDOCK_GRPC_PORT: '0', NODE_OPTIONS: '' };

  /** Code of a README in one language. */
  function example(language: string, file = join(installed, 'README.md')): string {
    const readme = readFileSync(file, 'utf8');
    const [, text] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readme) ?? [];
    if (text === undefined) throw new Error(`no ${language} in the README of the package`);
    return text;
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'drydock-package-'));
    const made = await run(process.execPath, ['tools/package.ts', '--out', join(folder, 'made')], {
      cwd: repository,
    });
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const packed = await run('npm', ['pack', '--silent', join(folder, 'made')], { cwd: folder });
    expect(packed, packed.stderr).toMatchObject({ code: 0 });
    const unpacked = await run('tar', ['xzf', packed.stdout.trim()], { cwd: folder });
    expect(unpacked, unpacked.stderr).toMatchObject({ code: 0 });
    const modules = join(folder, 'user/node_modules');
    installed = join(modules, 'drydock');
    mkdirSync(join(modules, '.bin'), { recursive: true });
    cpSync(join(folder, 'package'), installed, { recursive: true });
    const { bin, dependencies } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    ) as Manifest;
    for (const name of [...Object.keys(dependencies), '@kubernetes', '@types'])
      symlinkSync(join(repository, 'node_modules', name), join(modules, name));
    for (const [name, file] of Object.entries(bin))
      symlinkSync(join(installed, file), join(modules, '.bin', name));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const user = (): string => join(folder, 'user');

  it('gives a cluster from the command line', async () => {
    const [line = ''] = example('sh').trim().split('\n');
    expect(line).toBe('npx drydock up --nodes 5');
    const running = runInBackground('bash', ['-c', `exec ${line}`], { cwd: user(), env, timeoutMs: 60_000 });
    try {
      await eventually(() => running.stdout().includes('(5 nodes'), { timeoutMs: 30_000, what: line });
    } finally {
      await running.stop();
    }
    expect(running.stderr()).toBe('');
  });

  it('gives clusters to tests', async () => {
    for (const code of [example('js'), example('js', join(repository, 'README.md'))]) {
      writeFileSync(join(user(), 'example.mjs'), code);
      const ran = await run(process.execPath, ['example.mjs'], { cwd: user(), env, timeoutMs: 60_000 });
      expect(ran, ran.stderr).toMatchObject({ code: 0 });
    }
  });

  it('has declarations for TypeScript', async () => {
    writeFileSync(
      join(user(), 'typed.mts'),
      `import { startCluster, type Cluster } from 'drydock/testing';
       export const cluster: Cluster = await startCluster({ nodes: 2, store: 'lmdb' });
       // @ts-expect-error
       await startCluster({ nodes: 'two' });
       export const code: number | null = await cluster.stop();`,
    );
    const flags = ['--noEmit', '--strict', '--target', 'esnext', '--module', 'nodenext', '--types', 'node'];
    const tsc = join(repository, 'node_modules/typescript-native/bin/tsc');
    const checked = await run(process.execPath, [tsc, ...flags, 'typed.mts'], { cwd: user() });
    expect(checked, checked.stdout).toMatchObject({ code: 0 });
  });

  it('names the terms of what it is made of', () => {
    const terms = readFileSync(join(installed, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['@grpc/grpc-js', 'commander', 'pino', 'yaml'])
      expect(terms).toMatch(new RegExp(`^${name} \\d`, 'm'));
  });
});
