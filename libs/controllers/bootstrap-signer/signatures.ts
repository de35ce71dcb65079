import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { BootstrapToken } from '@drydock/api/bootstrap-tokens';

const payloadKey = 'kubeconfig';
const signaturePrefix = 'jws-kubeconfig-';
const encoder = new TextEncoder();

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** A JWS (RFC 7515) over `content` by the secret of a token, without the content itself. */
export function detachedSignature(content: string, { id, secret }: BootstrapToken): string {
  const header = base64url(encoder.encode(JSON.stringify({ alg: 'HS256', kid: id })));
  const signed = `${header}.${base64url(encoder.encode(content))}`;
  return `${header}..${base64url(hmac(sha256, encoder.encode(secret), encoder.encode(signed)))}`;
}

/** What the ConfigMap should hold: a signature by each token and no others; undefined where there is nothing to sign. */
export function signed(
  data: Readonly<Record<string, string>> | undefined,
  tokens: readonly BootstrapToken[],
): Record<string, string> | undefined {
  const content = data?.[payloadKey];
  if (content === undefined) return undefined;
  const others = Object.entries(data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
  const signatures = tokens.map((token) => [
    `${signaturePrefix}${token.id}`,
    detachedSignature(content, token),
  ]);
  return Object.fromEntries([...others, ...signatures]) as Record<string, string>;
}
