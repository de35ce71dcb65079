import { defaultPath, findExecutable, NotExecutableError, runProgram, type Process } from '../shell/index.ts';
import { complain } from './io.ts';

/** Runs another program with this one's streams, as `env`, `xargs` and `timeout` do. */
export async function run(
  process: Process,
  args: readonly string[],
  change: Partial<Pick<Process, 'env' | 'signal' | 'stdin'>> = {},
): Promise<number> {
  const env = change.env ?? process.env;
  try {
    const found = findExecutable(process.host, args, env.get('PATH') ?? defaultPath, process.cwd);
    const { cwd, stdout, stderr, terminal, pid } = process;
    return await runProgram(process.host, found, {
      args,
      env,
      cwd,
      stdin: change.stdin ?? process.stdin,
      stdout,
      stderr,
      terminal,
      signal: change.signal ?? process.signal,
      parent: pid,
    });
  } catch (error) {
    if (!(error instanceof NotExecutableError)) throw error;
    const missing = error.kind !== 'not permitted';
    await complain(
      process,
      `can't execute '${args[0] ?? ''}': ${missing ? 'No such file or directory' : 'Permission denied'}`,
    );
    return missing ? 127 : 126;
  }
}
