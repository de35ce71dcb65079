export {
  createServiceAccountTokenController,
  legacyClaims,
  type ServiceAccountTokenControllerOptions,
} from './controller.ts';
