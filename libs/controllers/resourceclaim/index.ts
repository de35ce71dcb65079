export { createResourceClaimController } from './controller.ts';
