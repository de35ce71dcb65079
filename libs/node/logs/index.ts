export {
  formatLog,
  logLines,
  nextLineAtMs,
  type LoggedRun,
  type LogLine,
  type RecordedOutput,
} from './container-log.ts';
