export { createResourceQuotaController, type ResourceQuotaOptions } from './controller.ts';
