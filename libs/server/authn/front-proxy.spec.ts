import type { ClientCertificate, HttpRequest } from '@drydock/port/http';
import { describe, expect, it } from 'vitest';
import { createAuthenticator, createFrontProxyAuthenticator, frontProxyDefaults } from './index.ts';

function request(headers: Record<string, string[]>, clientCertificate?: ClientCertificate): HttpRequest {
  return {
    clientCertificate,
    header: (name: string) => headers[name]?.join(', '),
    headerValues: (name: string) => headers[name] ?? [],
    headers: new Map(Object.entries(headers).map(([name, values]) => [name, values.join(', ')])),
  } as unknown as HttpRequest;
}

const direct = createAuthenticator({ authenticate: () => undefined });
const authenticate = createFrontProxyAuthenticator(
  { ...frontProxyDefaults, allowedNames: ['front-proxy-client'] },
  direct,
);
const proxy = { commonName: 'front-proxy-client', organizations: ['system:masters'], frontProxy: true };
const identity = {
  'x-remote-user': ['jane'],
  'x-remote-uid': ['7'],
  'x-remote-group': ['a,b', 'c'],
  'x-remote-extra-example.com%2fscopes': ['x', 'y'],
};

describe('a request that comes through a front proxy', () => {
  it('is from the user that the proxy names', () => {
    expect(authenticate(request(identity, proxy))).toEqual({
      name: 'jane',
      uid: '7',
      groups: ['a,b', 'c', 'system:authenticated'],
      extra: { 'example.com/scopes': ['x', 'y'] },
    });
    expect(
      authenticate(
        request(
          { 'x-remote-user': ['system:anonymous'], 'x-remote-group': ['system:unauthenticated'] },
          proxy,
        ),
      ),
    ).toEqual({ name: 'system:anonymous', groups: ['system:unauthenticated'] });
  });

  it('is from nobody where the proxy names no user: the proxy itself is none', () => {
    expect(authenticate(request({}, proxy))).toBeUndefined();
    expect(authenticate(request({ 'x-remote-group': ['system:masters'] }, proxy))).toBeUndefined();
  });

  it('is refused from a proxy that may not', () => {
    expect(authenticate(request(identity, { ...proxy, commonName: 'other' }))).toBe('rejected');
  });

  it('is not believed without the certificate of a proxy', () => {
    expect(authenticate(request(identity))).toBeUndefined();
    const user = { commonName: 'joe', organizations: ['dev'] };
    expect(authenticate(request(identity, user))).toEqual({
      name: 'joe',
      groups: ['dev', 'system:authenticated'],
    });
  });
});
