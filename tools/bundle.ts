// Bundles every app for its image: `node tools/bundle.ts [--out dist] [app …]`. One folder for all, so that apps share chunks:
// dist/<app>.js, dist/chunks/*, and dist/node_modules with what cannot be bundled (native modules and what finds files beside itself).
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, type Plugin } from 'esbuild';

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packages that stay packages: lmdb has a native part. */
const external = ['lmdb'];

/** Bundled packages that read `.proto` files beside themselves: those are copied, and found by their package's name. */
const readProtos = ['grpc-health-check', '@grpc/reflection'];

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The folder of an installed package as `from` sees it; undefined for an optional one of another platform. */
function packageFolder(name: string, from: string): string | undefined {
  const folders = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  return folders
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
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

/** `__dirname` of the packages in `readProtos` becomes their folder under node_modules of the bundle. */
const protosBeside: Plugin = {
  name: 'protos-beside',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/(grpc-health-check|@grpc\/reflection)\/.*\.js$/ }, ({ path }) => {
      const packages = `${sep}node_modules${sep}`;
      const folder = relative('.', dirname(path.slice(path.lastIndexOf(packages) + 1)));
      const contents = readFileSync(path, 'utf8');
      return {
        contents: contents.replaceAll('__dirname', `(__bundle + ${JSON.stringify(folder)})`),
        loader: 'js',
      };
    });
  },
};

/** The program of the threads in front of an HTTPS server: a bundle beside the others, which is found there. */
const front = 'http-front';
const frontBeside: Plugin = {
  name: 'front-beside',
  setup({ onLoad }) {
    onLoad({ filter: /\/http\/front\/entry\.ts$/ }, () => ({
      contents: `export const frontEntry = __bundle + '${front}.js';`,
      loader: 'js',
    }));
  },
};

const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: join(repository, 'dist') } },
  allowPositionals: true,
});
const apps =
  positionals.length > 0
    ? positionals
    : readdirSync(join(repository, 'apps')).filter((app) =>
        existsSync(join(repository, 'apps', app, 'src/main.ts')),
      );

rmSync(values.out, { recursive: true, force: true });
mkdirSync(join(values.out, 'node_modules'), { recursive: true });
const result = await build({
  entryPoints: {
    ...Object.fromEntries(apps.map((app) => [app, join(repository, 'apps', app, 'src/main.ts')])),
    [front]: join(repository, 'libs/adapter/http/front/thread.ts'),
  },
  outdir: values.out,
  bundle: true,
  splitting: true,
  minify: true,
  // Stack traces and metrics tell functions by their names.
  keepNames: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  chunkNames: 'chunks/[hash]',
  external,
  // What bundled CommonJS packages expect to find.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      "import { fileURLToPath as __fileUrlToPath } from 'node:url';",
      'const require = __createRequire(import.meta.url);',
      'const __filename = __fileUrlToPath(import.meta.url);',
      "const __dirname = __fileUrlToPath(new URL('.', import.meta.url));",
      "const __bundle = import.meta.url.includes('/chunks/') ? __fileUrlToPath(new URL('../', import.meta.url)) : __dirname;",
    ].join(''),
  },
  plugins: [protosBeside, frontBeside],
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
});
writeFileSync(join(values.out, 'package.json'), '{"type":"module","private":true}\n');
for (const name of external)
  copyPackage(name, join(repository, 'libs/adapter/store-lmdb'), join(values.out, 'node_modules'), false);
for (const name of readProtos) {
  const folder = packageFolder(name, join(repository, 'libs/adapter/rpc'));
  if (folder === undefined) throw new Error(`package ${name} is not installed`);
  cpSync(folder, join(values.out, 'node_modules', name), {
    recursive: true,
    filter: (source) =>
      !source.slice(folder.length).includes('node_modules') &&
      (statSync(source).isDirectory() || source.endsWith('.proto')),
  });
}
const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
process.stdout.write(`${apps.length} bundles, ${(bytes / 1e6).toFixed(1)} MB, in ${values.out}\n`);
