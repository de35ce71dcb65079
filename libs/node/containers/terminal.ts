import { abortable } from '@drydock/base/clock';
import {
  BrokenPipeError,
  concatBytes,
  createBytePipe,
  type ByteSink,
  type ByteSource,
} from '@drydock/base/streams';
import type { TerminalSize } from '@drydock/port/kubelet';
import type { Input, Terminal } from '../shell/index.ts';

const keys = {
  interrupt: 3,
  endOfInput: 4,
  backspace: 8,
  newline: 10,
  return: 13,
  killLine: 21,
  killWord: 23,
  delete: 127,
} as const;
const maxLineBytes = 4_096;
const encoder = new TextEncoder();
const newlineByte = 10;

export interface PseudoTerminal {
  readonly terminal: Terminal;
  readonly input: Input;
  /** What programs write: newlines become CR LF. */
  readonly output: ByteSink;
  resize(size: TerminalSize): void;
  /** Resolves when all that was written has reached the screen; nothing may be written after it. */
  finish(): Promise<void>;
}

/**
 * A terminal in cooked mode, as the line discipline of a kernel: it echoes what is typed, lets a line be edited, hands it
 * on when it is complete, and turns Ctrl-C into an interrupt and Ctrl-D into an end of input.
 */
export function createTerminal(source: ByteSource, screen: ByteSink): PseudoTerminal {
  let size: TerminalSize = { width: 80, height: 24 };
  let line: number[] = [];
  /** Complete lines and ends of input, in order. */
  const ready: (Uint8Array | 'end')[] = [];
  let rest: Uint8Array = new Uint8Array();
  let closed = false;
  const waiting: (() => void)[] = [];
  const listeners: (() => void)[] = [];
  const wake = () => waiting.splice(0).forEach((go) => go());
  // Echo and output go out in the order in which they come.
  const echoes = createBytePipe();

  function echo(text: string): void {
    echoes.push(encoder.encode(text));
  }
  async function show(): Promise<void> {
    try {
      for (let bytes = await echoes.read(); bytes !== undefined; bytes = await echoes.read())
        await screen.write(bytes);
    } catch {
      echoes.cancel();
    }
  }

  function finishLine(): void {
    if (line.length > 0) ready.push(Uint8Array.from(line));
    line = [];
    wake();
  }

  /** Takes one character off the line; continuation bytes of UTF-8 go with it. */
  function eraseCharacter(): boolean {
    if (line.length === 0) return false;
    while (line.length > 0 && (line.at(-1)! & 0xc0) === 0x80) line.pop();
    line.pop();
    echo('\b \b');
    return true;
  }

  function take(byte: number): void {
    switch (byte) {
      case keys.interrupt:
        line = [];
        rest = new Uint8Array();
        ready.length = 0;
        echo('^C\r\n');
        listeners.at(-1)?.();
        return;
      case keys.endOfInput:
        if (line.length > 0) finishLine();
        else {
          ready.push('end');
          wake();
        }
        return;
      case keys.backspace:
      case keys.delete:
        eraseCharacter();
        return;
      case keys.killLine:
        while (eraseCharacter());
        return;
      case keys.killWord:
        while (line.at(-1) === 32) eraseCharacter();
        while (line.length > 0 && line.at(-1) !== 32) eraseCharacter();
        return;
      case keys.return:
      case keys.newline:
        line.push(keys.newline);
        echo('\r\n');
        finishLine();
        return;
      default:
        if (line.length >= maxLineBytes) return;
        line.push(byte);
        if (byte === 27) echo('^[');
        else if (byte >= 32 || byte === 9) echoes.push(Uint8Array.of(byte));
    }
  }

  async function receive(): Promise<void> {
    try {
      for (let bytes = await source.read(); bytes !== undefined; bytes = await source.read()) {
        for (const byte of bytes) take(byte);
        // Lines that nobody reads are not gathered without bound.
        while (ready.length > 64 && !closed) await new Promise<void>((resolve) => waiting.push(resolve));
      }
    } catch {
      // The client has gone: for programs the input has ended.
    }
    closed = true;
    finishLine();
    wake();
  }
  void receive();
  const shown = show();

  const input: Input = {
    async read(signal) {
      if (rest.length > 0) {
        const bytes = rest;
        rest = new Uint8Array();
        return bytes;
      }
      for (;;) {
        const next = ready.shift();
        if (next !== undefined) {
          wake();
          return next === 'end' ? undefined : next;
        }
        if (closed) return undefined;
        await abortable(new Promise<void>((resolve) => waiting.push(resolve)), signal);
      }
    },
    async readLine(signal) {
      const parts: Uint8Array[] = [];
      for (;;) {
        const bytes = await input.read(signal);
        if (bytes === undefined) return parts.length === 0 ? undefined : concatBytes(parts);
        const end = bytes.indexOf(newlineByte);
        if (end < 0) {
          parts.push(bytes);
          continue;
        }
        rest = bytes.subarray(end + 1);
        parts.push(bytes.subarray(0, end + 1));
        return concatBytes(parts);
      }
    },
    async readAll(signal) {
      const parts: Uint8Array[] = [];
      for (let bytes = await input.read(signal); bytes !== undefined; bytes = await input.read(signal))
        parts.push(bytes);
      return concatBytes(parts);
    },
    cancel() {},
  };

  return {
    input,
    output: {
      async write(bytes) {
        if (echoes.cancelled) throw new BrokenPipeError();
        const count = bytes.reduce((sum, byte) => sum + (byte === newlineByte ? 1 : 0), 0);
        const shown = new Uint8Array(bytes.length + count);
        let to = 0;
        for (const byte of bytes) {
          if (byte === newlineByte) shown[to++] = 13;
          shown[to++] = byte;
        }
        await echoes.write(shown);
      },
      end() {},
    },
    resize(next) {
      size = next;
    },
    terminal: {
      size: () => size,
      onInterrupt(listener) {
        listeners.push(listener);
        return () => {
          const at = listeners.indexOf(listener);
          if (at >= 0) listeners.splice(at, 1);
        };
      },
    },
    async finish() {
      echoes.end();
      await shown;
    },
  };
}
