export { answer, listeningPorts, serveConnection } from './pod-server.ts';
export type { OutputLog } from './output-log.ts';
export { createPodSandbox, podHostname, type PodSandbox, type SandboxOptions } from './sandbox.ts';
export { createSharedDirectories, type SharedDirectories } from './volumes.ts';
