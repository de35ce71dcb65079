import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { FrontSettings } from './messages.ts';

// The beginning of a front thread.
const settings = workerData as FrontSettings;
if (settings.compileCache !== undefined) enableCompileCache(settings.compileCache);

const { runFront } = await import('./run-front.ts');
if (parentPort !== null) runFront(settings, parentPort);
