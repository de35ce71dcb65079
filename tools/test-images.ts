// Makes base images out of this machine's own files, for machines that reach no image registry: `node tools/test-images.ts`.
// Takes Node (the one that runs this script) with npm, etcd, nats-server and busybox from where they are installed, and prints
// the environment by which docker-compose takes the images instead of the public ones; with `--names` that alone.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

interface Image {
  readonly tag: string;
  /** Programs of this machine by where they shall be in the image. */
  readonly programs: () => Readonly<Record<string, string>>;
  readonly change: readonly string[];
  readonly more?: (root: string) => void;
}

function output(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

function programPath(name: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return realpathSync(found);
}

/** The shared libraries that a program needs, as `ldd` finds them; none for a static one. */
function librariesOf(program: string): string[] {
  const result = spawnSync('ldd', [program], { encoding: 'utf8' });
  return [...result.stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

/** Shell, and the few commands that the Dockerfile and the health checks run. */
const applets = [
  'sh',
  'cat',
  'cp',
  'find',
  'ls',
  'mkdir',
  'rm',
  'wget',
  'id',
  'env',
  'sleep',
  'true',
  'chown',
  'df',
  'dd',
  'kill',
];

/** Copies a file, following links, and makes the folders above it. */
function copyInto(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
}

function makeImage({ tag, programs, change, more }: Image): void {
  const root = mkdtempSync(join(tmpdir(), 'drydock-image-'));
  try {
    for (const folder of [
      'bin',
      'usr/bin',
      'usr/local/bin',
      'usr/lib',
      'etc',
      'tmp',
      'data',
      'root',
      'home/node',
    ]) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    chmodSync(join(root, 'tmp'), 0o1777);
    writeFileSync(
      join(root, 'etc/passwd'),
      'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
    );
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
    writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
    for (const [path, source] of Object.entries({ 'bin/busybox': programPath('busybox'), ...programs() })) {
      copyInto(source, join(root, path));
      chmodSync(join(root, path), 0o755);
      for (const library of librariesOf(source)) copyInto(library, join(root, library));
    }
    // Loaded by the C library when names are looked up, so ldd does not tell of them.
    const c = librariesOf(process.execPath).find((path) => /libc\.so/.test(path));
    for (const name of ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']) {
      const library = c === undefined ? '' : join(dirname(c), name);
      if (existsSync(library)) copyInto(library, join(root, library));
    }
    for (const name of applets) symlinkSync('busybox', join(root, 'bin', name));
    symlinkSync('/bin/env', join(root, 'usr/bin/env'));
    more?.(root);
    const changes = change.flatMap((line) => ['--change', line]);
    const archive = join(dirname(root), `${root.slice(dirname(root).length + 1)}.tar`);
    try {
      output('tar', ['-C', root, '--owner=0', '--group=0', '-cf', archive, '.']);
      output('docker', ['import', ...changes, archive, tag]);
    } finally {
      rmSync(archive, { force: true });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** npm of this machine and the authorities it trusts, for the stage of the Dockerfile that installs the dependencies. */
function addNpm(root: string): void {
  const npm = process.env['npm_execpath'] ?? realpathSync(programPath('npm'));
  cpSync(dirname(dirname(npm)), join(root, 'usr/local/lib/node_modules/npm'), {
    recursive: true,
    dereference: true,
  });
  writeFileSync(
    join(root, 'usr/local/bin/npm'),
    '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
    { mode: 0o755 },
  );
  const authorities = [
    process.env['NODE_EXTRA_CA_CERTS'],
    output('npm', ['config', 'get', 'cafile', '--loglevel=silent']).trim(),
  ].filter((file) => file !== undefined && file !== '' && existsSync(file));
  writeFileSync(
    join(root, 'etc/authorities.pem'),
    authorities.map((file) => readFileSync(file ?? '')).join('\n'),
  );
}

const path = 'ENV PATH=/usr/local/bin:/usr/bin:/bin';
const images: Readonly<Record<string, Image>> = {
  NODE_IMAGE: {
    tag: 'drydock-test/node',
    programs: () => ({ 'usr/local/bin/node': process.execPath }),
    change: [path, 'ENV NODE_EXTRA_CA_CERTS=/etc/authorities.pem', 'CMD ["node"]'],
    more: addNpm,
  },
  ETCD_IMAGE: {
    tag: 'drydock-test/etcd',
    programs: () => ({
      'usr/local/bin/etcd': programPath('etcd'),
      'usr/local/bin/etcdctl': programPath('etcdctl'),
    }),
    change: [path, 'ENV ETCDCTL_API=3', 'CMD ["etcd"]'],
  },
  NATS_IMAGE: {
    tag: 'drydock-test/nats',
    programs: () => ({ 'usr/local/bin/nats-server': programPath('nats-server') }),
    change: [path, 'CMD ["nats-server"]'],
  },
};

for (const [variable, image] of Object.entries(images)) {
  if (!process.argv.includes('--names')) makeImage(image);
  process.stdout.write(`${variable}=${image.tag}\n`);
}
