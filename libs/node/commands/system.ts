import { humanDuration } from '@drydock/base/apimachinery';
import { createInput, Interrupted, ProgramError, type Process, type Program } from '../shell/index.ts';
import { emptySource } from '@drydock/base/streams';
import {
  defaultPath,
  findExecutable,
  NotExecutableError,
  signalName,
  signalNumbers,
} from '../shell/index.ts';
import { complain, decoder, lines, out } from './io.ts';
import { durationMs, parseOptions } from './options.ts';
import { run } from './run.ts';

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
  '\\': '\\',
};

function unescape(text: string): { text: string; stop: boolean } {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') {
      result += text[at]!;
      continue;
    }
    const next = text[++at] ?? '\\';
    if (next === 'c') return { text: result, stop: true };
    const octal = /^0?([0-7]{1,3})/.exec(text.slice(at))?.[0];
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(text.slice(at));
    if (hex !== null) {
      result += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      at += hex[0].length - 1;
    } else if (octal !== undefined) {
      result += String.fromCharCode(Number.parseInt(octal, 8));
      at += octal.length - 1;
    } else result += escapes[next] ?? `\\${next}`;
  }
  return { text: result, stop: false };
}

const echo: Program = async (process) => {
  const args = process.args.slice(1);
  let newline = true;
  let escaped = false;
  while (args[0] !== undefined && /^-[neE]+$/.test(args[0])) {
    const flags = args.shift()!;
    if (flags.includes('n')) newline = false;
    if (flags.includes('e')) escaped = true;
    if (flags.includes('E')) escaped = false;
  }
  const plain = args.join(' ');
  const { text, stop } = escaped ? unescape(plain) : { text: plain, stop: false };
  await out(process, newline && !stop ? `${text}\n` : text);
  return 0;
};

const printf: Program = async (process) => {
  const [, format, ...args] = process.args;
  if (format === undefined) throw new ProgramError('usage: printf FORMAT [ARG]...', 2);
  let status = 0;
  const rest = [...args];
  let result = '';
  do {
    const before = rest.length;
    const pattern = /%(-?0?\d*(?:\.\d+)?)([sdiuoxXcbqfe%])|\\(?:x[0-9a-fA-F]{1,2}|0?[0-7]{1,3}|[^])|%/g;
    result += format.replace(pattern, (all, width: string | undefined, kind: string | undefined) => {
      if (all.startsWith('\\')) return unescape(all).text;
      if (kind === '%' || kind === undefined) return '%';
      const value = rest.shift() ?? '';
      let text: string;
      if (kind === 's') text = value;
      else if (kind === 'c') text = value.slice(0, 1);
      else if (kind === 'b') text = unescape(value).text;
      else if (kind === 'q') text = /^[\w./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
      else {
        const number =
          value.startsWith("'") || value.startsWith('"')
            ? value.charCodeAt(1)
            : Number(value === '' ? 0 : value);
        if (Number.isNaN(number)) status = 1;
        const known = Number.isNaN(number) ? 0 : number;
        const precision = Number(/\.(\d+)/.exec(width ?? '')?.[1] ?? 6);
        if (kind === 'f') text = known.toFixed(precision);
        else if (kind === 'e') text = known.toExponential(precision);
        else text = Math.trunc(known).toString(kind === 'o' ? 8 : kind.toLowerCase() === 'x' ? 16 : 10);
        if (kind === 'X') text = text.toUpperCase();
      }
      const match = /^(-?)(0?)(\d*)(?:\.(\d+))?$/.exec(width ?? '');
      if (kind === 's' && match?.[4] !== undefined) text = text.slice(0, Number(match[4]));
      const size = Math.min(Number(match?.[3] || 0), 10_000);
      if (match?.[1] === '-') return text.padEnd(size);
      return match?.[2] === '0' && kind !== 's' ? text.padStart(size, '0') : text.padStart(size);
    });
    if (rest.length === before) break;
  } while (rest.length > 0);
  await out(process, result);
  return status;
};

const env: Program = async (process) => {
  const args = process.args.slice(1);
  const changed = new Map(process.env);
  for (;;) {
    const [arg] = args;
    if (arg === '-i' || arg === '-') changed.clear();
    else if (arg === '-u') {
      args.shift();
      changed.delete(args[0] ?? '');
    } else if (arg !== undefined && /^[^=-][^=]*=/.test(arg)) {
      const equals = arg.indexOf('=');
      changed.set(arg.slice(0, equals), arg.slice(equals + 1));
    } else break;
    args.shift();
  }
  if (args.length > 0) return run(process, args, { env: changed });
  for (const [name, value] of changed) await out(process, `${name}=${value}\n`);
  return 0;
};

const printenv: Program = async (process) => {
  const names = process.args.slice(1);
  if (names.length === 0) return env({ ...process, args: ['env'] });
  let status = 0;
  for (const name of names) {
    const value = process.env.get(name);
    if (value === undefined) status = 1;
    else await out(process, `${value}\n`);
  }
  return status;
};

const hostname: Program = async (process) => {
  const { hostname: name, fs } = process.host;
  if (process.args.includes('-i') || process.args.includes('-I')) {
    const hosts = decoder.decode(fs.readFile('/etc/hosts'));
    const address = hosts.split('\n').find((line) => line.split(/\s+/).slice(1).includes(name));
    await out(process, `${address?.split(/\s+/)[0] ?? '127.0.0.1'}\n`);
    return 0;
  }
  await out(process, `${name}\n`);
  return 0;
};

const sleep: Program = async (process) => {
  const times = process.args.slice(1);
  if (times.length === 0) throw new ProgramError('missing operand');
  const ms = times.reduce(
    (sum, text) => sum + (text === 'infinity' ? Number.POSITIVE_INFINITY : durationMs(text)),
    0,
  );
  for (let left = ms; left > 0; left -= maxTimerMs)
    await process.host.clock.sleep(Math.min(left, maxTimerMs), process.signal);
  return 0;
};
const maxTimerMs = 2_000_000_000;

const ps: Program = async (process) => {
  const { processes, clock, user } = process.host;
  await out(process, 'PID   USER     TIME  COMMAND\n');
  const name = user.uid === 0 ? 'root' : String(user.uid);
  for (const { pid, command, startedAtMs } of [...processes.values()].sort((a, b) => a.pid - b.pid)) {
    const seconds = Math.floor((clock.now() - startedAtMs) / 100_000);
    await out(
      process,
      `${String(pid).padStart(5)} ${name.padEnd(8)}  0:${String(Math.min(59, seconds)).padStart(2, '0')} ${command}\n`,
    );
  }
  return 0;
};

const kill: Program = async (process) => {
  let signal = 15;
  let status = 0;
  const args = process.args.slice(1);
  if (args[0] === '-l') {
    await out(process, `${Object.keys(signalNumbers).join(' ')}\n`);
    return 0;
  }
  if (args[0] === '-s') {
    args.shift();
    args[0] = `-${args[0] ?? ''}`;
  }
  if (args[0]?.startsWith('-') === true) {
    const name = signalName(args.shift()!.slice(1));
    const number = name === 'EXIT' ? 0 : /^\d+$/.test(name) ? Number(name) : signalNumbers[name];
    if (number === undefined) throw new ProgramError(`bad signal name '${name}'`);
    signal = number;
  }
  for (const arg of args) {
    const entry = process.host.processes.get(Number(arg));
    if (entry === undefined) {
      await complain(process, `can't kill pid ${arg}: No such process`);
      status = 1;
    } else if (signal !== 0) entry.kill(signal);
  }
  return status;
};

const date: Program = async (process) => {
  const args = process.args.slice(1).filter((arg) => arg !== '-u');
  const format = args.find((arg) => arg.startsWith('+'))?.slice(1);
  const given = args.indexOf('-d') >= 0 ? args[args.indexOf('-d') + 1] : undefined;
  const ms =
    given === undefined
      ? process.host.clock.now()
      : /^@\d+$/.test(given)
        ? Number(given.slice(1)) * 1000
        : Date.parse(given);
  if (Number.isNaN(ms)) throw new ProgramError(`invalid date '${given ?? ''}'`);
  const time = new Date(ms);
  const iso = time.toISOString();
  const [day = '', month = ''] = [time.toUTCString().slice(0, 3), time.toUTCString().slice(8, 11)];
  const values: Readonly<Record<string, string>> = {
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    e: String(time.getUTCDate()).padStart(2),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    s: String(Math.floor(ms / 1000)),
    N: String(Math.floor((ms % 1000) * 1e6)).padStart(9, '0'),
    a: day,
    b: month,
    Z: 'UTC',
    z: '+0000',
    '%': '%',
  };
  const text = (format ?? '%a %b %e %H:%M:%S UTC %Y').replace(
    /%(.)/g,
    (all, letter: string) => values[letter] ?? all,
  );
  await out(process, `${text}\n`);
  return 0;
};

const id: Program = async (process) => {
  const { uid, gid, groups } = process.host.user;
  const named = process.args.some((arg) => /^-\w*n/.test(arg));
  const wants = (letter: string) =>
    process.args.slice(1).some((arg) => arg.startsWith('-') && arg.includes(letter));
  const full = (number: number) => `${number}${number === 0 ? '(root)' : ''}`;
  const short = (number: number) => (named && number === 0 ? 'root' : String(number));
  const all = `uid=${full(uid)} gid=${full(gid)} groups=${groups.map(full).join(',')}`;
  const text = wants('u')
    ? short(uid)
    : wants('g')
      ? short(gid)
      : wants('G')
        ? groups.map(short).join(' ')
        : all;
  await out(process, `${text}\n`);
  return 0;
};

const whoami: Program = async (process) => {
  const { uid } = process.host.user;
  if (uid !== 0) throw new ProgramError(`unknown uid ${uid}`);
  await out(process, 'root\n');
  return 0;
};

const uname: Program = async (process) => {
  const options = parseOptions(process.args, 'asnrvmpo');
  const parts: readonly [string, string][] = [
    ['s', 'Linux'],
    ['n', process.host.hostname],
    ['r', '6.12.0-drydock'],
    ['v', '#1 SMP'],
    ['m', 'x86_64'],
    ['o', 'GNU/Linux'],
  ];
  const chosen = parts.filter(([letter]) => options.has('a') || options.has(letter));
  await out(process, `${(chosen.length === 0 ? [parts[0]!] : chosen).map(([, value]) => value).join(' ')}\n`);
  return 0;
};

const seq: Program = async (process) => {
  const options = parseOptions(
    process.args.map((arg) => (/^-\d/.test(arg) ? ` ${arg}` : arg)),
    's:w',
  );
  const numbers = options.operands.map((text) => Number(text));
  if (numbers.length === 0 || numbers.some(Number.isNaN)) throw new ProgramError('invalid number');
  const [first, step, last] =
    numbers.length === 1
      ? [1, 1, numbers[0]!]
      : numbers.length === 2
        ? [numbers[0]!, 1, numbers[1]!]
        : [numbers[0]!, numbers[1]!, numbers[2]!];
  if (step === 0) throw new ProgramError('zero increment');
  const separator = options.value('s') ?? '\n';
  let text = '';
  for (let value = first, count = 0; step > 0 ? value <= last : value >= last; value += step, count++) {
    text += `${count > 0 ? separator : ''}${value}`;
    if (text.length > 16_384) {
      await out(process, text);
      text = '';
      await process.host.clock.sleep(0, process.signal);
    }
  }
  await out(process, `${text}\n`);
  return 0;
};

const yes: Program = async (process) => {
  const line = `${process.args.slice(1).join(' ') || 'y'}\n`;
  for (;;) {
    await out(process, line.repeat(Math.max(1, Math.floor(8_192 / line.length))));
    await process.host.clock.sleep(0, process.signal);
  }
};

const which: Program = async (process) => {
  let status = 0;
  for (const name of process.args.slice(1)) {
    try {
      const { file } = findExecutable(
        process.host,
        [name],
        process.env.get('PATH') ?? defaultPath,
        process.cwd,
      );
      await out(process, `${file}\n`);
    } catch (error) {
      if (!(error instanceof NotExecutableError)) throw error;
      status = 1;
    }
  }
  return status;
};

const xargs: Program = async (process) => {
  const args = process.args.slice(1);
  let perCall = Number.POSITIVE_INFINITY;
  let replace: string | undefined;
  let zero = false;
  let skipEmpty = false;
  while (args[0]?.startsWith('-') === true) {
    const option = args.shift()!;
    if (option.startsWith('-n')) perCall = Number(option.slice(2) || args.shift());
    else if (option.startsWith('-I')) replace = option.slice(2) || args.shift();
    else if (option === '-0') zero = true;
    else if (option === '-r') skipEmpty = true;
    else if (option.startsWith('-P')) void (option.length > 2 || args.shift());
  }
  const command = args.length === 0 ? ['echo'] : args;
  const items: string[] = [];
  if (zero)
    items.push(
      ...decoder
        .decode(await process.stdin.readAll(process.signal))
        .split('\0')
        .filter((item) => item !== ''),
    );
  else {
    for await (const line of lines(process, process.stdin)) {
      if (replace !== undefined) items.push(line.trim());
      else
        items.push(
          ...(line.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((item) => item.replace(/^(["'])(.*)\1$/, '$2')),
        );
    }
  }
  if (items.length === 0 && skipEmpty) return 0;
  const stdin = createInput(emptySource());
  let status = 0;
  if (replace !== undefined) {
    const mark = replace;
    for (const item of items)
      if (
        (await run(
          process,
          command.map((word) => word.replaceAll(mark, item)),
          { stdin },
        )) !== 0
      )
        status = 123;
    return status;
  }
  const size = Number.isFinite(perCall) ? Math.max(1, perCall) : Math.max(1, items.length);
  for (let at = 0; at < Math.max(1, items.length); at += size) {
    const result = await run(process, [...command, ...items.slice(at, at + size)], { stdin });
    if (result !== 0) status = result === 127 || result === 126 ? result : 123;
  }
  return status;
};

const timeout: Program = async (process) => {
  const args = process.args.slice(1);
  while (args[0]?.startsWith('-') === true) if (/^-[ks]$/.test(args.shift()!)) args.shift();
  const [limit = '', ...command] = args;
  const stop = new AbortController();
  let late = false;
  const timer = process.host.clock.setTimeout(() => {
    late = true;
    stop.abort(new Interrupted());
  }, durationMs(limit));
  const relay = () => stop.abort(process.signal.reason);
  process.signal.addEventListener('abort', relay, { once: true });
  try {
    const status = await run(process, command, { signal: stop.signal });
    return late ? 143 : status;
  } finally {
    timer.cancel();
    process.signal.removeEventListener('abort', relay);
  }
};

const uptime: Program = async (process) => {
  const { clock, startedAtMs } = process.host;
  const now = new Date(clock.now()).toISOString().slice(11, 19);
  await out(
    process,
    ` ${now} up ${humanDuration(clock.now() - startedAtMs)},  0 users,  load average: 0.00, 0.00, 0.00\n`,
  );
  return 0;
};

const stty: Program = async (process) => {
  const { terminal } = process;
  if (terminal === undefined) throw new ProgramError('standard input: Not a tty');
  const { width, height } = terminal.size();
  if (process.args[1] === 'size') await out(process, `${height} ${width}\n`);
  else if (process.args.length === 1 || process.args[1] === '-a')
    await out(process, `speed 38400 baud; rows ${height}; columns ${width}; line = 0;\n`);
  return 0;
};

const tty: Program = async (process: Process) => {
  await out(process, process.terminal === undefined ? 'not a tty\n' : '/dev/pts/0\n');
  return process.terminal === undefined ? 1 : 0;
};

const nproc: Program = async (process) => {
  await out(process, '8\n');
  return 0;
};

export const systemPrograms: Readonly<Record<string, Program>> = {
  echo,
  printf,
  env,
  printenv,
  hostname,
  sleep,
  ps,
  kill,
  date,
  id,
  whoami,
  uname,
  seq,
  yes,
  which,
  xargs,
  timeout,
  uptime,
  stty,
  tty,
  nproc,
  true: () => 0,
  false: () => 1,
  pwd: async (process) => {
    await out(process, `${process.cwd}\n`);
    return 0;
  },
  clear: async (process) => {
    await out(process, '\x1b[H\x1b[2J');
    return 0;
  },
  mount: async (process) => {
    await out(process, decoder.decode(process.host.fs.readFile('/proc/mounts')));
    return 0;
  },
};
