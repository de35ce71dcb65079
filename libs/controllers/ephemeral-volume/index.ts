export { claimFor, createEphemeralVolumeController } from './controller.ts';
