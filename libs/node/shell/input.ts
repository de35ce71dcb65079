import { abortable } from '@drydock/base/clock';
import { concatBytes, type ByteSource } from '@drydock/base/streams';

const newline = 10;

/**
 * Standard input, shared by the programs that inherit it: each takes what it needs and leaves the rest. At a terminal the
 * end of input (Ctrl-D) is not final: the next read waits for more.
 */
export interface Input {
  /** The next bytes; undefined at the end. Rejects with the signal's reason when it aborts first. */
  read(signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** The next line with its newline (the last may have none); undefined at the end. */
  readLine(signal: AbortSignal): Promise<Uint8Array | undefined>;
  readAll(signal: AbortSignal): Promise<Uint8Array>;
  cancel(): void;
}

export function createInput(source: ByteSource): Input {
  let rest: Uint8Array = new Uint8Array();
  // A read that was given up keeps its bytes for the next reader.
  let pending: Promise<Uint8Array | undefined> | undefined;

  async function more(signal: AbortSignal): Promise<Uint8Array | undefined> {
    pending ??= source.read();
    const bytes = await abortable(pending, signal);
    pending = undefined;
    return bytes;
  }

  const input: Input = {
    async read(signal) {
      if (rest.length > 0) {
        const bytes = rest;
        rest = new Uint8Array();
        return bytes;
      }
      return more(signal);
    },
    async readLine(signal) {
      const parts: Uint8Array[] = [];
      for (;;) {
        const bytes = await input.read(signal);
        if (bytes === undefined) return parts.length === 0 ? undefined : concatBytes(parts);
        const end = bytes.indexOf(newline);
        if (end >= 0) {
          rest = bytes.subarray(end + 1);
          parts.push(bytes.subarray(0, end + 1));
          return concatBytes(parts);
        }
        parts.push(bytes);
      }
    },
    async readAll(signal) {
      const parts: Uint8Array[] = [];
      for (;;) {
        const bytes = await input.read(signal);
        if (bytes === undefined) return concatBytes(parts);
        parts.push(bytes);
      }
    },
    cancel: () => source.cancel(),
  };
  return input;
}
