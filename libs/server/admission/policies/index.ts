export { mutatingPolicies, type MutatingPolicyDeps } from './mutating-policies.ts';
export { validatingPolicies, type ValidatingPolicyDeps } from './validating-policies.ts';
export { followPolicyTypes, type TypeCheckDeps } from './type-check-status.ts';
export { compileVariables } from './variables.ts';
