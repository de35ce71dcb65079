import { absolutePath, FileError } from '../files/index.ts';
import { createInput, fileSource, say, type Input, type Process } from '../shell/index.ts';

export const decoder = new TextDecoder();
export const encoder = new TextEncoder();

export const out = (process: Process, text: string): Promise<void> => say(process.stdout, text);

export function complain(process: Process, text: string): Promise<void> {
  const name = process.args[0]?.split('/').at(-1) ?? '';
  return say(process.stderr, `${name}: ${text}\n`);
}

export const pathOf = (process: Process, path: string): string => absolutePath(process.cwd, path);

/** A file operand, `-` for standard input. */
export function openInput(process: Process, name: string): Input {
  if (name === '-') return process.stdin;
  const node = process.host.fs.stat(pathOf(process, name));
  if (node.kind === 'device' && (node.device === 'stdin' || node.device === 'tty')) return process.stdin;
  return createInput(fileSource(process.host, node));
}

/** Does something for each input file (standard input when none is named); tells of those that cannot be read. */
export async function forEachInput(
  process: Process,
  names: readonly string[],
  use: (input: Input, name: string) => Promise<void>,
): Promise<number> {
  let status = 0;
  for (const name of names.length === 0 ? ['-'] : names) {
    try {
      await use(openInput(process, name), name);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const why =
        error.code === 'ENOENT' ? `can't open '${name}': ${error.message}` : `${name}: ${error.message}`;
      await complain(process, why);
      status = 1;
    }
  }
  return status;
}

/** Lines of the input without their newlines, as they come. */
export async function* lines(process: Process, input: Input): AsyncGenerator<string> {
  for (;;) {
    const bytes = await input.readLine(process.signal);
    if (bytes === undefined) return;
    yield decoder.decode(bytes).replace(/\n$/, '');
  }
}

/** Does something for each operand; a failure is told and the next goes on. */
export async function forEachOperand(
  process: Process,
  operands: readonly string[],
  use: (operand: string) => Promise<void> | void,
  describe: (operand: string, error: FileError) => string = (operand, error) =>
    `${operand}: ${error.message}`,
): Promise<number> {
  let status = 0;
  for (const operand of operands) {
    try {
      await use(operand);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await complain(process, describe(operand, error));
      status = 1;
    }
  }
  return status;
}
