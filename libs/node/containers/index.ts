export { podHostname } from './hostname.ts';
export { listeningPorts, respond, serveConnection } from './pod-server.ts';
export type { OutputLog } from './output-log.ts';
export { createPodSandbox, type PodSandbox, type SandboxOptions } from './sandbox.ts';
export { createSharedDirectories, type SharedDirectories } from './volumes.ts';
