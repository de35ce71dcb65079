export { createPvcProtectionController, holdsClaim } from './controller.ts';
