import type { ClientCertificate, HttpRequest } from '@drydock/port/http';
import { describe, expect, it } from 'vitest';
import { bearerProtocolPrefix, createAuthenticator } from './index.ts';

const jane = { name: 'jane', groups: ['devs', 'system:authenticated'] };
const authenticate = createAuthenticator({
  authenticate: (token) => {
    if (token === 'broken') throw new Error('expired');
    return token === 'good' ? { user: jane, audiences: [] } : undefined;
  },
});
const certificate: ClientCertificate = { commonName: 'joe', organizations: ['ops'] };
const joe = { name: 'joe', groups: ['ops', 'system:authenticated'] };

function who(headers: Record<string, string>, more: Partial<HttpRequest> = {}): unknown {
  return authenticate({ header: (name: string) => headers[name], ...more } as unknown as HttpRequest);
}
const over = (protocols: string) => who({ 'sec-websocket-protocol': protocols }, { upgrade: 'websocket' });
const offered = `${bearerProtocolPrefix}${btoa('good').replaceAll('=', '')}`;

describe('who sends a request', () => {
  it.each([
    ['nothing', {}, undefined],
    ['a token', { authorization: 'Bearer good' }, jane],
    ['another case', { authorization: 'bearer good' }, jane],
    ['nobody’s token', { authorization: 'Bearer bad' }, 'rejected'],
    ['a token that is no longer good', { authorization: 'Bearer broken' }, 'rejected'],
    ['no token after all', { authorization: 'Bearer' }, 'rejected'],
    ['another scheme', { authorization: 'Basic Z29vZA==' }, 'rejected'],
  ])('by %s', (_what, headers, expected) => {
    expect(who(headers)).toEqual(expected);
  });

  it('by a certificate, before any token', () => {
    expect(who({}, { clientCertificate: certificate })).toEqual(joe);
    expect(who({ authorization: 'Bearer good' }, { clientCertificate: certificate })).toEqual(joe);
    expect(who({ authorization: 'Bearer bad' }, { clientCertificate: certificate })).toEqual(joe);
    const proxy = { ...certificate, frontProxy: true };
    expect(who({ authorization: 'Bearer good' }, { clientCertificate: proxy })).toEqual(jane);
  });

  it('by a token among the subprotocols of a WebSocket', () => {
    expect(over(`${offered}, base64.binary.k8s.io`)).toEqual(jane);
    expect(over(`a,${offered}`)).toEqual(jane);
    expect(who({ 'sec-websocket-protocol': `a,${offered}` })).toBeUndefined();
    expect(over('a, b')).toBeUndefined();
    expect(over(offered)).toBe('rejected');
    expect(over(`${offered}, ${offered}, a`)).toBe('rejected');
    expect(over(`${bearerProtocolPrefix}!, a`)).toBe('rejected');
    expect(over(`${bearerProtocolPrefix}${btoa('bad')}, a`)).toBe('rejected');
  });
});
