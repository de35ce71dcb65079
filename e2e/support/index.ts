export {
  newDataDir,
  removeDataDir,
  programOf,
  repository,
  startClusterProcess,
  type ClusterProcess,
} from './cluster.ts';
export { sampleNamespace, samples, type Sample } from './every-kind.ts';
export { eventually } from './eventually.ts';
export { createRawClient, type Loose, type RawClient } from './raw-client.ts';
export {
  createKubectl,
  findKubectls,
  kubectlsToTest,
  run,
  runInBackground,
  type Kubectl,
  type RunningProcess,
  type RunResult,
  listOf,
} from './kubectl.ts';
export { backup, backupsDefinition, bigDefinition } from './custom-kinds.ts';
export { interactivePods } from './interactive-pods.ts';
export { clusterBody, quickAutoscaler, type ClusterUnderTest } from './cluster-body.ts';
export { composeCommand, startComposeCluster, type ComposeCluster } from './compose.ts';
export { startLedger, type Ledger } from './ledger.ts';
export { commandsOf, containersHeading, readmeBlocks } from './readme.ts';
export { startApp, writeCertificates, type AppProcess } from './app-process.ts';
export { freePort } from './free-port.ts';
export {
  hasProgram,
  startProcessCluster,
  type ClusterPart,
  type ProcessCluster,
  type ProcessClusterOptions,
} from './processes.ts';
export { startRecorder, type Recorder } from './history/recorder.ts';
