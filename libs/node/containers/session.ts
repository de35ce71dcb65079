import { abortable } from '@drydock/base/clock';
import { emptySource, nullSink, type ByteSink } from '@drydock/base/streams';
import type { ContainerStreams } from '@drydock/port/kubelet';
import {
  createInput,
  findExecutable,
  Interrupted,
  NotExecutableError,
  runProgram,
  type ContainerHost,
} from '../shell/index.ts';
import { createTerminal } from './terminal.ts';

export interface SessionOptions {
  readonly host: ContainerHost;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly command: readonly string[];
  readonly tty: boolean;
  /** Aborts when the container ends. */
  readonly containerEnded: AbortSignal;
  /** Where the program tells which signals it catches. */
  readonly handlers?: Map<number, () => void>;
}

const killedExitCode = 137;

/** The runtime's words for a command that cannot be started. */
function runtimeError(host: ContainerHost, error: NotExecutableError): Error {
  const execId = host.random.uuid().replaceAll('-', '').repeat(2);
  return new Error(
    `error executing command in container: failed to exec in container: failed to start exec "${execId}": OCI runtime exec failed: exec failed: unable to start container process: ${error.message}: unknown`,
  );
}

function noEnd(sink: ByteSink): ByteSink {
  return { write: (bytes) => sink.write(bytes), end() {} };
}

/** Runs one command of `exec` over the client's streams, to its exit code. Rejects when it cannot be started. */
export async function runSession(
  options: SessionOptions,
  streams: ContainerStreams,
  signal: AbortSignal,
): Promise<number> {
  const { host, command, cwd, containerEnded } = options;
  const env = new Map(options.env);
  if (options.tty && !env.has('TERM')) env.set('TERM', 'xterm');
  let found: ReturnType<typeof findExecutable>;
  try {
    found = findExecutable(host, command, env.get('PATH') ?? '', cwd);
  } catch (error) {
    if (error instanceof NotExecutableError) throw runtimeError(host, error);
    throw error;
  }
  const stop = new AbortController();
  const end = () => stop.abort(new Interrupted());
  for (const source of [signal, containerEnded]) {
    if (source.aborted) end();
    source.addEventListener('abort', end, { once: true });
  }
  const stdout = streams.stdout ?? nullSink();
  const pseudo = options.tty ? createTerminal(streams.stdin ?? emptySource(), stdout) : undefined;
  pseudo?.terminal.onInterrupt(end);
  if (pseudo !== undefined && streams.resize !== undefined) void followSize(streams.resize, pseudo.resize);
  try {
    const run = runProgram(host, found, {
      args: command,
      env,
      cwd,
      stdin: pseudo?.input ?? createInput(streams.stdin ?? emptySource()),
      stdout: pseudo?.output ?? noEnd(stdout),
      stderr: pseudo?.output ?? noEnd(streams.stderr ?? nullSink()),
      terminal: pseudo?.terminal,
      signal: stop.signal,
      parent: 0,
      ...(options.handlers === undefined ? {} : { handlers: options.handlers }),
    });
    const status = await settled(run, stop.signal, containerEnded);
    if (!signal.aborted) await pseudo?.finish();
    return status;
  } finally {
    for (const source of [signal, containerEnded]) source.removeEventListener('abort', end);
  }
}

/** A program that is stopped gets a moment to end by itself; the session does not wait for more. */
async function settled(
  run: Promise<number>,
  stop: AbortSignal,
  containerEnded: AbortSignal,
): Promise<number> {
  try {
    return await abortable(
      run,
      containerEnded.aborted ? AbortSignal.abort(new Interrupted()) : containerEnded,
    );
  } catch {
    return stop.aborted ? killedExitCode : 1;
  }
}

export async function followSize(
  sizes: NonNullable<ContainerStreams['resize']>,
  use: (size: { width: number; height: number }) => void,
): Promise<void> {
  for await (const size of sizes) use(size);
}
