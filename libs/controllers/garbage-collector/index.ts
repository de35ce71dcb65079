export { createGarbageCollector, type GarbageCollectorOptions } from './controller.ts';
