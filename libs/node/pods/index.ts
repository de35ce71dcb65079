export { claimOf, rejectionOf, type Claim, type Rejection } from './admission.ts';
export { advance, restartBackoffMs, stopped, type Advance, type Happening } from './advance.ts';
export { behaviourOf, type Behaviour } from './behaviour.ts';
export { type HookKind } from './hooks.ts';
export { createImageStore, type ImageStore } from './images.ts';
export { knob } from './knobs.ts';
export { agnhostFlag, agnhostPorts } from './agnhost-ports.ts';
export { consumedAt, consuming, type Consumption } from './consumption.ts';
export { argumentsOf, imageName } from './image-commands.ts';
export { agnhostCommands, isKnownServer } from './own-command.ts';
export { webServerOf, welcomePage } from './web-servers.ts';
export {
  execTimeout,
  outcomeOf,
  probePort,
  probeSucceeds,
  type ProbeKind,
  type ProbeOutcome,
} from './probe-outcome.ts';
export { isToRun, probeSpec } from './probes.ts';
export {
  environmentNeeds,
  missingObject,
  missingVariable,
  missingVolumeKey,
  volumeNeeds,
  type Reference,
  type VolumeNeeds,
} from './references.ts';
export {
  addEphemeral,
  createPodRuntime,
  deadlineExceeded,
  missesFiles,
  runsCommand,
  type ContainerRuntime,
  type ContainerState,
  type Ended,
  type OwnProcess,
  type PodRuntime,
} from './runtime.ts';
export { podPhase, podStatus } from './status.ts';
