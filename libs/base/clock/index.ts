export { abortable } from './abortable.ts';
export type { Clock, Random, Timer } from './clock.ts';
export { createRandom, suffixAlphabet } from './random.ts';
export { createSeededRandom } from './seeded-random.ts';
export { systemClock, systemRandom } from './system-clock.ts';
export { createVirtualClock } from './virtual-clock.ts';
export type { VirtualClock, VirtualClockOptions } from './virtual-clock.ts';
