import { FileError, type FileNode } from '../files/index.ts';
import { ProgramError, type Process, type Program } from '../shell/index.ts';
import { pathOf } from './io.ts';
import { sizeOf } from './listing.ts';

function nodeAt(process: Process, path: string, follow = true): FileNode | undefined {
  try {
    return follow
      ? process.host.fs.stat(pathOf(process, path))
      : process.host.fs.lstat(pathOf(process, path));
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

function number(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw new ProgramError(`${text}: bad number`, 2);
  return Number(text);
}

function unary(process: Process, operator: string, operand: string): boolean | undefined {
  const node = () => nodeAt(process, operand);
  switch (operator) {
    case '-n':
      return operand !== '';
    case '-z':
      return operand === '';
    case '-e':
    case '-a':
      return node() !== undefined;
    case '-f':
      return node()?.kind === 'file';
    case '-d':
      return node()?.kind === 'directory';
    case '-c':
      return node()?.kind === 'device';
    case '-h':
    case '-L':
      return nodeAt(process, operand, false)?.kind === 'link';
    case '-s': {
      const found = node();
      return found !== undefined && sizeOf(found) > 0;
    }
    case '-r':
    case '-w':
      return node() !== undefined;
    case '-x': {
      const found = node();
      return found !== undefined && (found.mode & 0o111) !== 0;
    }
    case '-t':
      return process.terminal !== undefined;
    case '-b':
    case '-p':
    case '-S':
    case '-g':
    case '-u':
    case '-k':
      return false;
    default:
      return undefined;
  }
}

function binary(process: Process, left: string, operator: string, right: string): boolean | undefined {
  switch (operator) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '-eq':
      return number(left) === number(right);
    case '-ne':
      return number(left) !== number(right);
    case '-lt':
      return number(left) < number(right);
    case '-le':
      return number(left) <= number(right);
    case '-gt':
      return number(left) > number(right);
    case '-ge':
      return number(left) >= number(right);
    case '-nt':
    case '-ot': {
      const [a, b] = [nodeAt(process, left)?.mtimeMs ?? 0, nodeAt(process, right)?.mtimeMs ?? 0];
      return operator === '-nt' ? a > b : a < b;
    }
    case '-ef':
      return nodeAt(process, left) !== undefined && nodeAt(process, left) === nodeAt(process, right);
    default:
      return undefined;
  }
}

/** `test`, `[` and `[[`. */
export const test: Program = (process) => {
  const [name = 'test', ...args] = process.args;
  const bracket = /\[\[?$/.exec(name)?.[0];
  if (bracket !== undefined && args.pop() !== (bracket === '[' ? ']' : ']]'))
    throw new ProgramError(`missing ${bracket === '[' ? ']' : ']]'}`, 2);
  let at = 0;

  function primary(): boolean {
    const [first, second, third] = [args[at], args[at + 1], args[at + 2]];
    if (first === undefined) return false;
    if (third !== undefined) {
      const result = binary(process, first, second!, third);
      if (result !== undefined) {
        at += 3;
        return result;
      }
    }
    if (first === '!') {
      at++;
      return !primary();
    }
    if (first === '(') {
      at++;
      const result = or();
      if (args[at++] !== ')') throw new ProgramError('closing paren expected', 2);
      return result;
    }
    if (second !== undefined && second !== '-a' && second !== '-o') {
      const result = unary(process, first, second);
      if (result === undefined) throw new ProgramError(`${second}: unknown operand`, 2);
      at += 2;
      return result;
    }
    at++;
    return first !== '';
  }
  function and(): boolean {
    let result = primary();
    while (args[at] === '-a') {
      at++;
      result = primary() && result;
    }
    return result;
  }
  function or(): boolean {
    let result = and();
    while (args[at] === '-o') {
      at++;
      result = and() || result;
    }
    return result;
  }
  if (args.length === 0) return 1;
  const result = or();
  if (at < args.length) throw new ProgramError(`${args[at]}: unknown operand`, 2);
  return result ? 0 : 1;
};
