export {
  authenticatingToken,
  bootstrapUser,
  isBootstrapToken,
  leftMs,
  parseBootstrapToken,
  signingToken,
  tokenNamespace,
  tokenSecretName,
  type AuthenticatingToken,
  type BootstrapToken,
} from './bootstrap-token.ts';
