export { createAuthenticator, parseTokenFile, type Authenticator } from './authenticator.ts';
