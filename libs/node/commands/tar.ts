import { absolutePath, contentOf, dirName, FileError, type FileNode } from '../files/index.ts';
import { fileSink, ProgramError, type Process, type Program } from '../shell/index.ts';
import { complain, openInput, out, pathOf } from './io.ts';
import { modeText } from './listing.ts';
import {
  blockBytes,
  createTarReader,
  formatTarHeader,
  padding,
  TarError,
  type TarHeader,
} from './tar-format.ts';
import { parseOptions, type Options } from './options.ts';

const chunkBytes = 32 * 1024;
const trailerBytes = 2 * blockBytes;
/** Readers of an archive stop at its end, `kubectl cp` among them: what was complained of should have reached them by then. */
const complaintLeadMs = 20;

const longOptions: Readonly<Record<string, string>> = {
  create: 'c',
  extract: 'x',
  get: 'x',
  list: 't',
  file: 'f',
  directory: 'C',
  verbose: 'v',
  touch: 'm',
  'no-same-permissions': 'o',
  'no-same-owner': 'o',
  'same-permissions': 'p',
  'preserve-permissions': 'p',
  'keep-old-files': 'k',
  'to-stdout': 'O',
  overwrite: 'U',
  gzip: 'z',
  exclude: 'X',
  'strip-components': 'S',
  'no-recursion': 'n',
};

/** `tar cf - x`: the first argument's letters are options without their dash. */
function dashed(args: readonly string[]): string[] {
  const [name = 'tar', first = '', ...rest] = args;
  if (first.startsWith('-') || first === '') return [name, first, ...rest];
  // Old style: each letter that takes a value takes the next argument.
  const values: string[] = [];
  for (const letter of first) {
    values.push(`-${letter}`);
    if ('fC'.includes(letter)) values.push(rest.shift() ?? '');
  }
  return [name, ...values, ...rest];
}

function headerOf(name: string, node: FileNode): TarHeader {
  return {
    name,
    kind: node.kind === 'directory' ? 'directory' : node.kind === 'link' ? 'link' : 'file',
    mode: node.mode,
    size: node.kind === 'file' ? contentOf(node).length : 0,
    mtimeSeconds: Math.floor(node.mtimeMs / 1000),
    uid: node.uid,
    gid: node.gid,
    linkName: node.kind === 'link' ? node.target : '',
  };
}

async function create(process: Process, options: Options, base: string): Promise<number> {
  const { fs } = process.host;
  if (options.operands.length === 0) throw new ProgramError('empty archive');
  const target = options.value('f') ?? '-';
  const sink =
    target === '-' ? process.stdout : fileSink(fs, fs.open(pathOf(process, target), true), process);
  let status = 0;
  let told = false;

  async function add(name: string, node: FileNode): Promise<void> {
    if (process.signal.aborted) throw process.signal.reason;
    if (node.kind === 'device') return;
    // The content is taken as it is now: it may change while it is being sent.
    const content = node.kind === 'file' ? contentOf(node) : new Uint8Array();
    await sink.write(formatTarHeader({ ...headerOf(name, node), size: content.length }));
    for (let at = 0; at < content.length; at += chunkBytes)
      await sink.write(content.slice(at, at + chunkBytes));
    if (padding(content.length) > 0) await sink.write(new Uint8Array(padding(content.length)));
    if (options.has('v')) await (target === '-' ? complain(process, name) : out(process, `${name}\n`));
    if (node.kind !== 'directory' || options.has('n')) return;
    for (const [entry, child] of [...node.entries]) {
      await add(`${name.replace(/\/$/, '')}/${entry}${child.kind === 'directory' ? '/' : ''}`, child);
    }
  }

  for (const operand of options.operands) {
    try {
      const node = fs.lstat(absolutePath(base, operand));
      let name = operand.replace(/^\/+/, '');
      if (name !== operand && !told) {
        told = true;
        await complain(process, "removing leading '/' from member names");
      }
      if (name === '') name = './';
      await add(node.kind === 'directory' && !name.endsWith('/') ? `${name}/` : name, node);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await complain(process, `${operand}: ${error.message}`);
      status = 1;
    }
  }
  if (status !== 0) await process.host.clock.sleep(complaintLeadMs, process.signal);
  await sink.write(new Uint8Array(trailerBytes));
  if (status !== 0) await complain(process, 'error exit delayed from previous errors');
  return status;
}

/** A member's place below the directory; undefined when its name leads out of it. */
function placeOf(base: string, name: string, strip: number): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return undefined;
  const kept = parts.slice(strip);
  return kept.length === 0 ? base : absolutePath(base, kept.join('/'));
}

async function extract(process: Process, options: Options, base: string): Promise<number> {
  const { fs, clock } = process.host;
  const input = openInput(process, options.value('f') ?? '-');
  const reader = createTarReader(() => input.read(process.signal));
  const strip = Number(options.value('S') ?? 0);
  const wanted = options.operands;
  let status = 0;
  if (!fs.exists(base))
    throw new ProgramError(
      `can't change directory to '${options.value('C') ?? base}': No such file or directory`,
    );
  for (let header = await reader.next(); header !== undefined; header = await reader.next()) {
    const { name } = header;
    if (
      wanted.length > 0 &&
      !wanted.some((one) => name === one || name.startsWith(`${one.replace(/\/$/, '')}/`))
    )
      continue;
    if (options.has('v')) await out(process, `${name}\n`);
    const path = placeOf(base, name, strip);
    if (path === undefined) {
      await complain(process, `name with '..' skipped: '${name}'`);
      status = 1;
      continue;
    }
    try {
      await restore(process, options, reader.content, header, path, base);
      if (!options.has('m') && path !== base && header.kind !== 'link')
        fs.lstat(path).mtimeMs = header.mtimeSeconds * 1000;
      else if (path !== base && header.kind === 'file') fs.stat(path).mtimeMs = clock.now();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await complain(process, `can't open '${name}': ${error.message}`);
      status = 1;
    }
  }
  return status;
}

async function restore(
  process: Process,
  options: Options,
  content: () => Promise<Uint8Array | undefined>,
  header: TarHeader,
  path: string,
  base: string,
): Promise<void> {
  const { fs } = process.host;
  if (options.has('O')) {
    for (let bytes = await content(); bytes !== undefined; bytes = await content())
      await process.stdout.write(bytes);
    return;
  }
  if (path === base) return;
  fs.mkdirAll(dirName(path));
  const present = fs.exists(path) ? fs.lstat(path) : undefined;
  switch (header.kind) {
    case 'directory':
      if (present?.kind !== 'directory') fs.mkdir(path, header.mode);
      return;
    case 'link':
      if (present !== undefined) fs.remove(path);
      fs.symlink(header.linkName, path);
      return;
    case 'hard-link': {
      const target = placeOf(base, header.linkName, 0);
      if (target === undefined) return;
      if (present !== undefined) fs.remove(path);
      fs.hardLink(target, path);
      return;
    }
    default: {
      if (present?.kind === 'link') fs.remove(path);
      const node = fs.open(path, true);
      if (node.kind !== 'file') throw new FileError('EINVAL');
      for (let bytes = await content(); bytes !== undefined; bytes = await content()) fs.append(node, bytes);
      node.mode = header.mode;
    }
  }
}

async function list(process: Process, options: Options): Promise<number> {
  const input = openInput(process, options.value('f') ?? '-');
  const reader = createTarReader(() => input.read(process.signal));
  for (let header = await reader.next(); header !== undefined; header = await reader.next()) {
    const { name, mode, size, kind } = header;
    const shown = {
      kind: kind === 'directory' ? 'directory' : kind === 'link' ? 'link' : 'file',
      mode,
    } as FileNode;
    const when = new Date(header.mtimeSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
    await out(
      process,
      options.has('v')
        ? `${modeText(shown)} ${header.uid}/${header.gid} ${String(size).padStart(9)} ${when} ${name}\n`
        : `${name}\n`,
    );
  }
  return 0;
}

/** `tar`: what `kubectl cp` needs, and the usual rest but compression. */
export const tar: Program = async (process) => {
  const options = parseOptions(dashed(process.args), 'cxtf:C:vmopkOUzX:S:nh', longOptions);
  if (options.has('z')) throw new ProgramError('compression is not supported');
  const base = pathOf(process, options.value('C') ?? '.');
  try {
    if (options.has('c')) return await create(process, options, base);
    if (options.has('x')) return await extract(process, options, base);
    if (options.has('t')) return await list(process, options);
  } catch (error) {
    if (error instanceof TarError) throw new ProgramError(error.message);
    throw error;
  }
  throw new ProgramError("must specify one of 'ctx'");
};
