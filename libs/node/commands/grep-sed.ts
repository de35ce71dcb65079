import { ProgramError, type Program } from '../shell/index.ts';
import { complain, decoder, forEachInput, lines, openInput, out, pathOf } from './io.ts';
import { parseOptions } from './options.ts';

/** A POSIX expression as JavaScript's: in basic ones `\(` groups and `(` is plain. */
function regularExpression(pattern: string, extended: boolean, fixed: boolean, flags: string): RegExp {
  let source = '';
  if (fixed) source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  else {
    for (let at = 0; at < pattern.length; at++) {
      const character = pattern[at]!;
      if (character === '[') {
        const end = pattern.indexOf(']', at + (/^\[\^?\]/.test(pattern.slice(at)) ? 3 : 1));
        if (end < 0) throw new ProgramError('unmatched [', 2);
        let close = end;
        // A class such as [[:digit:]] ends one bracket later.
        while (
          pattern.slice(at, close + 1).match(/\[:/g)?.length !==
          pattern.slice(at, close + 1).match(/:\]/g)?.length
        ) {
          const next = pattern.indexOf(']', close + 1);
          if (next < 0) break;
          close = next;
        }
        if (/\[:\w+:\]$/.test(pattern.slice(at, close + 1)) && pattern[close + 1] === ']') close++;
        source += `[${pattern
          .slice(at + 1, close)
          .replace(
            /\[:(\w+):\]/g,
            (_all, name: string) =>
              ({
                digit: '0-9',
                alpha: 'A-Za-z',
                alnum: 'A-Za-z0-9',
                space: '\\s',
                upper: 'A-Z',
                lower: 'a-z',
              })[name] ?? '',
          )
          .replace(/\[/g, '\\[')}]`;
        at = close;
      } else if (character === '\\') {
        const next = pattern[++at] ?? '\\';
        if (!extended && '(){}|+?'.includes(next)) source += next;
        else source += /[<>]/.test(next) ? '\\b' : `\\${next}`;
      } else if (!extended && '(){}|+?'.includes(character)) source += `\\${character}`;
      else source += character;
    }
  }
  try {
    return new RegExp(source, flags);
  } catch {
    throw new ProgramError(`bad regex '${pattern}'`, 2);
  }
}

const grep: Program = async (process) => {
  const extendedName = process.args[0]?.endsWith('egrep') === true;
  const options = parseOptions(process.args, 'EFGivnclqowxhHrRsae:m:A:B:', {
    color: 'a',
    quiet: 'q',
    count: 'c',
  });
  const operands = [...options.operands];
  const pattern = options.value('e') ?? operands.shift();
  if (pattern === undefined) throw new ProgramError('no pattern given', 2);
  let expression = regularExpression(
    pattern,
    options.has('E') || extendedName,
    options.has('F') || process.args[0]?.endsWith('fgrep') === true,
    options.has('i') ? 'gi' : 'g',
  );
  if (options.has('w')) expression = new RegExp(`\\b(?:${expression.source})\\b`, expression.flags);
  if (options.has('x')) expression = new RegExp(`^(?:${expression.source})$`, expression.flags);
  const recursive = options.has('r') || options.has('R');
  const { fs } = process.host;
  const expand = (name: string): string[] => {
    const path = pathOf(process, name);
    if (!recursive || name === '-' || !fs.exists(path)) return [name];
    const node = fs.stat(path);
    return node.kind === 'directory'
      ? [...node.entries.keys()].sort().flatMap((entry) => expand(`${name}/${entry}`))
      : [name];
  };
  const names = recursive && operands.length === 0 ? expand('.') : operands.flatMap(expand);
  const labelled = (names.length > 1 || recursive || options.has('H')) && !options.has('h');
  const limit = options.has('m') ? Number(options.value('m')) : Number.POSITIVE_INFINITY;
  let matched = 0;
  const failed = await forEachInput(process, names, async (input, name) => {
    const label = labelled ? `${name}:` : '';
    let count = 0;
    let number = 0;
    for await (const line of lines(process, input)) {
      number++;
      expression.lastIndex = 0;
      if (expression.test(line) === options.has('v')) continue;
      count++;
      matched++;
      if (options.has('q')) break;
      if (options.has('l')) break;
      if (!options.has('c')) {
        const place = `${label}${options.has('n') ? `${number}:` : ''}`;
        const shown = options.has('o') ? (line.match(expression) ?? []) : [line];
        for (const text of shown) await out(process, `${place}${text}\n`);
      }
      if (count >= limit) break;
    }
    if (options.has('l') && count > 0) await out(process, `${name}\n`);
    if (options.has('c') && !options.has('q')) await out(process, `${label}${count}\n`);
  });
  if (failed !== 0 && !(options.has('q') && matched > 0)) return 2;
  return matched > 0 ? 0 : 1;
};

interface SedCommand {
  readonly from: Address | undefined;
  readonly to: Address | undefined;
  readonly negated: boolean;
  readonly kind: 's' | 'd' | 'p' | 'q' | 'a' | 'i' | 'c' | 'y' | '=';
  readonly expression?: RegExp;
  readonly replacement?: string;
  readonly print?: boolean;
  readonly text?: string;
  active: boolean;
}

type Address = number | '$' | RegExp;

function parseSed(script: string, extended: boolean): SedCommand[] {
  const commands: SedCommand[] = [];
  let at = 0;
  const skip = (set: RegExp) => {
    while (at < script.length && set.test(script[at]!)) at++;
  };
  const delimited = (delimiter: string) => {
    let text = '';
    while (at < script.length && script[at] !== delimiter) {
      if (script[at] === '\\' && script[at + 1] === delimiter) at++;
      else if (script[at] === '\\') text += script[at++]!;
      text += script[at++] ?? '';
    }
    if (script[at] !== delimiter) throw new ProgramError('unterminated expression');
    at++;
    return text;
  };
  const address = (): Address | undefined => {
    if (script[at] === '$') {
      at++;
      return '$';
    }
    const digits = /^\d+/.exec(script.slice(at))?.[0];
    if (digits !== undefined) {
      at += digits.length;
      return Number(digits);
    }
    if (script[at] !== '/') return undefined;
    at++;
    return regularExpression(delimited('/'), extended, false, '');
  };
  for (;;) {
    skip(/[\s;]/);
    if (at >= script.length) return commands;
    const from = address();
    let to: Address | undefined;
    if (script[at] === ',') {
      at++;
      to = address();
    }
    skip(/\s/);
    const negated = script[at] === '!';
    if (negated) at++;
    const kind = script[at++] ?? '';
    const base = { from, to, negated, active: false };
    if (kind === 's' || kind === 'y') {
      const delimiter = script[at++] ?? '/';
      const pattern = delimited(delimiter);
      const replacement = delimited(delimiter);
      const flags = /^[gpiI0-9]*/.exec(script.slice(at))![0];
      at += flags.length;
      const expression = regularExpression(
        kind === 'y' ? '' : pattern,
        extended,
        false,
        `${flags.includes('g') ? 'g' : ''}${/i/i.test(flags) ? 'i' : ''}`,
      );
      commands.push({ ...base, kind, expression, replacement, print: flags.includes('p'), text: pattern });
    } else if (kind === 'a' || kind === 'i' || kind === 'c') {
      const text = script.slice(at).split('\n')[0] ?? '';
      at += text.length;
      commands.push({ ...base, kind, text: text.replace(/^\\?\s*/, '') });
    } else if (kind === 'd' || kind === 'p' || kind === 'q' || kind === '=') commands.push({ ...base, kind });
    else throw new ProgramError(`unsupported command ${kind}`);
  }
}

function substitute(line: string, command: SedCommand): string {
  const replacement = command.replacement ?? '';
  return line.replace(command.expression!, (...args: unknown[]) => {
    const groups = args as string[];
    return replacement.replace(/\\(\d)|\\n|\\(.)|&/g, (all, digit?: string, other?: string) =>
      digit !== undefined
        ? (groups[Number(digit)] ?? '')
        : all === '&'
          ? groups[0]!
          : all === '\\n'
            ? '\n'
            : (other ?? ''),
    );
  });
}

const sed: Program = async (process) => {
  const options = parseOptions(process.args, 'nErie:', { quiet: 'n', expression: 'e', 'in-place': 'i' });
  const operands = [...options.operands];
  const script = options.value('e') ?? operands.shift();
  if (script === undefined) throw new ProgramError('no script given');
  const commands = parseSed(script, options.has('E') || options.has('r'));
  const edit = (all: readonly string[]): string => {
    let result = '';
    commands.forEach((command) => (command.active = false));
    for (const [index, original] of all.entries()) {
      let line: string | undefined = original;
      const number = index + 1;
      const last = number === all.length;
      const hits = (address: Address) =>
        address === '$' ? last : typeof address === 'number' ? number === address : address.test(line ?? '');
      const applies = (command: SedCommand): boolean => {
        if (command.from === undefined) return true;
        if (command.to === undefined) return hits(command.from);
        if (command.active) {
          if (hits(command.to) || (typeof command.to === 'number' && number >= command.to))
            command.active = false;
          return true;
        }
        if (!hits(command.from)) return false;
        command.active = !(typeof command.to === 'number' && command.to <= number);
        return true;
      };
      let after = '';
      let quit = false;
      for (const command of commands) {
        if (line === undefined) break;
        if (applies(command) === command.negated) continue;
        if (command.kind === 's') {
          const changed: string = substitute(line, command);
          if (command.print === true && changed !== line) result += `${changed}\n`;
          line = changed;
        } else if (command.kind === 'y') {
          line = [...line].map((c) => command.replacement?.[command.text?.indexOf(c) ?? -1] ?? c).join('');
        } else if (command.kind === 'd') line = undefined;
        else if (command.kind === 'p') result += `${line}\n`;
        else if (command.kind === '=') result += `${number}\n`;
        else if (command.kind === 'i') result += `${command.text ?? ''}\n`;
        else if (command.kind === 'a') after += `${command.text ?? ''}\n`;
        else if (command.kind === 'c') {
          result += `${command.text ?? ''}\n`;
          line = undefined;
        } else {
          quit = true;
          break;
        }
      }
      if (line !== undefined && !options.has('n')) result += `${line}\n`;
      result += after;
      if (quit) break;
    }
    return result;
  };
  const split = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
  if (options.has('i')) {
    for (const name of operands) {
      const path = pathOf(process, name);
      const text = edit(split(decoder.decode(process.host.fs.readFile(path))));
      process.host.fs.writeFile(path, new TextEncoder().encode(text));
    }
    return 0;
  }
  let text = '';
  let status = 0;
  for (const name of operands.length === 0 ? ['-'] : operands) {
    try {
      text += decoder.decode(await openInput(process, name).readAll(process.signal));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'FileError') throw error;
      await complain(process, `${name}: ${error.message}`);
      status = 1;
    }
  }
  await out(process, edit(split(text)));
  return status;
};

export const patternPrograms: Readonly<Record<string, Program>> = { grep, egrep: grep, fgrep: grep, sed };
