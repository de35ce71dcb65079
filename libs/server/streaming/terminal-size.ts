import type { ByteSource } from '@drydock/base/streams';
import type { TerminalSize } from '@drydock/port/kubelet';

const maxPendingBytes = 4_096;
const decoder = new TextDecoder();

function sizeOf(text: string): TerminalSize | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    if (typeof Width === 'number' && typeof Height === 'number') return { width: Width, height: Height };
  } catch {
    // A size that cannot be read is one that is not known.
  }
  return undefined;
}

/** The JSON objects `{"Width":80,"Height":24}` of a resize stream, one after another, however they are cut. */
export async function* terminalSizes(source: ByteSource): AsyncGenerator<TerminalSize> {
  let text = '';
  try {
    for (;;) {
      const bytes = await source.read();
      if (bytes === undefined) return;
      text += decoder.decode(bytes, { stream: true });
      for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
        const size = sizeOf(text.slice(0, end + 1));
        text = text.slice(end + 1);
        if (size !== undefined) yield size;
      }
      if (text.length > maxPendingBytes) text = '';
    }
  } catch {
    // The client has gone; there are no more sizes.
  }
}
