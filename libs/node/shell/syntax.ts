/** A word before its expansion: pieces of text and of things to be put in. */
export type Word = readonly WordPart[];

export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'parameter';
      readonly name: string;
      /** `:-` `-` `:=` `=` `:?` `?` `:+` `+` `#` `##` `%` `%%` `/` `//` `:` (substring); '' for none. */
      readonly operator: string;
      readonly argument: Word;
      readonly second?: Word;
      /** `${#name}` */
      readonly length: boolean;
      readonly quoted: boolean;
    }
  | { readonly kind: 'command'; readonly script: Script; readonly quoted: boolean }
  | { readonly kind: 'arithmetic'; readonly expression: Word; readonly quoted: boolean };

export interface Redirect {
  readonly fd: number;
  readonly operator: '<' | '>' | '>>' | '>|' | '<&' | '>&' | '<<' | '<<<' | '&>' | '<>';
  /** File, descriptor, or the text of a here-document. */
  readonly target: Word;
}

export interface Assignment {
  readonly name: string;
  readonly append: boolean;
  readonly value: Word;
}

export type Node =
  | {
      readonly kind: 'simple';
      readonly assignments: readonly Assignment[];
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
    }
  | { readonly kind: 'pipeline'; readonly negated: boolean; readonly parts: readonly Node[] }
  | { readonly kind: 'and-or'; readonly first: Node; readonly rest: readonly { and: boolean; node: Node }[] }
  | {
      readonly kind: 'if';
      readonly branches: readonly { condition: Script; then: Script }[];
      readonly otherwise: Script | undefined;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: 'while';
      readonly until: boolean;
      readonly condition: Script;
      readonly body: Script;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      /** Undefined: the positional parameters. */
      readonly words: readonly Word[] | undefined;
      readonly body: Script;
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: 'case';
      readonly word: Word;
      readonly arms: readonly { patterns: readonly Word[]; body: Script }[];
      readonly redirects: readonly Redirect[];
    }
  | {
      readonly kind: 'group' | 'subshell';
      readonly body: Script;
      readonly redirects: readonly Redirect[];
    }
  | { readonly kind: 'function'; readonly name: string; readonly body: Node };

/** Commands one after another. */
export type Script = readonly { readonly node: Node; readonly background: boolean }[];

export class ShellSyntaxError extends Error {
  override readonly name: string = 'ShellSyntaxError';
}

/** The text ends in the middle of something: more lines may complete it. */
export class IncompleteInputError extends ShellSyntaxError {
  override readonly name = 'IncompleteInputError';
}
