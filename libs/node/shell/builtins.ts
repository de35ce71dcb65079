import { absolutePath, FileError } from '../files/index.ts';
import { ProgramError } from './process.ts';
import { parseScript } from './parser.ts';
import { Flow } from './flow.ts';
import type { Shell, Streams } from './shell.ts';
import { signalName } from './signals.ts';
import { defaultPath, findExecutable, NotExecutableError, say } from './spawn.ts';

type Builtin = (shell: Shell, words: readonly string[], streams: Streams) => Promise<number> | number;

const decoder = new TextDecoder();

function count(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^-?\d+$/.test(text)) throw new ProgramError(`Illegal number: ${text}`, 2);
  return Number(text);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const optionNames: Readonly<Record<string, string>> = {
  errexit: 'e',
  nounset: 'u',
  xtrace: 'x',
  noglob: 'f',
  allexport: 'a',
};

async function changeDirectory(shell: Shell, words: readonly string[], streams: Streams): Promise<number> {
  const args = words.slice(1).filter((word) => word !== '--' && word !== '-P' && word !== '-L');
  const target = args[0] === '-' ? (shell.get('OLDPWD') ?? '/') : (args[0] ?? shell.get('HOME') ?? '/');
  const path = absolutePath(shell.cwd, target);
  const { fs } = shell.process.host;
  try {
    if (fs.stat(path).kind !== 'directory') throw new FileError('ENOTDIR');
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    await say(streams.stderr, `${shell.name}: cd: can't cd to ${target}: ${error.message}\n`);
    return 2;
  }
  shell.set('OLDPWD', shell.cwd);
  shell.cwd = path;
  shell.set('PWD', path);
  if (args[0] === '-') await say(streams.stdout, `${path}\n`);
  return 0;
}

async function read(shell: Shell, words: readonly string[], streams: Streams): Promise<number> {
  const names: string[] = [];
  let raw = false;
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!;
    if (word === '-p') await say(streams.stderr, words[++at] ?? '');
    else if (word === '-t' || word === '-n') at++;
    else if (/^-[rs]+$/.test(word)) raw ||= word.includes('r');
    else names.push(word);
  }
  if (names.length === 0) names.push('REPLY');
  let line = '';
  let ended = false;
  for (;;) {
    const bytes = await streams.stdin.readLine(shell.signal);
    if (bytes === undefined) {
      ended = true;
      break;
    }
    const text = decoder.decode(bytes);
    const body = text.replace(/\n$/, '');
    if (!text.endsWith('\n')) ended = true;
    if (!raw && /(^|[^\\])(\\\\)*\\$/.test(body)) {
      line += body.slice(0, -1);
      continue;
    }
    line += body;
    break;
  }
  if (!raw) line = line.replace(/\\(.)/g, '$1');
  const separators = shell.get('IFS') ?? ' \t\n';
  const blank = [...separators].filter((character) => /\s/.test(character)).join('');
  const trim = (text: string) => {
    let [from, to] = [0, text.length];
    while (from < to && blank.includes(text[from]!)) from++;
    while (to > from && blank.includes(text[to - 1]!)) to--;
    return text.slice(from, to);
  };
  let rest = trim(line);
  names.forEach((name, index) => {
    if (index === names.length - 1) return shell.set(name, rest);
    const end = [...rest].findIndex((character) => separators.includes(character));
    shell.set(name, end < 0 ? rest : rest.slice(0, end));
    rest = end < 0 ? '' : trim(rest.slice(end + 1));
  });
  return ended ? 1 : 0;
}

async function set(shell: Shell, words: readonly string[], streams: Streams): Promise<number> {
  if (words.length === 1) {
    const lines = [...shell.variables].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, { value }] of lines) await say(streams.stdout, `${name}=${quoted(value)}\n`);
    return 0;
  }
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') {
      shell.positional = words.slice(at + 1);
      return 0;
    }
    if (!/^[-+]./.test(word)) {
      shell.positional = words.slice(at);
      return 0;
    }
    for (const letter of word.slice(1)) {
      const option = letter === 'o' ? optionNames[words[++at] ?? ''] : letter;
      if (option === undefined) continue;
      if (word.startsWith('-')) shell.options.add(option);
      else shell.options.delete(option);
    }
  }
  return 0;
}

async function declare(
  shell: Shell,
  words: readonly string[],
  streams: Streams,
  mark: 'exported' | 'readOnly',
): Promise<number> {
  const args = words.slice(1).filter((word) => word !== '-p' && word !== '--');
  if (args.length === 0) {
    for (const [name, variable] of shell.variables) {
      if (variable[mark]) await say(streams.stdout, `${words[0]} ${name}=${quoted(variable.value)}\n`);
    }
  }
  for (const arg of args) {
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new ProgramError(`${name}: bad variable name`, 2);
    if (equals >= 0) shell.set(name, arg.slice(equals + 1));
    else if (shell.get(name) === undefined) shell.set(name, '');
    shell.variables.get(name)![mark] = true;
  }
  return 0;
}

async function describe(
  shell: Shell,
  words: readonly string[],
  streams: Streams,
  brief: boolean,
): Promise<number> {
  let status = 0;
  for (const name of words) {
    if (shell.functions.has(name)) await say(streams.stdout, brief ? `${name}\n` : `${name} is a function\n`);
    else if (Object.hasOwn(builtins, name))
      await say(streams.stdout, brief ? `${name}\n` : `${name} is a shell builtin\n`);
    else {
      try {
        const path = shell.get('PATH') ?? defaultPath;
        const { file } = findExecutable(shell.process.host, [name], path, shell.cwd);
        await say(streams.stdout, brief ? `${file}\n` : `${name} is ${file}\n`);
      } catch (error) {
        if (!(error instanceof NotExecutableError)) throw error;
        if (!brief) await say(streams.stderr, `${name}: not found\n`);
        status = 127;
      }
    }
  }
  return status;
}

/** What only the shell itself can do: it changes the shell. */
export const builtins: Readonly<Record<string, Builtin>> = {
  ':': () => 0,
  cd: changeDirectory,
  async pwd(shell, _words, streams) {
    await say(streams.stdout, `${shell.cwd}\n`);
    return 0;
  },
  exit: (shell, words) => {
    throw new Flow('exit', count(words[1], shell.status) & 255);
  },
  return: (shell, words) => {
    throw new Flow('return', count(words[1], shell.status) & 255);
  },
  break: (_shell, words) => {
    throw new Flow('break', Math.max(1, count(words[1], 1)));
  },
  continue: (_shell, words) => {
    throw new Flow('continue', Math.max(1, count(words[1], 1)));
  },
  export: (shell, words, streams) => declare(shell, words, streams, 'exported'),
  readonly: (shell, words, streams) => declare(shell, words, streams, 'readOnly'),
  unset(shell, words) {
    const functions = words[1] === '-f';
    for (const name of words.slice(1)) {
      if (name.startsWith('-')) continue;
      if (functions) shell.functions.delete(name);
      else shell.unset(name);
    }
    return 0;
  },
  local(shell, words) {
    const saved = shell.locals.at(-1);
    if (saved === undefined) throw new ProgramError('not in a function', 2);
    for (const word of words.slice(1)) {
      const [name = '', ...value] = word.split('=');
      const present = shell.variables.get(name);
      if (!saved.has(name)) saved.set(name, present === undefined ? undefined : { ...present });
      shell.set(name, value.join('='));
    }
    return 0;
  },
  set,
  shift(shell, words) {
    const by = count(words[1], 1);
    if (by > shell.positional.length) throw new ProgramError("can't shift that many", 2);
    shell.positional = shell.positional.slice(by);
    return 0;
  },
  read,
  async eval(shell, words, streams) {
    return shell.run(parseScript(words.slice(1).join(' ')), streams);
  },
  async '.'(shell, words, streams) {
    const file = words[1];
    if (file === undefined) throw new ProgramError('filename argument required', 2);
    try {
      return await shell.run(parseScript(shell.readScript(file)), streams);
    } catch (error) {
      if (error instanceof Flow && error.kind === 'return') return error.value;
      throw error;
    }
  },
  source: (shell, words, streams) => builtins['.']!(shell, words, streams),
  async exec(shell, words, streams) {
    if (words.length === 1) return 0;
    throw new Flow('exit', await shell.command(words.slice(1), streams));
  },
  async command(shell, words, streams) {
    if (words[1] === '-v') return describe(shell, words.slice(2), streams, true);
    if (words[1] === '-V') return describe(shell, words.slice(2), streams, false);
    const rest = words.slice(1);
    if (rest.length === 0) return 0;
    const builtin = Object.hasOwn(builtins, rest[0]!) ? builtins[rest[0]!] : undefined;
    return builtin === undefined ? shell.command(rest, streams) : builtin(shell, rest, streams);
  },
  type: (shell, words, streams) => describe(shell, words.slice(1), streams, false),
  hash: () => 0,
  umask: async (_shell, words, streams) => {
    if (words.length === 1) await say(streams.stdout, '0022\n');
    return 0;
  },
  trap(shell, words) {
    const [action, ...names] = words.slice(words[1] === '--' ? 2 : 1);
    if (action === undefined) return 0;
    // With one operand that is a signal, or a number first, all of them are signals whose actions are taken away.
    const resets = action === '-' || names.length === 0 || /^\d+$/.test(action);
    for (const name of resets && action !== '-' ? [action, ...names] : names)
      shell.traps.set(signalName(name), resets ? undefined : action);
    return 0;
  },
  async wait(shell, words) {
    const pids = words.length > 1 ? words.slice(1).map((word) => count(word, 0)) : [...shell.jobs.keys()];
    let status = 0;
    for (const pid of pids) {
      const job = shell.jobs.get(pid);
      if (words.length > 1 && job === undefined) return 127;
      if (job !== undefined) {
        const ended = await shell.traps.waitFor(job, shell.signal);
        if (ended.caught) return ended.status;
        ({ status } = ended);
      } else status = 127;
      shell.jobs.delete(pid);
    }
    return words.length > 1 ? status : 0;
  },
  async jobs(shell, _words, streams) {
    let number = 0;
    for (const pid of shell.jobs.keys())
      if (shell.process.host.processes.has(pid))
        await say(streams.stdout, `[${++number}]  Running  ${pid}\n`);
    return 0;
  },
};
