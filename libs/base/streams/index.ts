export {
  BrokenPipeError,
  createBytePipe,
  type ByteChannel,
  type BytePipe,
  type BytePipeOptions,
  type ByteSink,
  type ByteSource,
} from './byte-pipe.ts';
export { concatBytes, emptySource, nullSink, readAll, sourceOf, transfer } from './transfer.ts';
