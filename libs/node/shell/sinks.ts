import type { ByteSink } from '@drydock/base/streams';
import { nullSink, type ByteSource } from '@drydock/base/streams';
import { contentOf, FileError, type FileNode, type FileSystem } from '../files/index.ts';
import type { ContainerHost, Process } from './process.ts';

const chunkBytes = 32 * 1024;

/** Writing to a file or device. */
export function fileSink(
  fs: FileSystem,
  node: FileNode,
  process: Pick<Process, 'stdout' | 'stderr'>,
): ByteSink {
  if (node.kind === 'directory') throw new FileError('EISDIR');
  if (node.kind === 'device') {
    if (node.device === 'stdout' || node.device === 'tty') return unowned(process.stdout);
    return node.device === 'stderr' ? unowned(process.stderr) : nullSink();
  }
  if (node.kind === 'link') throw new FileError('ENOENT');
  return {
    write(bytes) {
      try {
        fs.append(node, bytes);
        return Promise.resolve();
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new FileError('EINVAL'));
      }
    },
    end() {},
  };
}

/** A sink that several share: one user's end is not the others'. */
export function unowned(sink: ByteSink): ByteSink {
  return { write: (bytes) => sink.write(bytes), end() {} };
}

/** Reading a file or device, in pieces. */
export function fileSource(host: ContainerHost, node: FileNode): ByteSource {
  if (node.kind === 'directory') throw new FileError('EISDIR');
  let at = 0;
  let done = false;
  return {
    async read() {
      if (done) return undefined;
      if (node.kind === 'device') {
        if (node.device === 'zero' || node.device === 'random') {
          // Without end: the loop that reads it must not keep the others from running.
          await host.clock.sleep(0);
          const bytes = new Uint8Array(chunkBytes);
          if (node.device === 'random')
            for (let i = 0; i < bytes.length; i++) bytes[i] = host.random.int(256);
          return bytes;
        }
        return undefined;
      }
      if (node.kind !== 'file') return undefined;
      const bytes = contentOf(node).slice(at, at + chunkBytes);
      at += bytes.length;
      return bytes.length === 0 ? undefined : bytes;
    },
    cancel: () => void (done = true),
  };
}
