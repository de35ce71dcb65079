// Makes the npm package `drydock`: `node tools/package.ts [--out dist/npm]`. It holds the command, with every part of a cluster in
// it, and `drydock/testing`. `npm pack` and `npm publish` take the folder as it is.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Metafile } from 'esbuild';
import { bundleTo, external, packageFolder, repository } from './bundling.ts';

interface Manifest {
  readonly name?: string;
  readonly version: string;
  readonly license?: string;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Folders of the packages of others that went into a bundle. */
function bundledPackages({ inputs }: Metafile): string[] {
  const folders = new Set<string>();
  for (const path of Object.keys(inputs)) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
    if (folder !== undefined) folders.add(join(process.cwd(), folder));
  }
  return [...folders].sort();
}

/** The terms that the packages of others in the bundle are given under. */
function licensesOf(folders: readonly string[]): string {
  // One that several others brought with them is told of once.
  const terms = new Set<string>();
  for (const folder of folders) {
    const { name = '', version, license } = manifestOf(folder);
    if (license === undefined) throw new Error(`package ${name} does not say under which terms it is given`);
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
    const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    terms.add(`${name} ${version}: ${license}\n${text}`);
  }
  return [...terms].join(`\n${'-'.repeat(80)}\n\n`);
}

const { values } = parseArgs({ options: { out: { type: 'string', default: join(repository, 'dist/npm') } } });
const out = values.out;
const from = (path: string): string => join(repository, path);

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'bin'), { recursive: true });
const metafile = await bundleTo(join(out, 'lib'), {
  drydock: from('apps/drydock/src/main.ts'),
  testing: from('libs/testing/index.ts'),
});
const declared = spawnSync(
  process.execPath,
  [
    from('node_modules/typescript-native/bin/tsc'),
    ...['-p', from('libs/testing/tsconfig.declarations.json'), '--outDir', join(out, 'lib/types')],
  ],
  { stdio: 'inherit' },
);
if (declared.status !== 0) throw new Error('no declarations of drydock/testing');

const dependencies = external.map((name) => {
  const folder = packageFolder(name, from('libs/adapter/store-lmdb'));
  if (folder === undefined) throw new Error(`package ${name} is not installed`);
  return [name, `^${manifestOf(folder).version}`] as const;
});
copyFileSync(from('apps/drydock/npm/drydock.mjs'), join(out, 'bin/drydock.mjs'));
chmodSync(join(out, 'bin/drydock.mjs'), 0o755);
copyFileSync(from('apps/drydock/npm/README.md'), join(out, 'README.md'));
copyFileSync(from('LICENSE'), join(out, 'LICENSE'));
writeFileSync(join(out, 'THIRD-PARTY-LICENSES.txt'), licensesOf(bundledPackages(metafile)));
const manifest = {
  name: 'drydock',
  version: manifestOf(repository).version,
  description:
    'A whole Kubernetes control plane that starts in a second: real API, real control loops, simulated kubelets.',
  keywords: ['kubernetes', 'testing', 'envtest', 'operator', 'simulator', 'kubectl'],
  license: 'Apache-2.0',
  type: 'module',
  engines: { node: '>=22.13' },
  bin: { drydock: 'bin/drydock.mjs' },
  exports: {
    './testing': { types: './lib/types/index.d.ts', default: './lib/testing.js' },
    './package.json': './package.json',
  },
  files: ['bin', 'lib', 'THIRD-PARTY-LICENSES.txt'],
  dependencies: Object.fromEntries(dependencies),
};
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
process.stdout.write(`drydock ${manifest.version} in ${out}\n`);
