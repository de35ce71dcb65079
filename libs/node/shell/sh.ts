import { Interrupted, type Process, type Program } from './process.ts';
import { parseScript } from './parser.ts';
import { Flow } from './flow.ts';
import { Shell, type Streams } from './shell.ts';
import { say } from './spawn.ts';
import { IncompleteInputError, ShellSyntaxError, type Script } from './syntax.ts';

const decoder = new TextDecoder();

interface Invocation {
  readonly script: string | undefined;
  readonly file: string | undefined;
  readonly name: string;
  readonly args: readonly string[];
  readonly options: string;
}

function parseArguments(args: readonly string[]): Invocation {
  let at = 1;
  let options = '';
  for (; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--' || arg === '-') {
      at++;
      break;
    }
    if (/^--\w/.test(arg)) continue;
    if (!/^[-+][A-Za-z]+$/.test(arg)) break;
    if (arg.startsWith('-')) options += arg.slice(1);
    if (arg.endsWith('o')) at++;
  }
  const rest = args.slice(at);
  const self = args[0] ?? 'sh';
  if (options.includes('c')) {
    const [script, name = self, ...more] = rest;
    return { script: script ?? '', file: undefined, name, args: more, options };
  }
  const file = options.includes('s') ? undefined : rest[0];
  const more = options.includes('s') ? rest : rest.slice(1);
  return { script: undefined, file, name: file ?? self, args: more, options };
}

/** `\w`, `\h`, `\u`, `\$` of PS1. */
function prompt(shell: Shell): string {
  const { host } = shell.process;
  const home = shell.get('HOME');
  const path = shell.cwd === home ? '~' : shell.cwd;
  const values: Readonly<Record<string, string>> = {
    w: path,
    h: host.hostname,
    u: host.user.uid === 0 ? 'root' : String(host.user.uid),
    $: host.user.uid === 0 ? '#' : '$',
    n: '\n',
  };
  return (shell.get('PS1') ?? '# ').replace(/\\(.)/g, (all, letter: string) => values[letter] ?? all);
}

async function runTraps(shell: Shell, streams: Streams): Promise<void> {
  const action = shell.traps.takeExit();
  if (action === undefined) return;
  await shell.runIsolated(parseScript(action), streams);
}

async function runText(shell: Shell, text: string, streams: Streams): Promise<number> {
  let status: number;
  try {
    status = await shell.run(parseScript(text), streams);
  } catch (error) {
    status = await shell.caught(error, streams);
  }
  shell.status = status;
  await runTraps(shell, streams);
  return status;
}

/** Reads commands from standard input as they come, at a terminal with prompts; what they leave is theirs to read. */
async function runInput(shell: Shell, process: Process, streams: Streams): Promise<number> {
  const { terminal } = process;
  let text = '';
  for (;;) {
    const interrupt = new AbortController();
    const stop = () => interrupt.abort(process.signal.reason ?? new Interrupted());
    if (process.signal.aborted) throw process.signal.reason as Error;
    process.signal.addEventListener('abort', stop, { once: true });
    const forget = terminal?.onInterrupt(() => interrupt.abort(new Interrupted()));
    shell.signal = interrupt.signal;
    try {
      if (terminal !== undefined) await say(streams.stderr, text === '' ? prompt(shell) : '> ');
      const line = await streams.stdin.readLine(interrupt.signal);
      if (line === undefined) {
        if (text !== '') await say(streams.stderr, `${shell.name}: syntax error: unexpected end of file\n`);
        if (terminal !== undefined) await say(streams.stderr, '\n');
        return text === '' ? shell.status : 2;
      }
      text += decoder.decode(line);
      let script: Script;
      try {
        script = parseScript(text);
      } catch (error) {
        if (error instanceof IncompleteInputError) continue;
        throw error;
      }
      text = '';
      await shell.run(script, streams);
    } catch (error) {
      text = '';
      if (error instanceof Flow && error.kind === 'exit') return error.value;
      if (error instanceof Interrupted && !process.signal.aborted) {
        shell.status = 130;
        if (terminal !== undefined) await say(streams.stderr, '\n');
        continue;
      }
      shell.status = await shell.caught(error, streams);
      if (error instanceof ShellSyntaxError && terminal === undefined) return shell.status;
    } finally {
      forget?.();
      process.signal.removeEventListener('abort', stop);
    }
  }
}

/** The shell. */
export const sh: Program = async (process) => {
  const { script, file, name, args, options } = parseArguments(process.args);
  const shell = new Shell(process, name, args);
  for (const letter of options) if ('euxfa'.includes(letter)) shell.options.add(letter);
  const streams: Streams = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr };
  if (script !== undefined) return runText(shell, script, streams);
  if (file !== undefined) return runText(shell, shell.readScript(file), streams);
  const status = await runInput(shell, process, streams);
  await runTraps(shell, streams);
  return status;
};
