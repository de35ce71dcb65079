export { createPvcProtectionController, holdsClaims } from './controller.ts';
