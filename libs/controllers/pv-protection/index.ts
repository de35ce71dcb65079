export { createPvProtectionController, shouldProtect } from './controller.ts';
