import { BrokenPipeError, type ByteSink } from '@drydock/base/streams';
import { absolutePath, contentOf, FileError } from '../files/index.ts';
import type { Input } from './input.ts';
import {
  Interrupted,
  ProgramError,
  type ContainerHost,
  type Process,
  type Program,
  type Terminal,
} from './process.ts';

export interface SpawnOptions {
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly stdin: Input;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly terminal: Terminal | undefined;
  readonly signal: AbortSignal;
  readonly parent: number;
  /** Where it tells which signals it catches; for those who send it some. */
  readonly handlers?: Map<number, () => void>;
}

/** Why a program cannot be started. */
export class NotExecutableError extends Error {
  override readonly name = 'NotExecutableError';
  readonly kind: 'not in path' | 'missing' | 'not permitted';

  constructor(kind: NotExecutableError['kind'], path: string) {
    super(
      kind === 'not in path'
        ? `exec: ${JSON.stringify(path)}: executable file not found in $PATH`
        : kind === 'missing'
          ? `exec: ${JSON.stringify(path)}: stat ${path}: no such file or directory`
          : `exec: ${JSON.stringify(path)}: permission denied`,
    );
    this.kind = kind;
  }
}

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const maxInterpreters = 4;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

interface Executable {
  readonly program: Program;
  readonly args: readonly string[];
}

function load(host: ContainerHost, path: string, args: readonly string[], depth: number): Executable {
  const node = host.fs.stat(path);
  if (node.kind !== 'file' || (node.mode & 0o111) === 0)
    throw new NotExecutableError('not permitted', args[0] ?? '');
  if (node.program !== undefined) {
    const program = host.programs.get(node.program);
    if (program !== undefined) return { program, args };
  }
  const text = decoder.decode(contentOf(node).subarray(0, 4_096));
  const line = /^#!\s*(\S+)[ \t]*([^\n]*)/.exec(text);
  const [interpreter = '/bin/sh', option = ''] = line === null ? [] : [line[1] ?? '/bin/sh', line[2] ?? ''];
  if (depth > maxInterpreters) throw new NotExecutableError('not permitted', args[0] ?? '');
  const inner = [interpreter, ...(option.trim() === '' ? [] : [option.trim()]), path, ...args.slice(1)];
  return load(host, interpreter, inner, depth + 1);
}

/** Finds a program as the kernel and `execvp` do. Throws NotExecutableError. */
export function findExecutable(
  host: ContainerHost,
  args: readonly string[],
  path: string,
  cwd: string,
): Executable & { readonly file: string } {
  const [name = ''] = args;
  if (name.includes('/')) {
    const file = absolutePath(cwd, name);
    if (!host.fs.exists(file)) throw new NotExecutableError('missing', name);
    return { ...load(host, file, args, 0), file };
  }
  let refused: NotExecutableError | undefined;
  for (const folder of path.split(':')) {
    const file = absolutePath(cwd, `${folder === '' ? '.' : folder}/${name}`);
    if (name === '' || !host.fs.exists(file)) continue;
    try {
      return { ...load(host, file, args, 0), file };
    } catch (error) {
      if (error instanceof NotExecutableError) refused = error;
      else throw error;
    }
  }
  throw refused ?? new NotExecutableError('not in path', name);
}

export async function say(sink: ByteSink, text: string): Promise<void> {
  await sink.write(encoder.encode(text));
}

/** Runs a program that was found, as a process of its own, to its exit code. Never rejects. */
export async function runProgram(
  host: ContainerHost,
  found: Executable,
  options: SpawnOptions,
): Promise<number> {
  const pid = host.nextPid();
  const stop = new AbortController();
  const relay = () => stop.abort(options.signal.reason);
  if (options.signal.aborted) relay();
  options.signal.addEventListener('abort', relay, { once: true });
  let killedBy = 0;
  const handlers = options.handlers ?? new Map<number, () => void>();
  host.processes.set(pid, {
    pid,
    parent: options.parent,
    command: options.args.join(' '),
    startedAtMs: host.clock.now(),
    kill(signal) {
      const caught = handlers.get(signal);
      if (caught !== undefined) return caught();
      killedBy = signal;
      stop.abort(new Interrupted());
    },
  });
  const process: Process = { ...options, host, pid, args: found.args, signal: stop.signal, handlers };
  try {
    return await found.program(process);
  } catch (error) {
    return await failed(error, process, killedBy);
  } finally {
    options.signal.removeEventListener('abort', relay);
    host.processes.delete(pid);
  }
}

async function failed(error: unknown, process: Process, killedBy: number): Promise<number> {
  if (error instanceof BrokenPipeError) return 141;
  if (error instanceof Interrupted || process.signal.aborted) return 128 + (killedBy || 2);
  const name = process.args[0]?.split('/').at(-1) ?? '';
  const text = error instanceof Error ? error.message : String(error);
  await say(process.stderr, `${name}: ${text}\n`).catch(() => undefined);
  return error instanceof ProgramError ? error.exitCode : error instanceof FileError ? 1 : 2;
}
