export { callsOnly, scriptCallsOnly } from './calls.ts';
export { createInput, type Input } from './input.ts';
export { matchesPattern } from './pattern.ts';
export {
  Interrupted,
  ProgramError,
  UnreachableError,
  type ContainerHost,
  type PodNetwork,
  type Process,
  type ProcessEntry,
  type Program,
  type Terminal,
} from './process.ts';
export { sh } from './sh.ts';
export { signalName, signalNumbers } from './signals.ts';
export { fileSink, fileSource } from './sinks.ts';
export {
  defaultPath,
  findExecutable,
  NotExecutableError,
  runProgram,
  say,
  type SpawnOptions,
} from './spawn.ts';
