export { mutatingPolicies, type MutatingPolicyDeps } from './mutating-policies.ts';
export { validatingPolicies, type ValidatingPolicyDeps } from './validating-policies.ts';
export { compileVariables } from './variables.ts';
