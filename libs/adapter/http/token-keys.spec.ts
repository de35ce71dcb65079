import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTokenKey, createTokenKeys } from './token-keys.ts';

const claims = { sub: 'system:serviceaccount:a:b', aud: ['c'] };
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

describe.each([
  ['ES256', createTokenKey()],
  ['RS256', rsa.toString()],
])('keys of service account tokens, %s', (alg, pem) => {
  const keys = createTokenKeys(pem);

  it('knows its own tokens again, and no changed ones', () => {
    const token = keys.sign(claims);
    const [head = '', body = '', signature = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toMatchObject({ alg });
    expect(keys.verify(token)).toEqual(claims);
    const forged = Buffer.from(JSON.stringify({ ...claims, aud: ['d'] })).toString('base64url');
    expect(keys.verify(`${head}.${forged}.${signature}`)).toBeUndefined();
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const text of ['', 'a', 'a.b', `${head}.${body}.`, `${none}.${body}.${signature}`, `${token}.x`])
      expect(keys.verify(text)).toBeUndefined();
  });

  it('publishes the public half alone', () => {
    const [key] = keys.publicKeys();
    expect(key).toMatchObject({ alg, use: 'sig' });
    expect(key).not.toHaveProperty('d');
    expect(createPublicKey({ key: key as unknown as JsonWebKey, format: 'jwk' }).type).toBe('public');
  });

  it('accepts the tokens of a key before it, where it is told of it', () => {
    const older = createTokenKey();
    const token = createTokenKeys(older).sign(claims);
    expect(keys.verify(token)).toBeUndefined();
    expect(createTokenKeys(pem, [older]).verify(token)).toEqual(claims);
  });
});
