export { createClassProtectionController } from './controller.ts';
