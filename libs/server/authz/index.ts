export type {
  AuthorizationDecision,
  AuthorizationRequest,
  AuthorizationRules,
  Authorizer,
  NonResourceRule,
  ResourceRule,
} from './authorizer.ts';
export { alwaysAllow } from './authorizer.ts';
export { createAuthorizedTransport } from './authorized-transport.ts';
export { defaultPolicy, type DefaultPolicy } from './default-policy/index.ts';
export { impersonated, wantsImpersonation } from './impersonation.ts';
export { createRbacAuthorizer, ruleAllows } from './rbac.ts';
export { requireAllowed, resourceRequest } from './request.ts';
export { missingRules } from './rule-coverage.ts';
export { createReviewedAuthorizer, type ReviewedAuthorizerOptions } from './reviewed-authorizer.ts';
