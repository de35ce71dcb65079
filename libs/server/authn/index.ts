export {
  bearerProtocolPrefix,
  createAuthenticator,
  credentialsOf,
  parseTokenFile,
  type Authenticator,
  type Credentials,
} from './authenticator.ts';
export { createBootstrapTokens, type BootstrapTokensOptions } from './bootstrap-tokens.ts';
export {
  createServiceAccountTokens,
  serviceAccountUser,
  type BoundObject,
  type ServiceAccountTokenOptions,
  type ServiceAccountTokens,
  type TokenWish,
} from './service-account-tokens.ts';
export {
  createTokenAuthenticator,
  type AuthenticatedToken,
  type TokenAuthenticator,
} from './token-authenticator.ts';
export { createFrontProxyAuthenticator, frontProxyDefaults, type FrontProxyOptions } from './front-proxy.ts';
export { createReviewedTokens, type ReviewedTokensOptions } from './reviewed-tokens.ts';
