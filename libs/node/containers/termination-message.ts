import type { Container } from '@drydock/api/core/v1';
import { FileError, type FileSystem } from '../files/index.ts';
import type { RecordedOutput } from '../logs/index.ts';

const maxMessageBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

function pathOf({ terminationMessagePath }: Container): string {
  return terminationMessagePath || '/dev/termination-log';
}

/** Puts the file there into which a process may write why it ended. */
export function openTerminationLog(container: Container, fs: FileSystem): void {
  const path = pathOf(container);
  const parent = path.slice(0, path.lastIndexOf('/'));
  try {
    if (parent !== '') fs.mkdirAll(parent);
    fs.writeFile(path, new Uint8Array(), 0o666);
  } catch (error) {
    // A path that nothing can be written to: there will be no message.
    if (!(error instanceof FileError)) throw error;
  }
}

/** What a container left to be said about its end (`terminationMessagePolicy`); undefined when it left nothing. */
export function terminationMessage(
  container: Container,
  fs: FileSystem,
  output: RecordedOutput | undefined,
  exitCode: number,
): string | undefined {
  let text = '';
  try {
    text = decoder.decode(fs.readFile(pathOf(container)).subarray(0, maxMessageBytes));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
  }
  if (text === '' && exitCode !== 0 && container.terminationMessagePolicy === 'FallbackToLogsOnError') {
    const tail = (output?.lines() ?? []).slice(-maxLogLines).map((line) => `${line.text}\n`);
    text = decoder.decode(encoder.encode(tail.join('')).subarray(-maxLogBytes));
  }
  return text === '' ? undefined : text;
}
