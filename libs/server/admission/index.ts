export type { Admission, AdmissionChain, AdmissionPlugin, AdmissionRequest, Operation } from './types.ts';
export { createAdmission } from './chain.ts';
export { namespaceLifecycle } from './namespace-lifecycle.ts';
export { serviceAccount } from './service-account.ts';
export { priority } from './priority.ts';
export type { DefaultTolerationOptions } from './default-toleration-seconds.ts';
export { defaultTolerationSeconds } from './default-toleration-seconds.ts';
export { defaultStorageClass } from './default-storage-class.ts';
export type { ServiceIp, ServiceIpOptions } from './service-ip.ts';
export { serviceIp } from './service-ip.ts';
export { compile, conditionProblem, type Compiled, type ExpressionScope } from './expressions.ts';
export { appliedType, patchListType } from './request-types.ts';
export { createEquivalents, type Equivalents } from './equivalents.ts';
export {
  compileVariables,
  followPolicyTypes,
  mutatingPolicies,
  validatingPolicies,
  type MutatingPolicyDeps,
  type ValidatingPolicyDeps,
} from './policies/index.ts';
export { mutatingWebhooks, validatingWebhooks, type WebhookDeps } from './webhooks.ts';
export { limitRanger } from './limit-ranger.ts';
export { podSecurity } from './pod-security.ts';
export { resourceQuota, type ResourceQuotaDeps } from './resource-quota.ts';
export { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
export { claimResize } from './claim-resize.ts';
export { defaultIngressClass } from './default-ingress-class.ts';
export { rbacEscalation } from './rbac-escalation.ts';
export { resourceClaimStatus } from './resource-claim-status.ts';
export { runtimeClass } from './runtime-class.ts';
export { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
export { createNumberClaims, type NumberClaims } from './number-claims.ts';
