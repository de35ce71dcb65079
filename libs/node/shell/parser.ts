import {
  IncompleteInputError,
  ShellSyntaxError,
  type Assignment,
  type Node,
  type Redirect,
  type Script,
  type Word,
} from './syntax.ts';
import { hereDocument, readWord, type Reader } from './words.ts';

const reserved = new Set('if then elif else fi while until do done for case esac in { } !'.split(' '));
const redirectPattern = /^(\d*)(<<<|<<-|<<|<>|<&|<|>>|>\||>&|>)|^(&>>?)/;
const assignmentPattern = /^([A-Za-z_][A-Za-z0-9_]*)(\+?)=/;
const maxDepth = 200;

interface PendingDocument {
  readonly delimiter: string;
  readonly expand: boolean;
  readonly stripTabs: boolean;
  accept(text: Word): void;
}

/** Parses a whole text. Throws IncompleteInputError when more lines could complete it, else ShellSyntaxError. */
export function parseScript(text: string): Script {
  return new Parser(text).whole();
}

function plainText(word: Word): string {
  return word.map((part) => (part.kind === 'text' ? part.text : '')).join('');
}

class Parser implements Reader {
  readonly text: string;
  at = 0;
  depth = 0;
  readonly documents: PendingDocument[] = [];

  constructor(text: string) {
    this.text = text;
  }

  parse(text: string): Script {
    return parseScript(text);
  }

  whole(): Script {
    const script = this.script(() => false);
    this.blanks();
    if (this.at < this.text.length) this.unexpected();
    if (this.documents.length > 0) throw new IncompleteInputError('syntax error: unterminated here-document');
    return script;
  }

  scriptToParenthesis(): Script {
    const script = this.script(() => this.text[this.at] === ')');
    if (this.at >= this.text.length)
      throw new IncompleteInputError('syntax error: unexpected end of file (expecting ")")');
    this.at++;
    return script;
  }

  unexpected(): never {
    const rest = this.text.slice(this.at);
    if (rest === '') throw new IncompleteInputError('syntax error: unexpected end of file');
    const token = /^(?:\n|&&|\|\||;;|[;&|()<>]|[^\s;&|()<>]+)/.exec(rest)?.[0] ?? rest[0]!;
    throw new ShellSyntaxError(
      `syntax error: unexpected ${token === '\n' ? 'newline' : JSON.stringify(token)}`,
    );
  }

  /** Skips blanks, comments and escaped newlines. */
  blanks(): void {
    for (;;) {
      const character = this.text[this.at];
      if (character === ' ' || character === '\t') this.at++;
      else if (character === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else if (character === '#') {
        while (this.at < this.text.length && this.text[this.at] !== '\n') this.at++;
      } else return;
    }
  }

  newline(): void {
    this.at++;
    for (const document of this.documents.splice(0)) {
      const lines: string[] = [];
      for (;;) {
        if (this.at >= this.text.length)
          throw new IncompleteInputError('syntax error: unterminated here-document');
        const end = this.text.indexOf('\n', this.at);
        let line = this.text.slice(this.at, end < 0 ? this.text.length : end);
        this.at = end < 0 ? this.text.length : end + 1;
        if (document.stripTabs) line = line.replace(/^\t+/, '');
        if (line === document.delimiter) break;
        lines.push(line);
      }
      const text = lines.map((line) => `${line}\n`).join('');
      document.accept(
        document.expand
          ? hereDocument(text, parseScript, (reader) => {
              const inner = new Parser(reader.text);
              inner.at = reader.at;
              const script = inner.scriptToParenthesis();
              reader.at = inner.at;
              return script;
            })
          : [{ kind: 'text', text, quoted: true }],
      );
    }
  }

  lines(): void {
    for (;;) {
      this.blanks();
      if (this.text[this.at] !== '\n') return;
      this.newline();
    }
  }

  /** The reserved or plain word that comes next, unread. */
  peek(): string {
    return /^(?:[{}!]|[^\s;&|()<>'"$`\\]+)/.exec(this.text.slice(this.at, this.at + 64))?.[0] ?? '';
  }

  keyword(): string {
    const word = this.peek();
    const next = this.text[this.at + word.length];
    const ends = next === undefined || /[\s;&|()<>]/.test(next);
    return reserved.has(word) && ends ? word : '';
  }

  expect(word: string): void {
    this.lines();
    if (this.keyword() !== word) {
      if (this.at >= this.text.length)
        throw new IncompleteInputError(
          `syntax error: unexpected end of file (expecting ${JSON.stringify(word)})`,
        );
      this.unexpected();
    }
    this.at += word.length;
  }

  script(ends: () => boolean): Script {
    if (++this.depth > maxDepth) throw new ShellSyntaxError('syntax error: too deeply nested');
    const items: { node: Node; background: boolean }[] = [];
    for (;;) {
      this.lines();
      if (this.at >= this.text.length || ends()) break;
      const node = this.andOr();
      this.blanks();
      const character = this.text[this.at];
      const background = character === '&' && this.text[this.at + 1] !== '&';
      items.push({ node, background });
      if (background) this.at++;
      else if (character === ';' && this.text[this.at + 1] !== ';') this.at++;
      else if (character !== '\n') break;
    }
    this.depth--;
    return items;
  }

  /** A script up to one of these words, of which the caller reads on. */
  until(...words: readonly string[]): Script {
    const script = this.script(() => words.includes(this.keyword()) || this.text.startsWith(';;', this.at));
    if (script.length === 0 && this.at < this.text.length) this.unexpected();
    return script;
  }

  andOr(): Node {
    const first = this.pipeline();
    const rest: { and: boolean; node: Node }[] = [];
    for (;;) {
      this.blanks();
      const operator = this.text.slice(this.at, this.at + 2);
      if (operator !== '&&' && operator !== '||') break;
      this.at += 2;
      this.lines();
      rest.push({ and: operator === '&&', node: this.pipeline() });
    }
    return rest.length === 0 ? first : { kind: 'and-or', first, rest };
  }

  pipeline(): Node {
    this.blanks();
    let negated = false;
    while (this.keyword() === '!') {
      negated = !negated;
      this.at++;
      this.blanks();
    }
    const parts = [this.command()];
    for (;;) {
      this.blanks();
      if (this.text[this.at] !== '|' || this.text[this.at + 1] === '|') break;
      this.at++;
      this.lines();
      parts.push(this.command());
    }
    return parts.length === 1 && !negated ? parts[0]! : { kind: 'pipeline', negated, parts };
  }

  command(): Node {
    this.blanks();
    if (this.text[this.at] === '(') {
      this.at++;
      const body = this.scriptToParenthesis();
      return { kind: 'subshell', body, redirects: this.redirects() };
    }
    switch (this.keyword()) {
      case 'if':
        return this.conditional();
      case 'while':
      case 'until':
        return this.loop();
      case 'for':
        return this.forEach();
      case 'case':
        return this.choice();
      case '{': {
        this.at++;
        const body = this.until('}');
        this.expect('}');
        return { kind: 'group', body, redirects: this.redirects() };
      }
      case '':
        break;
      default:
        this.unexpected();
    }
    const definition = /^(?:function\s+([A-Za-z_][\w-]*)\s*(?:\(\s*\))?|([A-Za-z_][\w-]*)\s*\(\s*\))/.exec(
      this.text.slice(this.at),
    );
    if (definition !== null) {
      this.at += definition[0].length;
      this.lines();
      return { kind: 'function', name: definition[1] ?? definition[2] ?? '', body: this.command() };
    }
    return this.simple();
  }

  conditional(): Node {
    const branches: { condition: Script; then: Script }[] = [];
    let otherwise: Script | undefined;
    this.at += 2;
    for (;;) {
      const condition = this.until('then');
      this.expect('then');
      branches.push({ condition, then: this.until('elif', 'else', 'fi') });
      this.lines();
      if (this.keyword() === 'elif') {
        this.at += 4;
        continue;
      }
      if (this.keyword() === 'else') {
        this.at += 4;
        otherwise = this.until('fi');
      }
      this.expect('fi');
      return { kind: 'if', branches, otherwise, redirects: this.redirects() };
    }
  }

  loop(): Node {
    const until = this.keyword() === 'until';
    this.at += 5;
    const condition = this.until('do');
    const body = this.body();
    return { kind: 'while', until, condition, body, redirects: this.redirects() };
  }

  body(): Script {
    this.expect('do');
    const body = this.until('done');
    this.expect('done');
    return body;
  }

  forEach(): Node {
    this.at += 3;
    this.blanks();
    const name = this.peek();
    if (!/^[A-Za-z_]\w*$/.test(name)) this.unexpected();
    this.at += name.length;
    this.lines();
    let words: Word[] | undefined;
    if (this.keyword() === 'in') {
      this.at += 2;
      words = [];
      for (;;) {
        this.blanks();
        const character = this.text[this.at];
        if (character === undefined) this.unexpected();
        if (character === ';' || character === '\n') break;
        const word = readWord(this);
        if (word.length === 0) this.unexpected();
        words.push(word);
      }
    }
    this.blanks();
    if (this.text[this.at] === ';') this.at++;
    const body = this.body();
    return { kind: 'for', name, words, body, redirects: this.redirects() };
  }

  choice(): Node {
    this.at += 4;
    this.blanks();
    const word = readWord(this);
    this.expect('in');
    const arms: { patterns: Word[]; body: Script }[] = [];
    for (;;) {
      this.lines();
      if (this.keyword() === 'esac') break;
      if (this.at >= this.text.length) this.unexpected();
      if (this.text[this.at] === '(') this.at++;
      const patterns: Word[] = [];
      for (;;) {
        this.blanks();
        const pattern = readWord(this);
        if (pattern.length === 0) this.unexpected();
        patterns.push(pattern);
        this.blanks();
        if (this.text[this.at] !== '|') break;
        this.at++;
      }
      if (this.text[this.at] !== ')') this.unexpected();
      this.at++;
      const body = this.script(() => this.keyword() === 'esac' || this.text.startsWith(';;', this.at));
      arms.push({ patterns, body });
      this.lines();
      if (this.text.startsWith(';;', this.at)) this.at += 2;
    }
    this.expect('esac');
    return { kind: 'case', word, arms, redirects: this.redirects() };
  }

  redirects(): Redirect[] {
    const found: Redirect[] = [];
    for (;;) {
      this.blanks();
      const match = redirectPattern.exec(this.text.slice(this.at, this.at + 16));
      if (match === null) return found;
      this.redirect(match, found);
    }
  }

  redirect(match: RegExpExecArray, found: Redirect[]): void {
    this.at += match[0].length;
    this.blanks();
    const operator = match[2] ?? match[3] ?? '';
    const target = readWord(this);
    if (target.length === 0) this.unexpected();
    const fd = match[1] ? Number(match[1]) : operator.startsWith('<') ? 0 : 1;
    if (operator === '<<' || operator === '<<-') {
      const index = found.push({ fd, operator: '<<', target: [] }) - 1;
      this.documents.push({
        delimiter: plainText(target),
        expand: !target.some((part) => part.kind === 'text' && part.quoted),
        stripTabs: operator === '<<-',
        accept: (text) => (found[index] = { fd, operator: '<<', target: text }),
      });
      return;
    }
    found.push({ fd, operator: operator === '&>>' ? '&>' : (operator as Redirect['operator']), target });
  }

  simple(): Node {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      this.blanks();
      const match = redirectPattern.exec(this.text.slice(this.at, this.at + 16));
      if (match !== null) {
        this.redirect(match, redirects);
        continue;
      }
      const assignment = words.length === 0 ? assignmentPattern.exec(this.text.slice(this.at)) : null;
      if (assignment !== null) {
        this.at += assignment[0].length;
        assignments.push({ name: assignment[1]!, append: assignment[2] === '+', value: readWord(this) });
        continue;
      }
      const word = readWord(this);
      if (word.length === 0) break;
      words.push(word);
    }
    if (assignments.length + words.length + redirects.length === 0) this.unexpected();
    return { kind: 'simple', assignments, words, redirects };
  }
}
