/** Where a terminal's lines go. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** Live progress of the start: one line rewritten on a terminal, a line a step elsewhere. */
export interface Progress {
  step(text: string): void;
  /** Clears the line for what is printed next. */
  done(): void;
}

export function createProgress(terminal: Terminal, elapsedMs: () => number): Progress {
  const clear = '\r\u001b[2K';
  return {
    step(text) {
      const line = `[${(elapsedMs() / 1000).toFixed(2)}s] ${text}`;
      terminal.write(terminal.isTTY === true ? `${clear}${line}` : `${line}\n`);
    },
    done() {
      if (terminal.isTTY === true) terminal.write(clear);
    },
  };
}
