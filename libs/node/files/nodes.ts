/** What is in a directory. Mounts are nodes too: the same directory node may hang in several trees. */
export type FileNode = RegularFile | Directory | SymbolicLink | Device;

interface Common {
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
}

export interface RegularFile extends Common {
  readonly kind: 'file';
  /** Holds `size` bytes; what follows is room to grow. */
  data: Uint8Array;
  size: number;
  /** Made anew on each read (`/proc`). */
  readonly generate?: () => string;
  /** Mounted by itself: whether it may not be written, wherever it is. */
  readOnly?: boolean | undefined;
  /** Name of the built-in program that this file stands for. */
  readonly program?: string;
}

export interface Directory extends Common {
  readonly kind: 'directory';
  readonly entries: Map<string, FileNode>;
  /**
   * Where a file system begins (the root, a mount): whether it may not be written, in all its depth. Undefined elsewhere: as
   * the directory above.
   */
  readOnly?: boolean | undefined;
  /** A volume that is kept in memory. */
  inMemory?: boolean;
}

export interface SymbolicLink extends Common {
  readonly kind: 'link';
  readonly target: string;
}

export interface Device extends Common {
  readonly kind: 'device';
  readonly device: 'null' | 'zero' | 'random' | 'tty' | 'stdin' | 'stdout' | 'stderr';
}

const encoder = new TextEncoder();

export function file(
  content: string | Uint8Array,
  mtimeMs: number,
  options: { mode?: number; uid?: number; generate?: () => string; program?: string } = {},
): RegularFile {
  const data = typeof content === 'string' ? encoder.encode(content) : content;
  return {
    kind: 'file',
    data,
    size: data.length,
    mode: options.mode ?? 0o644,
    uid: options.uid ?? 0,
    gid: 0,
    mtimeMs,
    ...(options.generate === undefined ? {} : { generate: options.generate }),
    ...(options.program === undefined ? {} : { program: options.program }),
  };
}

export function directory(mtimeMs: number, mode = 0o755): Directory {
  return { kind: 'directory', entries: new Map(), mode, uid: 0, gid: 0, mtimeMs };
}

export function link(target: string, mtimeMs: number): SymbolicLink {
  return { kind: 'link', target, mode: 0o777, uid: 0, gid: 0, mtimeMs };
}

export function device(name: Device['device'], mtimeMs: number): Device {
  return { kind: 'device', device: name, mode: 0o666, uid: 0, gid: 0, mtimeMs };
}

export function contentOf(node: RegularFile): Uint8Array {
  return node.generate === undefined ? node.data.subarray(0, node.size) : encoder.encode(node.generate());
}
