import { fileSink, ProgramError, type Program } from '../shell/index.ts';

import { decoder, encoder, forEachInput, lines, openInput, out, pathOf } from './io.ts';
import { integer, parseOptions } from './options.ts';

const cat: Program = async (process) => {
  const { operands, has } = parseOptions(process.args, 'nuvAetbs');
  let number = 0;
  return forEachInput(process, operands, async (input) => {
    if (has('n')) {
      for await (const line of lines(process, input))
        await out(process, `${String(++number).padStart(6)}\t${line}\n`);
      return;
    }
    for (;;) {
      const bytes = await input.read(process.signal);
      if (bytes === undefined) return;
      await process.stdout.write(bytes);
    }
  });
};

/** `-5` as `-n 5`. */
function withCount(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => (index > 0 && /^-\d+$/.test(arg) ? ['-n', arg.slice(1)] : [arg]));
}

const head: Program = async (process) => {
  const options = parseOptions(withCount(process.args), 'n:c:qv');
  const bytesWanted = options.value('c');
  const many = options.operands.length > 1;
  return forEachInput(process, options.operands, async (input, name) => {
    if (many && !options.has('q')) await out(process, `==> ${name} <==\n`);
    if (bytesWanted !== undefined) {
      let left = integer(bytesWanted, 0);
      while (left > 0) {
        const bytes = await input.read(process.signal);
        if (bytes === undefined) break;
        await process.stdout.write(bytes.subarray(0, left));
        left -= bytes.length;
      }
      input.cancel();
      return;
    }
    const wanted = integer(options.value('n'), 10);
    for (let left = wanted; left > 0; left--) {
      const line = await input.readLine(process.signal);
      if (line === undefined) break;
      await process.stdout.write(line);
    }
  });
};

/** How often `tail -f` looks at its file. */
const followMs = 250;

const tail: Program = async (process) => {
  const options = parseOptions(withCount(process.args), 'n:c:fFqs:');
  const { host, signal } = process;
  const wanted = options.value('n') ?? '10';
  const many = options.operands.length > 1;
  const status = await forEachInput(process, options.operands, async (input, name) => {
    if (many && !options.has('q')) await out(process, `==> ${name} <==\n`);
    const all = await input.readAll(signal);
    const size = options.value('c');
    if (size !== undefined) {
      const count = integer(size, 0);
      return process.stdout.write(
        size.startsWith('+') ? all.slice(Math.max(0, count - 1)) : all.slice(-Math.abs(count) || all.length),
      );
    }
    const text = decoder.decode(all);
    const parts = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    const kept = wanted.startsWith('+')
      ? parts.slice(Math.max(0, integer(wanted, 1) - 1))
      : parts.slice(-Math.abs(integer(wanted, 10)) || parts.length);
    await process.stdout.write(encoder.encode(kept.join('')));
  });
  const [name] = options.operands;
  if ((!options.has('f') && !options.has('F')) || name === undefined) return status;
  const path = pathOf(process, name);
  let at = host.fs.exists(path) ? host.fs.readFile(path).length : 0;
  for (;;) {
    await host.clock.sleep(followMs, signal);
    const data = host.fs.exists(path) ? host.fs.readFile(path) : new Uint8Array();
    if (data.length < at) at = 0;
    if (data.length > at) await process.stdout.write(data.slice(at));
    at = data.length;
  }
};

const wc: Program = async (process) => {
  const options = parseOptions(process.args, 'lwcm');
  const all = !['l', 'w', 'c', 'm'].some((letter) => options.has(letter));
  const show = (counts: readonly [number, number, number], name: string) => {
    const shown = [
      all || options.has('l'),
      all || options.has('w'),
      all || options.has('c') || options.has('m'),
    ];
    const values = counts.filter((_count, index) => shown[index]).map(String);
    const padded =
      values.length === 1 && name === '-'
        ? values
        : values.map((value) => value.padStart(name === '-' ? 7 : 0));
    return out(process, `${padded.join(' ')}${name === '-' ? '' : ` ${name}`}\n`);
  };
  const total: [number, number, number] = [0, 0, 0];
  const status = await forEachInput(process, options.operands, async (input, name) => {
    const counts: [number, number, number] = [0, 0, 0];
    let inWord = false;
    for (;;) {
      const bytes = await input.read(process.signal);
      if (bytes === undefined) break;
      counts[2] += bytes.length;
      for (const byte of bytes) {
        if (byte === 10) counts[0]++;
        const blank = byte === 32 || (byte >= 9 && byte <= 13);
        if (!blank && !inWord) counts[1]++;
        inWord = !blank;
      }
    }
    counts.forEach((count, index) => (total[index]! += count));
    await show(counts, name);
  });
  if (options.operands.length > 1) await show(total, 'total');
  return status;
};

const sort: Program = async (process) => {
  const options = parseOptions(process.args, 'nrufk:t:o:bs');
  const all: string[] = [];
  const status = await forEachInput(process, options.operands, async (input) => {
    for await (const line of lines(process, input)) all.push(line);
  });
  const separator = options.value('t');
  const column = options.value('k') === undefined ? 0 : Number.parseInt(options.value('k')!, 10);
  const numeric = options.has('n') || /n/.test(options.value('k') ?? '');
  const keyOf = (line: string) => {
    const key =
      column === 0
        ? line
        : (separator === undefined ? line.trim().split(/\s+/) : line.split(separator))
            .slice(column - 1)
            .join(separator ?? ' ');
    return options.has('f') ? key.toLowerCase() : key;
  };
  const compare = (a: string, b: string) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    if (numeric) {
      const difference = (Number.parseFloat(left) || 0) - (Number.parseFloat(right) || 0);
      if (difference !== 0) return difference;
    }
    return left < right ? -1 : left > right ? 1 : 0;
  };
  all.sort(compare);
  if (options.has('r')) all.reverse();
  const kept = options.has('u')
    ? all.filter((line, index) => index === 0 || compare(line, all[index - 1]!) !== 0)
    : all;
  await out(process, kept.map((line) => `${line}\n`).join(''));
  return status;
};

const uniq: Program = async (process) => {
  const options = parseOptions(process.args, 'cdui');
  const input = openInput(process, options.operands[0] ?? '-');
  let previous: string | undefined;
  let count = 0;
  const flush = async () => {
    if (previous === undefined || (options.has('d') && count < 2) || (options.has('u') && count > 1)) return;
    await out(process, options.has('c') ? `${String(count).padStart(7)} ${previous}\n` : `${previous}\n`);
  };
  for await (const line of lines(process, input)) {
    if (line === previous) count++;
    else {
      await flush();
      previous = line;
      count = 1;
    }
  }
  await flush();
  return 0;
};

function ranges(text: string): (index: number) => boolean {
  const parts = text.split(',').map((part) => {
    const match = /^(\d*)(-?)(\d*)$/.exec(part);
    if (match === null) throw new ProgramError(`invalid range '${part}'`);
    const from = match[1] === '' ? 1 : Number(match[1]);
    return {
      from,
      to: match[2] === '' ? from : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]),
    };
  });
  return (index) => parts.some(({ from, to }) => index >= from && index <= to);
}

const cut: Program = async (process) => {
  const options = parseOptions(process.args, 'd:f:c:b:s');
  const fields = options.value('f');
  const wanted = ranges(fields ?? options.value('c') ?? options.value('b') ?? '1-');
  const separator = options.value('d') ?? '\t';
  return forEachInput(process, options.operands, async (input) => {
    for await (const line of lines(process, input)) {
      if (fields === undefined)
        await out(process, `${[...line].filter((_c, index) => wanted(index + 1)).join('')}\n`);
      else if (!line.includes(separator)) {
        if (!options.has('s')) await out(process, `${line}\n`);
      } else
        await out(
          process,
          `${line
            .split(separator)
            .filter((_field, index) => wanted(index + 1))
            .join(separator)}\n`,
        );
    }
  });
};

function characters(set: string): string[] {
  const plain = set
    .replace(/\[:upper:\]/g, 'A-Z')
    .replace(/\[:lower:\]/g, 'a-z')
    .replace(/\[:digit:\]/g, '0-9')
    .replace(/\[:alpha:\]/g, 'A-Za-z')
    .replace(/\[:alnum:\]/g, 'A-Za-z0-9')
    .replace(/\[:space:\]/g, ' \t\n\r\f\v')
    .replace(
      /\\([nrt0\\])/g,
      (_all, letter: string) => ({ n: '\n', r: '\r', t: '\t', '0': '\0' })[letter] ?? letter,
    );
  const found: string[] = [];
  for (let at = 0; at < plain.length; at++) {
    if (plain[at + 1] === '-' && at + 2 < plain.length) {
      for (let code = plain.charCodeAt(at); code <= plain.charCodeAt(at + 2); code++)
        found.push(String.fromCharCode(code));
      at += 2;
    } else found.push(plain[at]!);
  }
  return found;
}

const tr: Program = async (process) => {
  const options = parseOptions(process.args, 'dscC');
  const [first = '', second = ''] = options.operands;
  const complement = options.has('c') || options.has('C');
  const from = characters(first);
  const to = characters(second);
  const inSet = (character: string) => from.includes(character) !== complement;
  let last = '';
  for (;;) {
    const bytes = await process.stdin.read(process.signal);
    if (bytes === undefined) return 0;
    let text = '';
    for (const character of decoder.decode(bytes)) {
      if (options.has('d') && inSet(character)) continue;
      let result = character;
      if (!options.has('d') && to.length > 0 && inSet(character))
        result = complement ? to.at(-1)! : (to[from.indexOf(character)] ?? to.at(-1)!);
      const squeezed = to.length > 0 && !options.has('d') ? to : from;
      if (options.has('s') && result === last && squeezed.includes(result)) continue;
      text += result;
      last = result;
    }
    await out(process, text);
  }
};

const tee: Program = async (process) => {
  const options = parseOptions(process.args, 'ai');
  const sinks = options.operands.map((name) =>
    fileSink(process.host.fs, process.host.fs.open(pathOf(process, name), !options.has('a')), process),
  );
  for (;;) {
    const bytes = await process.stdin.read(process.signal);
    if (bytes === undefined) return 0;
    for (const sink of sinks) await sink.write(bytes);
    await process.stdout.write(bytes);
  }
};

const base64: Program = async (process) => {
  const options = parseOptions(process.args, 'dw:', { decode: 'd', wrap: 'w' });
  const bytes = await openInput(process, options.operands[0] ?? '-').readAll(process.signal);
  if (options.has('d')) {
    try {
      await process.stdout.write(
        Uint8Array.from(atob(decoder.decode(bytes).replace(/\s/g, '')), (c) => c.charCodeAt(0)),
      );
      return 0;
    } catch {
      throw new ProgramError('invalid input');
    }
  }
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const width = integer(options.value('w'), 76);
  const text = btoa(binary);
  await out(process, width === 0 ? text : `${text.replace(new RegExp(`(.{${width}})(?=.)`, 'g'), '$1\n')}\n`);
  return 0;
};

const bytesPerRow = 16;
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** `hexdump -C`: bytes in two groups of eight, and what of them can be printed. */
function canonicalRow(row: Uint8Array): string {
  const cells = Array.from({ length: bytesPerRow }, (_, at) =>
    at < row.length ? hex(row[at] ?? 0, 2) : '  ',
  );
  const shown = [...row].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
  return ` ${cells.slice(0, 8).join(' ')}  ${cells.slice(8).join(' ')}  |${shown}|`;
}

/** As hexdump does by itself: two bytes a word, the lower one first. */
function wordRow(row: Uint8Array): string {
  const words = Array.from({ length: bytesPerRow / 2 }, (_, at) =>
    at * 2 < row.length ? hex((row[at * 2] ?? 0) + (row[at * 2 + 1] ?? 0) * 256, 4) : '    ',
  );
  return words.join(' ');
}

const hexdump: Program = async (process) => {
  const options = parseOptions(process.args, 'Cvn:s:');
  const files = options.operands.length > 0 ? options.operands : ['-'];
  const parts: Uint8Array[] = [];
  for (const file of files) parts.push(await openInput(process, file).readAll(process.signal));
  const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
  const skip = integer(options.value('s'), 0);
  const end = Math.min(whole.length, skip + integer(options.value('n'), whole.length));
  const canonical = options.has('C');
  const digits = canonical ? 8 : 7;
  let before: string | undefined;
  let starred = false;
  for (let at = skip; at < end; at += bytesPerRow) {
    const row = whole.subarray(at, Math.min(end, at + bytesPerRow));
    const text = canonical ? canonicalRow(row) : wordRow(row);
    // Rows that say the same again are a star, once.
    const again = text === before && row.length === bytesPerRow && !options.has('v');
    if (!again) await out(process, `${hex(at, digits)} ${text}\n`);
    else if (!starred) await out(process, '*\n');
    starred = again;
    before = text;
  }
  if (end > skip) await out(process, `${hex(end, digits)}\n`);
  return 0;
};

const rev: Program = (process) =>
  forEachInput(process, parseOptions(process.args, '').operands, async (input) => {
    for await (const line of lines(process, input)) await out(process, `${[...line].reverse().join('')}\n`);
  });

export const textPrograms: Readonly<Record<string, Program>> = {
  cat,
  head,
  tail,
  wc,
  sort,
  uniq,
  cut,
  tr,
  tee,
  base64,
  hexdump,
  rev,
};
