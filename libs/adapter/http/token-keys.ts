import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import type { PublicJwk, TokenKeys } from '@drydock/port/tokens';

interface Algorithm {
  readonly alg: string;
  readonly hash: string;
}

const curves: Readonly<Record<string, Algorithm>> = {
  prime256v1: { alg: 'ES256', hash: 'sha256' },
  secp384r1: { alg: 'ES384', hash: 'sha384' },
  secp521r1: { alg: 'ES512', hash: 'sha512' },
};

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'rsa') return { alg: 'RS256', hash: 'sha256' };
  const found = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (found === undefined) throw new TypeError('the service account key is neither RSA nor ECDSA');
  return found;
}

/** What names a key: the hash of its public part, as Kubernetes does it. */
function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

function parsePart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A new private key for service account tokens, PEM (ECDSA P-256). */
export function createTokenKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Signs with a private key (PEM; RSA signs RS256, the NIST curves ES256 to ES512). Tokens of `others`, further keys in PEM
 * (private or public), are accepted too.
 * @throws TypeError when a key is of another kind, Error when it cannot be read
 */
export function createTokenKeys(privatePem: string, others: readonly string[] = []): TokenKeys {
  const privateKey = createPrivateKey(privatePem);
  const { alg, hash } = algorithmOf(privateKey);
  const known = new Map(
    [createPublicKey(privateKey), ...others.map((pem) => createPublicKey(pem))].map((key) => [
      keyId(key),
      { key, ...algorithmOf(key) },
    ]),
  );
  const [kid = ''] = known.keys();
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = encode({ alg, kid });
  return {
    sign(claims) {
      const signed = `${header}.${encode(claims)}`;
      const signature = sign(hash, Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${signed}.${signature.toString('base64url')}`;
    },
    verify(token) {
      const [head = '', body = '', signature = '', ...more] = token.split('.');
      if (signature === '' || more.length > 0) return undefined;
      const { kid: wanted, alg: claimed } = parsePart(head) ?? {};
      const candidates = typeof wanted === 'string' ? [known.get(wanted)] : [...known.values()];
      const bytes = Buffer.from(signature, 'base64url');
      const signedBy = candidates.some(
        (one) =>
          one?.alg === claimed &&
          one !== undefined &&
          verify(
            one.hash,
            Buffer.from(`${head}.${body}`),
            { key: one.key, dsaEncoding: 'ieee-p1363' },
            bytes,
          ),
      );
      return signedBy ? parsePart(body) : undefined;
    },
    publicKeys: () =>
      [...known].map(([id, one]) => ({
        ...(one.key.export({ format: 'jwk' }) as { kty: string }),
        ...{ use: 'sig', kid: id, alg: one.alg },
      })) as PublicJwk[],
  };
}
