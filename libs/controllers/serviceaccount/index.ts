export { createServiceAccountController } from './controller.ts';
