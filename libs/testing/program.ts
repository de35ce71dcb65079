import { fileURLToPath } from 'node:url';

/** The program that is started: the sources here, the bundle beside it in the npm package. */
export const program = fileURLToPath(import.meta.resolve('../../apps/drydock/src/main.ts'));
