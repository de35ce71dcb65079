import { absolutePath, baseName, contentOf, dirName, FileError, type FileNode } from '../files/index.ts';
import { ProgramError, type Process, type Program } from '../shell/index.ts';
import { complain, encoder, forEachOperand, openInput, out, pathOf } from './io.ts';
import { modeText, sizeOf } from './listing.ts';
import { integer, parseOptions } from './options.ts';

const mkdir: Program = (process) => {
  const options = parseOptions(process.args, 'pm:v', { parents: 'p' });
  const { fs } = process.host;
  const mode = options.has('m') ? Number.parseInt(options.value('m')!, 8) : undefined;
  return forEachOperand(
    process,
    options.operands,
    (name) => {
      const made = options.has('p') ? fs.mkdirAll(pathOf(process, name)) : fs.mkdir(pathOf(process, name));
      if (mode !== undefined && !Number.isNaN(mode)) made.mode = mode;
    },
    (name, error) => `can't create directory '${name}': ${error.message}`,
  );
};

const rmdir: Program = (process) =>
  forEachOperand(
    process,
    parseOptions(process.args, 'p').operands,
    (name) => process.host.fs.rmdir(pathOf(process, name)),
    (name, error) => `'${name}': ${error.message}`,
  );

const rm: Program = (process) => {
  const options = parseOptions(process.args, 'rfRivd', { recursive: 'r', force: 'f' });
  const { fs } = process.host;
  return forEachOperand(
    process,
    options.operands,
    (name) => {
      const path = pathOf(process, name);
      try {
        if (options.has('r') || options.has('R')) fs.removeAll(path);
        else fs.remove(path);
      } catch (error) {
        if (!(error instanceof FileError && error.code === 'ENOENT' && options.has('f'))) throw error;
      }
    },
    (name, error) =>
      error.code === 'EISDIR' ? `'${name}' is a directory` : `can't remove '${name}': ${error.message}`,
  );
};

function copyTree(process: Process, from: FileNode, to: string, recursive: boolean, keep: boolean): void {
  const { fs } = process.host;
  if (from.kind === 'directory') {
    if (!recursive) throw new FileError('EISDIR');
    fs.mkdirAll(to);
    for (const [name, child] of [...from.entries]) copyTree(process, child, `${to}/${name}`, true, keep);
  } else if (from.kind === 'link') fs.symlink(from.target, to);
  else if (from.kind === 'file') {
    const made = fs.writeFile(to, contentOf(from).slice(), from.mode);
    if (keep) made.mtimeMs = from.mtimeMs;
  }
}

/** Where an operand goes: into the directory, or to the name itself. */
function destination(process: Process, from: string, to: string): string {
  const { fs } = process.host;
  const path = pathOf(process, to);
  const into = fs.exists(path) && fs.stat(path).kind === 'directory';
  return into ? absolutePath(path, baseName(from)) : path;
}

function targets(operands: readonly string[]): readonly [readonly string[], string] {
  const to = operands.at(-1);
  if (to === undefined || operands.length < 2) throw new ProgramError('missing file operand');
  return [operands.slice(0, -1), to];
}

const cp: Program = (process) => {
  const options = parseOptions(process.args, 'rRapfdvLPi', { recursive: 'r', archive: 'a' });
  const [from, to] = targets(options.operands);
  const recursive = options.has('r') || options.has('R') || options.has('a');
  const { fs } = process.host;
  return forEachOperand(
    process,
    from,
    (name) => {
      const path = pathOf(process, name);
      const node = recursive && !options.has('L') ? fs.lstat(path) : fs.stat(path);
      const target = destination(process, name, to);
      if (node.kind === 'directory' && `${target}/`.startsWith(`${fs.realPath(path)}/`))
        throw new FileError('EINVAL');
      copyTree(process, node, target, recursive, options.has('a') || options.has('p'));
    },
    (name, error) =>
      error.code === 'EISDIR' ? `omitting directory '${name}'` : `can't stat '${name}': ${error.message}`,
  );
};

const mv: Program = (process) => {
  const options = parseOptions(process.args, 'fivn');
  const [from, to] = targets(options.operands);
  return forEachOperand(
    process,
    from,
    (name) => process.host.fs.rename(pathOf(process, name), destination(process, name, to)),
    (name, error) => `can't rename '${name}': ${error.message}`,
  );
};

const ln: Program = (process) => {
  const options = parseOptions(process.args, 'sfnv');
  const [target = '', given] = options.operands;
  const { fs } = process.host;
  const path = destination(process, target, given ?? '.');
  if (options.has('f') && fs.exists(path)) fs.remove(path);
  if (options.has('s')) fs.symlink(target, path);
  else fs.hardLink(pathOf(process, target), path);
  return 0;
};

const touch: Program = (process) => {
  const options = parseOptions(process.args, 'acmd:t:r:');
  const { fs, clock } = process.host;
  return forEachOperand(process, options.operands, (name) => {
    const path = pathOf(process, name);
    if (fs.exists(path)) fs.change(path).mtimeMs = clock.now();
    else if (!options.has('c')) fs.open(path, false);
  });
};

/** `755`, `+x`, `u+rw,go-w`, `a=r`. */
function newMode(mode: number, text: string): number {
  if (/^[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8);
  let result = mode;
  for (const clause of text.split(',')) {
    const match = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause);
    if (match === null) throw new ProgramError(`invalid mode '${text}'`);
    const who = match[1] === '' || match[1]!.includes('a') ? 'ugo' : match[1]!;
    let bits = 0;
    for (const right of match[3]!) bits |= { r: 4, w: 2, x: 1, X: 1 }[right] ?? 0;
    for (const one of who) {
      const shift = { u: 6, g: 3, o: 0 }[one] ?? 0;
      if (match[2] === '+') result |= bits << shift;
      else if (match[2] === '-') result &= ~(bits << shift);
      else result = (result & ~(7 << shift)) | (bits << shift);
    }
  }
  return result;
}

function withTree(node: FileNode, recursive: boolean, change: (node: FileNode) => void): void {
  change(node);
  if (recursive && node.kind === 'directory')
    for (const child of node.entries.values()) withTree(child, true, change);
}

const chmod: Program = (process) => {
  // A mode may begin with a dash, which is no option then.
  const args = process.args.map((arg, index) => (index > 0 && /^-[rwxXst]+$/.test(arg) ? `a${arg}` : arg));
  const options = parseOptions(args, 'Rfv');
  const [mode = '', ...names] = options.operands;
  return forEachOperand(process, names, (name) =>
    withTree(
      process.host.fs.change(pathOf(process, name)),
      options.has('R'),
      (node) => (node.mode = newMode(node.mode, mode)),
    ),
  );
};

const chown: Program = (process) => {
  const options = parseOptions(process.args, 'Rfvh');
  const [owner = '', ...names] = options.operands;
  const [user = '', group] = owner.split(/[:.]/);
  const id = (name: string) => (name === 'root' ? 0 : Number(name));
  return forEachOperand(process, names, (name) =>
    withTree(process.host.fs.change(pathOf(process, name)), options.has('R'), (node) => {
      if (user !== '' && Number.isInteger(id(user))) node.uid = id(user);
      if (group !== undefined && group !== '' && Number.isInteger(id(group))) node.gid = id(group);
    }),
  );
};

const readlink: Program = async (process) => {
  const options = parseOptions(process.args, 'fem');
  const { fs } = process.host;
  for (const name of options.operands) {
    const path = pathOf(process, name);
    if (options.has('f') || process.args[0]?.endsWith('realpath') === true)
      await out(process, `${fs.realPath(path)}\n`);
    else {
      const node = fs.lstat(path);
      if (node.kind !== 'link') return 1;
      await out(process, `${node.target}\n`);
    }
  }
  return 0;
};

const stat: Program = (process) => {
  const options = parseOptions(process.args, 'c:Lf');
  const kinds: Readonly<Record<FileNode['kind'], string>> = {
    file: 'regular file',
    directory: 'directory',
    link: 'symbolic link',
    device: 'character special file',
  };
  return forEachOperand(
    process,
    options.operands,
    async (name) => {
      const path = pathOf(process, name);
      const node = options.has('L') ? process.host.fs.stat(path) : process.host.fs.lstat(path);
      const octal = (node.mode & 0o7777).toString(8);
      const values: Readonly<Record<string, string>> = {
        n: name,
        s: String(sizeOf(node)),
        a: octal,
        A: modeText(node),
        F: kinds[node.kind],
        u: String(node.uid),
        g: String(node.gid),
        U: node.uid === 0 ? 'root' : 'UNKNOWN',
        G: node.gid === 0 ? 'root' : 'UNKNOWN',
        Y: String(Math.floor(node.mtimeMs / 1000)),
      };
      const format = options.value('c');
      if (format !== undefined)
        await out(process, `${format.replace(/%(.)/g, (all, letter: string) => values[letter] ?? all)}\n`);
      else
        await out(
          process,
          `  File: ${name}\n  Size: ${values['s']}\t${values['F']}\nAccess: (0${octal}/${values['A']})  Uid: (${node.uid}/${values['U']})   Gid: (${node.gid}/${values['G']})\nModify: ${new Date(node.mtimeMs).toISOString()}\n`,
        );
    },
    (name, error) => `can't stat '${name}': ${error.message}`,
  );
};

const basename: Program = async (process) => {
  const [, path = '', suffix = ''] = process.args;
  const name = baseName(path);
  await out(
    process,
    `${suffix !== '' && name.endsWith(suffix) && name !== suffix ? name.slice(0, -suffix.length) : name}\n`,
  );
  return 0;
};

const dirname: Program = async (process) => {
  await out(process, `${dirName(process.args[1] ?? '')}\n`);
  return 0;
};

const dd: Program = async (process) => {
  const settings = new Map(process.args.slice(1).map((arg) => arg.split('=', 2) as [string, string]));
  const { fs } = process.host;
  const blockBytes = Math.max(1, integer(settings.get('bs'), 512));
  const blocks = settings.has('count') ? integer(settings.get('count'), 0) : Number.POSITIVE_INFINITY;
  const input = openInput(process, settings.get('if') ?? '-');
  let left = blocks * blockBytes;
  let copied = 0;
  const target = settings.get('of');
  const node = target === undefined ? undefined : fs.open(pathOf(process, target), true);
  while (left > 0) {
    const bytes = await input.read(process.signal);
    if (bytes === undefined) break;
    const part = bytes.subarray(0, left);
    if (node === undefined) await process.stdout.write(part);
    else if (node.kind === 'file') fs.append(node, part);
    left -= part.length;
    copied += part.length;
  }
  const count = `${Math.floor(copied / blockBytes)}+${copied % blockBytes === 0 ? 0 : 1}`;
  await process.stderr.write(encoder.encode(`${count} records in\n${count} records out\n`));
  return 0;
};

const mktemp: Program = async (process) => {
  const options = parseOptions(process.args, 'dqp:t');
  const { fs, random } = process.host;
  const template = options.operands[0] ?? `${options.value('p') ?? '/tmp'}/tmp.XXXXXX`;
  const path = template.replace(/X+$/, (marks) => random.suffix(marks.length));
  if (options.has('d')) fs.mkdir(pathOf(process, path), 0o700);
  else fs.writeFile(pathOf(process, path), new Uint8Array(), 0o600);
  await out(process, `${path}\n`);
  return 0;
};

const cmp: Program = async (process) => {
  const [a = '-', b = '-'] = parseOptions(process.args, 's').operands;
  const left = await openInput(process, a).readAll(process.signal);
  const right = await openInput(process, b).readAll(process.signal);
  const at = left.findIndex((byte, index) => byte !== right[index]);
  if (at < 0 && left.length === right.length) return 0;
  if (!process.args.includes('-s')) {
    if (at < 0 || at >= right.length) await complain(process, `EOF on ${left.length < right.length ? a : b}`);
    else await out(process, `${a} ${b} differ: char ${at + 1}, line 1\n`);
  }
  return 1;
};

export const filePrograms: Readonly<Record<string, Program>> = {
  mkdir,
  rmdir,
  rm,
  cp,
  mv,
  ln,
  touch,
  chmod,
  chown,
  chgrp: () => 0,
  readlink,
  realpath: readlink,
  stat,
  basename,
  dirname,
  dd,
  mktemp,
  cmp,
  sync: () => 0,
};
