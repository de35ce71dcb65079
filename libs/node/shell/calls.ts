import { parseScript } from './parser.ts';
import { builtins } from './builtins.ts';
import { ShellSyntaxError, type Node, type Script, type Word } from './syntax.ts';

/** Programs that run the program named among their operands. */
const launchers: ReadonlySet<string> = new Set([
  'command',
  'env',
  'exec',
  'nohup',
  'time',
  'timeout',
  'xargs',
]);
const shells: ReadonlySet<string> = new Set(['ash', 'bash', 'dash', 'sh']);
const isOperand = (text: string) =>
  !text.startsWith('-') && !text.includes('=') && !/^\d+[smhd]?$/.test(text);

/** Whether a program is known that is called with such arguments; `-` stands for those that are made while it runs. */
type IsKnown = (program: string, args: readonly string[]) => boolean;

/** The text of a word that nothing is put into. */
function literal(word: Word): string | undefined {
  let text = '';
  for (const part of word) {
    if (part.kind !== 'text') return undefined;
    text += part.text;
  }
  return text;
}

/**
 * Whether all that a command line calls is known before it runs: programs for which `isKnown` holds, the shell's own words and
 * functions, in scripts in all their depth. Names that are made while it runs are not known.
 */
export function callsOnly(args: readonly string[], isKnown: IsKnown): boolean {
  const [first = '', ...rest] = args;
  const name = first.replace(/^(?:\/usr)?(?:\/local)?\/s?bin\//, '');
  if (!isKnown(name, rest)) return false;
  if (launchers.has(name)) {
    const at = rest.findIndex(isOperand);
    return at < 0 || callsOnly(rest.slice(at), isKnown);
  }
  if (!shells.has(name)) return true;
  const at = rest.findIndex((arg) => /^-[a-z]*c$/.test(arg));
  return at < 0 || scriptCallsOnly(rest[at + 1] ?? '', isKnown);
}

export function scriptCallsOnly(text: string, isKnown: IsKnown): boolean {
  let script: Script;
  try {
    script = parseScript(text);
  } catch (error) {
    // It fails by itself, as it would elsewhere.
    if (error instanceof ShellSyntaxError) return true;
    throw error;
  }
  const functions = new Set<string>();
  const known: IsKnown = (program, args) =>
    functions.has(program) || Object.hasOwn(builtins, program) || isKnown(program, args);

  const words = (list: readonly Word[]) => list.every(inWord);

  function inWord(word: Word): boolean {
    return word.every((part) => {
      if (part.kind === 'command') return inScript(part.script);
      if (part.kind === 'arithmetic') return inWord(part.expression);
      return (
        part.kind === 'text' || (inWord(part.argument) && (part.second === undefined || inWord(part.second)))
      );
    });
  }

  function inScript(part: Script): boolean {
    return part.every(({ node }) => inNode(node));
  }

  function inNode(node: Node): boolean {
    if ('redirects' in node && !words(node.redirects.map(({ target }) => target))) return false;
    switch (node.kind) {
      case 'simple': {
        if (!words(node.assignments.map(({ value }) => value)) || !words(node.words)) return false;
        const [name, ...args] = node.words.map(literal);
        if (node.words.length === 0) return true;
        if (name === undefined) return false;
        // An argument that is made while it runs is no program where none is expected.
        return callsOnly([name, ...args.map((arg) => arg ?? '-')], known);
      }
      case 'pipeline':
        return node.parts.every(inNode);
      case 'and-or':
        return inNode(node.first) && node.rest.every((part) => inNode(part.node));
      case 'if':
        return (
          node.branches.every(({ condition, then }) => inScript(condition) && inScript(then)) &&
          (node.otherwise === undefined || inScript(node.otherwise))
        );
      case 'while':
        return inScript(node.condition) && inScript(node.body);
      case 'for':
        return words(node.words ?? []) && inScript(node.body);
      case 'case':
        return inWord(node.word) && node.arms.every(({ body }) => inScript(body));
      case 'group':
      case 'subshell':
        return inScript(node.body);
      case 'function':
        functions.add(node.name);
        return inNode(node.body);
    }
  }
  return inScript(script);
}
