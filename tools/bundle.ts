// Bundles every app for its image: `node tools/bundle.ts [--out dist] [app …]`: dist/<app>.js, what they share, and
// dist/node_modules with what cannot be bundled.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleTo, external, packageFolder, repository } from './bundling.ts';

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Copies a package and all that it needs into one flat node_modules. */
function copyPackage(
  name: string,
  from: string,
  target: string,
  optional: boolean,
  seen = new Set<string>(),
): void {
  if (seen.has(name)) return;
  seen.add(name);
  const folder = packageFolder(name, from);
  if (folder === undefined) {
    if (optional) return;
    throw new Error(`package ${name} is not installed`);
  }
  // Sources, and builds for versions of Node other than the one that is run.
  const unneeded =
    /\/(node_modules|src|dict|deps|dependencies|test|tests|benchmark|assets)$|\/test[\w.]*\.c?js$|abi\d+\.\w+\.node$|\.(md|map|ts|cts|mts|gyp|h)$/;
  cpSync(folder, join(target, name), {
    recursive: true,
    dereference: true,
    filter: (source) => !unneeded.test(source.slice(folder.length)),
  });
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  for (const next of Object.keys(manifest.dependencies ?? {})) {
    if (next === 'node-addon-api') continue; // Headers only.
    copyPackage(next, folder, target, next in (manifest.optionalDependencies ?? {}), seen);
  }
  for (const next of Object.keys(manifest.optionalDependencies ?? {}))
    copyPackage(next, folder, target, true, seen);
}

const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: join(repository, 'dist') } },
  allowPositionals: true,
});
const mainOf = (app: string): string => join(repository, 'apps', app, 'src/main.ts');
const apps =
  positionals.length > 0
    ? positionals
    : readdirSync(join(repository, 'apps')).filter((app) => existsSync(mainOf(app)));

const { outputs } = await bundleTo(values.out, Object.fromEntries(apps.map((app) => [app, mainOf(app)])));
writeFileSync(join(values.out, 'package.json'), '{"type":"module","private":true}\n');
mkdirSync(join(values.out, 'node_modules'));
for (const name of external)
  copyPackage(name, join(repository, 'libs/adapter/store-lmdb'), join(values.out, 'node_modules'), false);
const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
process.stdout.write(`${apps.length} bundles, ${(bytes / 1e6).toFixed(1)} MB, in ${values.out}\n`);
