export { createPodGarbageCollector, type PodGarbageCollectorOptions } from './controller.ts';
export { endedBeyond, fateOf, type Fate } from './decisions.ts';
