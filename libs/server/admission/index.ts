export type { Admission, AdmissionChain, AdmissionPlugin, AdmissionRequest, Operation } from './types.ts';
export { createAdmission } from './chain.ts';
