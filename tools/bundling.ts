// How programs become bundles: one folder for all, so that they share chunks, and run from anywhere.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

export const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packages that stay packages: lmdb has a native part. */
export const external: readonly string[] = ['lmdb'];

/** Bundled packages that read `.proto` files beside themselves: those are copied into a folder of the package's name. */
const readProtos = ['grpc-health-check', '@grpc/reflection'];
const protos = 'protos';

/** The folder of an installed package as `from` sees it; undefined for an optional one of another platform. */
export function packageFolder(name: string, from: string): string | undefined {
  const folders = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  return folders
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
}

/** `__dirname` of the packages in `readProtos` becomes their folder in the bundle. */
const protosBeside: Plugin = {
  name: 'protos-beside',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/(grpc-health-check|@grpc\/reflection)\/.*\.js$/ }, ({ path }) => {
      const packages = `${sep}node_modules${sep}`;
      const folder = dirname(path.slice(path.lastIndexOf(packages) + packages.length));
      const contents = readFileSync(path, 'utf8');
      return {
        contents: contents.replaceAll('__dirname', `(__bundle + ${JSON.stringify(`${protos}/${folder}`)})`),
        loader: 'js',
      };
    });
  },
};

/** Modules that say where another program is: in a bundle it is beside them. */
function beside(module: RegExp, name: string, program: string): Plugin {
  return {
    name: `${program}-beside`,
    setup({ onLoad }) {
      onLoad({ filter: module }, () => ({
        contents: `export const ${name} = __bundle + ${JSON.stringify(program)};`,
        loader: 'js',
      }));
    },
  };
}

/** The threads in front of an HTTPS server. */
const front = 'http-front';

/** Bundles programs by name: `out/<name>.js`, what they share, and files that they read. Answers what went into them. */
export async function bundleTo(
  out: string,
  entryPoints: Readonly<Record<string, string>>,
): Promise<Metafile> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { metafile } = await build({
    entryPoints: { ...entryPoints, [front]: join(repository, 'libs/adapter/http/front/thread.ts') },
    outdir: out,
    bundle: true,
    splitting: true,
    minify: true,
    // Stack traces and metrics tell functions by their names.
    keepNames: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    chunkNames: 'chunks/[hash]',
    external: [...external],
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
    plugins: [
      protosBeside,
      beside(/\/http\/front\/entry\.ts$/, 'frontEntry', `${front}.js`),
      beside(/\/libs\/testing\/program\.ts$/, 'program', 'drydock.js'),
    ],
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const name of readProtos) {
    const folder = packageFolder(name, join(repository, 'libs/adapter/rpc'));
    if (folder === undefined) throw new Error(`package ${name} is not installed`);
    cpSync(folder, join(out, protos, name), {
      recursive: true,
      filter: (source) =>
        !relative(folder, source).includes('node_modules') &&
        (statSync(source).isDirectory() || source.endsWith('.proto')),
    });
  }
  return metafile;
}
