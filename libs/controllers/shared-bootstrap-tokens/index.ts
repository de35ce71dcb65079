export {
  isBootstrapToken,
  leftMs,
  signingToken,
  tokenNamespace,
  type SigningToken,
} from './bootstrap-token.ts';
