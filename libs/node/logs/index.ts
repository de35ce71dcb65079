export { formatLog, logLines, nextLineAtMs, type LoggedRun, type LogLine } from './container-log.ts';
