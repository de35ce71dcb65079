import { FileError, type FileNode } from '../files/index.ts';
import { matchesPattern, ProgramError, type Program } from '../shell/index.ts';
import { complain, out, pathOf } from './io.ts';
import { integer, parseOptions } from './options.ts';
import { run } from './run.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const types: Readonly<Record<FileNode['kind'], string>> = {
  file: '-',
  directory: 'd',
  link: 'l',
  device: 'c',
};

export function sizeOf(node: FileNode): number {
  if (node.kind === 'file') return node.generate === undefined ? node.size : 0;
  return node.kind === 'directory' ? 4096 : node.kind === 'link' ? node.target.length : 0;
}

export function modeText(node: FileNode): string {
  const bits = 'rwxrwxrwx';
  let text = types[node.kind];
  for (let bit = 0; bit < 9; bit++) text += (node.mode & (1 << (8 - bit))) !== 0 ? bits[bit]! : '-';
  if ((node.mode & 0o2000) !== 0) text = `${text.slice(0, 6)}${text[6] === 'x' ? 's' : 'S'}${text.slice(7)}`;
  if ((node.mode & 0o1000) !== 0) text = `${text.slice(0, -1)}t`;
  return text;
}

function when(node: FileNode): string {
  const date = new Date(node.mtimeMs);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${months[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

const ownerName = (id: number, numeric = false) => (id === 0 && !numeric ? 'root' : String(id));

function human(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  const units = ['K', 'M', 'G', 'T'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)}${units[unit]}`;
}

const ls: Program = async (process) => {
  const options = parseOptions(process.args, 'lahAR1dtrSiFhpns', { all: 'a', color: '1' });
  const { fs } = process.host;
  let status = 0;
  const operands = options.operands.length === 0 ? ['.'] : [...options.operands];
  const numeric = options.has('n');
  const long = options.has('l') || numeric;
  const line = (name: string, node: FileNode) => {
    const suffix = node.kind === 'directory' && (options.has('F') || options.has('p')) ? '/' : '';
    const target = long && node.kind === 'link' ? ` -> ${node.target}` : '';
    if (!long) return { cells: [], text: `${name}${suffix}` };
    const size = options.has('h') ? human(sizeOf(node)) : String(sizeOf(node));
    const links = node.kind === 'directory' ? 2 : 1;
    return {
      cells: [
        modeText(node),
        String(links),
        ownerName(node.uid, numeric),
        ownerName(node.gid, numeric),
        size,
        when(node),
      ],
      text: `${name}${suffix}${target}`,
    };
  };
  const print = async (entries: readonly (readonly [string, FileNode])[]) => {
    const rows = entries.map(([name, node]) => line(name, node));
    const widths = [0, 1, 2, 3, 4, 5].map((column) =>
      Math.max(0, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
    );
    for (const { cells, text } of rows) {
      const padded = cells.map((cell, column) =>
        column === 1 || column === 4 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      );
      await out(process, `${[...padded, text].join(padded.length > 0 ? ' ' : '')}\n`);
    }
  };
  const order = (entries: [string, FileNode][]) => {
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    if (options.has('t')) entries.sort(([, a], [, b]) => b.mtimeMs - a.mtimeMs);
    if (options.has('S')) entries.sort(([, a], [, b]) => sizeOf(b) - sizeOf(a));
    if (options.has('r')) entries.reverse();
    return entries;
  };
  const list = async (
    name: string,
    node: Extract<FileNode, { kind: 'directory' }>,
    titled: boolean,
  ): Promise<void> => {
    if (titled) await out(process, `${name}:\n`);
    const shown = [...node.entries].filter(
      ([entry]) => options.has('a') || options.has('A') || !entry.startsWith('.'),
    );
    const entries = order(shown);
    if (options.has('a')) entries.unshift(['.', node], ['..', node]);
    if (long)
      await out(
        process,
        `total ${entries.reduce((sum, [, entry]) => sum + Math.ceil(sizeOf(entry) / 4096) * 4, 0)}\n`,
      );
    await print(entries);
    if (!options.has('R')) return;
    for (const [entry, child] of shown) {
      if (child.kind !== 'directory') continue;
      await out(process, '\n');
      await list(`${name.replace(/\/$/, '')}/${entry}`, child, true);
    }
  };
  const files: [string, FileNode][] = [];
  const folders: [string, Extract<FileNode, { kind: 'directory' }>][] = [];
  for (const operand of operands) {
    try {
      const node =
        long || options.has('d') ? fs.lstat(pathOf(process, operand)) : fs.stat(pathOf(process, operand));
      const target =
        node.kind === 'link' && !options.has('d') && !long ? fs.stat(pathOf(process, operand)) : node;
      if (target.kind === 'directory' && !options.has('d')) folders.push([operand, target]);
      else files.push([operand, node]);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await complain(process, `${operand}: ${error.message}`);
      status = 1;
    }
  }
  await print(order(files));
  const titled = operands.length > 1 || options.has('R');
  for (const [index, [name, node]] of folders.entries()) {
    if (index > 0 || files.length > 0) await out(process, '\n');
    await list(name, node, titled);
  }
  return status;
};

interface Test {
  (path: string, name: string, node: FileNode, depth: number): boolean | Promise<boolean>;
}

function* walk(
  path: string,
  node: FileNode,
  depth: number,
  deepFirst: boolean,
): Generator<[string, FileNode, number]> {
  if (!deepFirst) yield [path, node, depth];
  if (node.kind === 'directory') {
    for (const [name, child] of [...node.entries].sort(([a], [b]) => (a < b ? -1 : 1)))
      yield* walk(`${path.replace(/\/$/, '')}/${name}`, child, depth + 1, deepFirst);
  }
  if (deepFirst) yield [path, node, depth];
}

const find: Program = async (process) => {
  const { fs } = process.host;
  const args = process.args.slice(1);
  const starts: string[] = [];
  while (args[0] !== undefined && !/^[-(!]/.test(args[0])) starts.push(args.shift()!);
  let maxDepth = Number.POSITIVE_INFINITY;
  let minDepth = 0;
  let deepFirst = false;
  let acts = false;
  let at = 0;
  const value = () => {
    const text = args[at++];
    if (text === undefined) throw new ProgramError('missing argument');
    return text;
  };
  const single = (): Test => {
    const name = args[at++];
    switch (name) {
      case '!':
      case '-not': {
        const inner = single();
        return async (...of) => !(await inner(...of));
      }
      case '(': {
        const inner = either();
        at++;
        return inner;
      }
      case '-name': {
        const pattern = value();
        return (_path, base) => matchesPattern(base, pattern);
      }
      case '-iname': {
        const pattern = value().toLowerCase();
        return (_path, base) => matchesPattern(base.toLowerCase(), pattern);
      }
      case '-path': {
        const pattern = value();
        return (path) => matchesPattern(path, pattern);
      }
      case '-type': {
        const wanted = value();
        return (_path, _base, node) => (types[node.kind] === '-' ? 'f' : types[node.kind]) === wanted;
      }
      case '-maxdepth':
        maxDepth = integer(value(), 0);
        return () => true;
      case '-mindepth':
        minDepth = integer(value(), 0);
        return () => true;
      case '-size': {
        const match = /^([+-]?)(\d+)([ckMG]?)$/.exec(value());
        if (match === null) throw new ProgramError('bad -size');
        const unit = { c: 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3 }[match[3] ?? ''] ?? 512;
        const wanted = Number(match[2]);
        return (_path, _base, node) => {
          const size = Math.ceil(sizeOf(node) / unit);
          return match[1] === '+' ? size > wanted : match[1] === '-' ? size < wanted : size === wanted;
        };
      }
      case '-empty':
        return (_path, _base, node) =>
          node.kind === 'directory' ? node.entries.size === 0 : sizeOf(node) === 0;
      case '-depth':
        deepFirst = true;
        return () => true;
      case '-print':
        acts = true;
        return async (path) => (await out(process, `${path}\n`), true);
      case '-print0':
        acts = true;
        return async (path) => (await out(process, `${path}\0`), true);
      case '-delete':
        acts = deepFirst = true;
        return (path) => (fs.removeAll(pathOf(process, path)), true);
      case '-exec': {
        acts = true;
        const command: string[] = [];
        for (let word = value(); word !== ';' && word !== '+'; word = value()) command.push(word);
        return async (path) =>
          (await run(
            process,
            command.map((word) => word.replaceAll('{}', path)),
          )) === 0;
      }
      default:
        throw new ProgramError(`unrecognized: ${name ?? ''}`);
    }
  };
  const both = (): Test => {
    const tests: Test[] = [];
    while (at < args.length && args[at] !== ')' && args[at] !== '-o') {
      if (args[at] === '-a') at++;
      else tests.push(single());
    }
    return async (...of) => {
      for (const test of tests) if (!(await test(...of))) return false;
      return true;
    };
  };
  const either = (): Test => {
    const tests = [both()];
    while (args[at] === '-o') {
      at++;
      tests.push(both());
    }
    return async (...of) => {
      for (const test of tests) if (await test(...of)) return true;
      return false;
    };
  };
  const test = either();
  let status = 0;
  for (const start of starts.length === 0 ? ['.'] : starts) {
    try {
      const root = fs.lstat(pathOf(process, start));
      for (const [path, node, depth] of walk(start, root, 0, deepFirst)) {
        if (process.signal.aborted) throw process.signal.reason;
        if (depth > maxDepth || depth < minDepth) continue;
        const name =
          path
            .split('/')
            .filter((part) => part !== '')
            .at(-1) ?? '/';
        if ((await test(path, name, node, depth)) && !acts) await out(process, `${path}\n`);
      }
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await complain(process, `${start}: ${error.message}`);
      status = 1;
    }
  }
  return status;
};

const du: Program = async (process) => {
  const options = parseOptions(process.args, 'shkmac');
  const { fs } = process.host;
  const total = (node: FileNode): number =>
    node.kind === 'directory'
      ? [...node.entries.values()].reduce((sum, child) => sum + total(child), 4096)
      : Math.ceil(sizeOf(node) / 4096) * 4096;
  for (const name of options.operands.length === 0 ? ['.'] : options.operands) {
    const root = fs.lstat(pathOf(process, name));
    for (const [path, node] of walk(name, root, 0, true)) {
      const shown = path === name || (!options.has('s') && (node.kind === 'directory' || options.has('a')));
      if (shown)
        await out(process, `${options.has('h') ? human(total(node)) : total(node) / 1024}\t${path}\n`);
    }
  }
  return 0;
};

export const listingPrograms: Readonly<Record<string, Program>> = { ls, find, du };
