export { advance, restartBackoffMs, stopped, type Advance, type Happening } from './advance.ts';
export { behaviourOf, type Behaviour } from './behaviour.ts';
export {
  addEphemeral,
  createPodRuntime,
  deadlineExceeded,
  runsCommand,
  type ContainerRuntime,
  type ContainerState,
  type Ended,
  type PodRuntime,
} from './runtime.ts';
export { podPhase, podStatus } from './status.ts';
