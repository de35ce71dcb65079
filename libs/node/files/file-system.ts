import type { Clock } from '@drydock/base/clock';
import {
  contentOf,
  directory,
  file,
  link,
  type Directory,
  type FileNode,
  type RegularFile,
} from './nodes.ts';

const messages = {
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Too many levels of symbolic links',
  EROFS: 'Read-only file system',
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  EINVAL: 'Invalid argument',
  ENOSPC: 'No space left on device',
  ENAMETOOLONG: 'File name too long',
} as const;

export type FileErrorCode = keyof typeof messages;

/** A failure of the file system, in the words of libc. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: FileErrorCode;

  constructor(code: FileErrorCode) {
    super(messages[code]);
    this.code = code;
  }
}

export interface FileSystemOptions {
  readonly clock: Clock;
  /** Bytes that its files may hold together. Default 256 MiB. */
  readonly maxBytes?: number;
}

/** An in-memory file system. Paths are absolute; every failure is a FileError. */
export interface FileSystem {
  readonly root: Directory;
  /** Whose the files are that are made from now on; in a directory with the set-group-ID bit they get its group. */
  owner: { readonly uid: number; readonly gid: number };
  /** The node at a path, symbolic links followed. */
  stat(path: string): FileNode;
  /** As `stat`, but the last component is not followed. */
  lstat(path: string): FileNode;
  exists(path: string): boolean;
  /** Path without `.`, `..` and links; the last component need not be there. */
  realPath(path: string): string;
  readFile(path: string): Uint8Array;
  /** Makes or replaces the file; answers it. */
  writeFile(path: string, data: Uint8Array, mode?: number): RegularFile;
  /** A file to write to in pieces. `truncate` empties what is there. */
  open(path: string, truncate: boolean): FileNode;
  append(node: RegularFile, data: Uint8Array): void;
  mkdir(path: string, mode?: number): Directory;
  mkdirAll(path: string): Directory;
  symlink(target: string, path: string): void;
  /** A second name for a file. */
  hardLink(from: string, to: string): void;
  remove(path: string): void;
  removeAll(path: string): void;
  rmdir(path: string): void;
  rename(from: string, to: string): void;
  /** Hangs a node into the tree, making the directories above it; read-only ones as well. */
  mount(path: string, node: FileNode): void;
  /** The node at a path, to change its mode, owner or times. */
  change(path: string): FileNode;
  usedBytes(): number;
}

const maxLinks = 40;
const setGroupId = 0o2000;
const maxNameLength = 255;

export function splitPath(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Joins a path with the directory it is relative to; `..` is taken literally. */
export function absolutePath(cwd: string, path: string): string {
  const parts: string[] = [];
  for (const part of splitPath(path.startsWith('/') ? path : `${cwd}/${path}`)) {
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function baseName(path: string): string {
  return splitPath(path).at(-1) ?? '/';
}

export function dirName(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  if (slash < 0) return trimmed === '' && path !== '' ? '/' : '.';
  return trimmed.slice(0, slash).replace(/\/+$/, '') || '/';
}

export function createFileSystem({ clock, maxBytes = 256 * 1024 * 1024 }: FileSystemOptions): FileSystem {
  const root = directory(clock.now());
  let used = 0;

  interface Found {
    readonly parent: Directory;
    readonly name: string;
    readonly node: FileNode | undefined;
    readonly path: string;
    /** The directory that holds it may not be written. */
    readonly sealed: boolean;
  }

  /** Whether a node may not be changed, by itself or by what is above it. */
  const sealedAt = (node: FileNode | undefined, above: boolean) =>
    node?.kind === 'directory' || node?.kind === 'file' ? (node.readOnly ?? above) : above;

  function walk(path: string, follow: boolean, depth = 0): Found {
    if (depth > maxLinks) throw new FileError('ELOOP');
    const parts = splitPath(path);
    const trail: { directory: Directory; name: string; sealed: boolean }[] = [];
    let current: FileNode = root;
    let sealed = root.readOnly === true;
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at]!;
      if (current.kind !== 'directory') throw new FileError('ENOTDIR');
      if (part === '..') {
        const above = trail.pop();
        current = above?.directory ?? root;
        sealed = above?.sealed ?? root.readOnly === true;
        continue;
      }
      if (part.length > maxNameLength) throw new FileError('ENAMETOOLONG');
      const next: FileNode | undefined = current.entries.get(part);
      const last = at === parts.length - 1;
      const here = `/${[...trail.map(({ name }) => name)].join('/')}`;
      if (next?.kind === 'link' && (!last || follow)) {
        const target = next.target.startsWith('/') ? next.target : `${here}/${next.target}`;
        return walk([target, ...parts.slice(at + 1)].join('/'), follow, depth + 1);
      }
      if (last) {
        return {
          parent: current,
          name: part,
          node: next,
          path: `${here === '/' ? '' : here}/${part}`,
          sealed,
        };
      }
      if (next === undefined) throw new FileError('ENOENT');
      trail.push({ directory: current, name: part, sealed });
      current = next;
      sealed = sealedAt(next, sealed);
    }
    const path_ = `/${trail.map(({ name }) => name).join('/')}`;
    return { parent: root, name: '', node: current, path: path_, sealed };
  }

  function need(path: string, follow: boolean): FileNode {
    const { node } = walk(path, follow);
    if (node === undefined) throw new FileError('ENOENT');
    if (path.endsWith('/') && path !== '/' && node.kind !== 'directory') throw new FileError('ENOTDIR');
    return node;
  }

  function place(path: string): Found {
    const found = walk(path, true);
    if (found.name === '') throw new FileError('EEXIST');
    if (found.sealed) throw new FileError('EROFS');
    return found;
  }

  /** Hangs a node that was made just now into a directory. */
  function put(parent: Directory, name: string, node: FileNode): void {
    const inherits = (parent.mode & setGroupId) !== 0;
    node.uid = system.owner.uid;
    node.gid = inherits ? parent.gid : system.owner.gid;
    if (inherits && node.kind === 'directory') node.mode |= setGroupId;
    hang(parent, name, node);
  }

  function hang(parent: Directory, name: string, node: FileNode): void {
    parent.entries.set(name, node);
    parent.mtimeMs = clock.now();
  }

  function charge(bytes: number): void {
    if (bytes > 0 && used + bytes > maxBytes) throw new FileError('ENOSPC');
    used += bytes;
  }

  function weigh(node: FileNode): number {
    if (node.kind === 'file') return node.program === undefined ? node.size : 0;
    if (node.kind !== 'directory') return 0;
    let sum = 0;
    for (const child of node.entries.values()) sum += weigh(child);
    return sum;
  }

  function unlink(path: string, whole: boolean): void {
    const { parent, name, node, sealed } = walk(path, false);
    if (node === undefined) throw new FileError('ENOENT');
    if (name === '') throw new FileError('EBUSY');
    if (sealed) throw new FileError('EROFS');
    if (node.kind === 'directory') {
      if (!whole) throw new FileError('EISDIR');
      if (node.readOnly !== undefined) throw new FileError('EBUSY');
    }
    charge(-weigh(node));
    parent.entries.delete(name);
    parent.mtimeMs = clock.now();
  }

  const system: FileSystem = {
    root,
    owner: { uid: 0, gid: 0 },
    stat: (path) => need(path, true),
    lstat: (path) => need(path, false),
    exists(path) {
      try {
        return walk(path, true).node !== undefined;
      } catch {
        return false;
      }
    },
    realPath: (path) => walk(path, true).path,
    readFile(path) {
      const node = need(path, true);
      if (node.kind === 'directory') throw new FileError('EISDIR');
      return node.kind === 'file' ? contentOf(node) : new Uint8Array();
    },
    writeFile(path, data, mode = 0o644) {
      const node = system.open(path, true);
      if (node.kind !== 'file') throw new FileError('EINVAL');
      system.append(node, data);
      node.mode = mode;
      return node;
    },
    open(path, truncate) {
      const found = walk(path, true);
      const { node } = found;
      if (node?.kind === 'directory') throw new FileError('EISDIR');
      if (node?.kind === 'device') return node;
      if (sealedAt(node, found.sealed)) throw new FileError('EROFS');
      if (node?.kind === 'file') {
        if (node.generate !== undefined) throw new FileError('EACCES');
        if (truncate) {
          charge(-node.size);
          node.size = 0;
          node.data = new Uint8Array();
          node.mtimeMs = clock.now();
        }
        return node;
      }
      if (path.endsWith('/')) throw new FileError('EISDIR');
      const fresh = file('', clock.now());
      put(found.parent, found.name, fresh);
      return fresh;
    },
    append(node, data) {
      charge(data.length);
      const size = node.size + data.length;
      if (size > node.data.length) {
        const grown = new Uint8Array(Math.max(size, node.data.length * 2));
        grown.set(node.data.subarray(0, node.size));
        node.data = grown;
      }
      node.data.set(data, node.size);
      node.size = size;
      node.mtimeMs = clock.now();
    },
    mkdir(path, mode) {
      const found = place(path);
      if (found.node !== undefined) throw new FileError('EEXIST');
      const made = directory(clock.now(), mode);
      put(found.parent, found.name, made);
      return made;
    },
    mkdirAll(path) {
      let at = '';
      let current: FileNode = root;
      for (const part of splitPath(path)) {
        at = `${at}/${part}`;
        const { node } = walk(at, true);
        current = node ?? system.mkdir(at);
        if (current.kind !== 'directory') throw new FileError('ENOTDIR');
      }
      return current as Directory;
    },
    symlink(target, path) {
      const found = walk(path, false);
      if (found.node !== undefined) throw new FileError('EEXIST');
      if (found.sealed) throw new FileError('EROFS');
      put(found.parent, found.name, link(target, clock.now()));
    },
    hardLink(from, to) {
      const node = need(from, false);
      if (node.kind === 'directory') throw new FileError('EACCES');
      const found = place(to);
      if (found.node !== undefined) throw new FileError('EEXIST');
      hang(found.parent, found.name, node);
    },
    remove: (path) => unlink(path, false),
    removeAll: (path) => unlink(path, true),
    rmdir(path) {
      const { node } = walk(path, false);
      if (node === undefined) throw new FileError('ENOENT');
      if (node.kind !== 'directory') throw new FileError('ENOTDIR');
      if (node.entries.size > 0) throw new FileError('ENOTEMPTY');
      unlink(path, true);
    },
    rename(from, to) {
      const source = walk(from, false);
      const { node } = source;
      if (node === undefined) throw new FileError('ENOENT');
      if (source.name === '') throw new FileError('EBUSY');
      if (source.sealed) throw new FileError('EROFS');
      const target = walk(to, false);
      if (target.sealed) throw new FileError('EROFS');
      if (`${target.path}/`.startsWith(`${source.path}/`) && target.path !== source.path)
        throw new FileError('EINVAL');
      if (target.node === node) return;
      if (target.node?.kind === 'directory') {
        if (node.kind !== 'directory') throw new FileError('EISDIR');
        if (target.node.entries.size > 0) throw new FileError('ENOTEMPTY');
      }
      if (target.node !== undefined) charge(-weigh(target.node));
      source.parent.entries.delete(source.name);
      hang(target.parent, target.name, node);
    },
    mount(path, node) {
      const parts = splitPath(path);
      const name = parts.pop();
      if (name === undefined) throw new FileError('EBUSY');
      let at = '';
      let current: FileNode = root;
      // The runtime makes its mount points where nobody else may.
      for (const part of parts) {
        at = `${at}/${part}`;
        const found = walk(at, true);
        if (found.node === undefined) put(found.parent, found.name, directory(clock.now()));
        current = need(at, true);
        if (current.kind !== 'directory') throw new FileError('ENOTDIR');
      }
      current.entries.set(name, node);
    },
    change(path) {
      const { node, sealed } = walk(path, true);
      if (node === undefined) throw new FileError('ENOENT');
      if (sealedAt(node, sealed)) throw new FileError('EROFS');
      return node;
    },
    usedBytes: () => used,
  };
  return system;
}
