export { certificateCovers } from './certificate-check.ts';
export type { CertificatePair, CertificateRequest } from './certificates.ts';

/** The makers of certificates are loaded only when there is one to make: a restart should not pay for their library. */
export const loadCertificateMaker = () => import('./certificates.ts');
export {
  createHttpServer,
  ListenError,
  type HttpServer,
  type HttpServerOptions,
  type HttpsServerOptions,
  type TlsMaterial,
} from './http-server.ts';
export { createHttpsServer } from './https-server.ts';
export { kubeconfig, type KubeconfigOptions } from './kubeconfig.ts';
export { createSchedulerExtenderCaller } from './scheduler-extender-caller.ts';
export { createWebhookCaller, type WebhookCallerOptions } from './webhook-caller.ts';
export { createTokenKey, createTokenKeys } from './token-keys.ts';
export { certificateReader } from './certificate-reader.ts';
export { createCertificateSigner } from './certificate-signer.ts';
export { createExtensionCaller, type ExtensionCallerOptions } from './extension-caller.ts';
export { createNamedPlaces, type NamedPlacesOptions } from './named-places.ts';
export { createUpstream, type HttpsUpstream, type UpstreamOptions, type UpstreamPlace } from './upstream.ts';
