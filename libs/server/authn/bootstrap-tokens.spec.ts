import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '@drydock/base/clock';
import { createBootstrapTokens } from './index.ts';

const id = 'foobar';
const secret = 'circumnavigation';
const token = `${id}.${secret}`;
const good = { 'token-id': id, 'token-secret': secret, 'usage-bootstrap-authentication': 'true' };
const type = 'bootstrap.kubernetes.io/token';

/** Who comes with a token, where the API server holds one Secret. */
function who(data: Record<string, string>, shown = token, more: { type?: string; metadata?: object } = {}) {
  const metadata = { name: `bootstrap-token-${id}`, namespace: 'kube-system', ...more.metadata };
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)]));
  const stored = { metadata, type: more.type ?? type, data: encoded };
  const authenticate = createBootstrapTokens({
    clock: createVirtualClock({ startMs: Date.parse('2026-01-01T00:00:00Z') }),
    cache: {
      peek: ({ group, resource }, key) =>
        group === '' && resource === 'secrets' && key === `${metadata.namespace}/${metadata.name}`
          ? ({ object: stored } as never)
          : undefined,
    },
  });
  return authenticate(shown);
}
const user = (...groups: string[]) => ({
  name: 'system:bootstrap:foobar',
  groups: ['system:bootstrappers', ...groups, 'system:authenticated'],
});

describe('a bootstrap token', () => {
  it.each([
    ['is its user’s', who(good), user()],
    ['that has not expired', who({ ...good, expiration: '2109-11-10T23:00:00Z' }), user()],
    ['that expires in another zone', who({ ...good, expiration: '2025-12-31T22:00:01-02:00' }), user()],
    [
      'with a group more',
      who({ ...good, 'auth-extra-groups': 'system:bootstrappers:foo' }),
      user('system:bootstrappers:foo'),
    ],
    [
      'with groups, each of which counts once',
      who({
        ...good,
        'auth-extra-groups': 'system:bootstrappers:z,system:bootstrappers:a:b-1,system:bootstrappers:z',
      }),
      user('system:bootstrappers:a:b-1', 'system:bootstrappers:z'),
    ],
  ])('%s', (_what, found, expected) => expect(found).toEqual(expected));

  const extra = (groups: string) => who({ ...good, 'auth-extra-groups': groups });
  const without = (key: keyof typeof good) =>
    who(Object.fromEntries(Object.entries(good).filter(([one]) => one !== key)));
  it.each([
    ['with a group of others', extra('foo')],
    ['with a group that is not below its own', extra('system:bootstrappers')],
    ['with an empty group', extra('system:bootstrappers:')],
    ['with a group in capitals', extra('system:bootstrappers:A')],
    ['with a group that ends in a hyphen', extra('system:bootstrappers:a-')],
    ['with a good and a bad group', extra('system:bootstrappers:a,system:masters')],
    ['with a space among its groups', extra('system:bootstrappers:a, system:bootstrappers:b')],
    ['whose Secret has another name', who(good, token, { metadata: { name: 'bad-name' } })],
    ['whose Secret is elsewhere', who(good, token, { metadata: { namespace: 'default' } })],
    ['whose Secret has another type', who(good, token, { type: 'Opaque' })],
    ['whose Secret is going', who(good, token, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    ['for no use', without('usage-bootstrap-authentication')],
    ['for another use', who({ ...good, 'usage-bootstrap-authentication': 'false' })],
    ['without an id', without('token-id')],
    ['without a secret', without('token-secret')],
    ['of another id', who({ ...good, 'token-id': 'barfoo' })],
    ['that nobody has', who(good, `barfoo.${secret}`)],
    ['with another secret', who(good, `${id}.circumnavigatiom`)],
    ['with a longer secret', who({ ...good, 'token-secret': `${secret}s` })],
    ['that has expired', who({ ...good, expiration: '2009-11-10T23:00:00Z' })],
    ['that expires now', who({ ...good, expiration: '2026-01-01T00:00:00Z' })],
    ['that expires nobody knows when', who({ ...good, expiration: 'soon' })],
    [
      'whose id is too short',
      who({ ...good, 'token-id': 'foo' }, `foo.${secret}`, { metadata: { name: 'bootstrap-token-foo' } }),
    ],
    ['in capitals', who(good, token.toUpperCase())],
    ['with more behind it', who(good, `${token}.x`)],
    ['with a line behind it', who(good, `${token}\n`)],
    ['that is empty', who(good, '')],
  ])('%s is nobody’s', (_what, found) => expect(found).toBeUndefined());
});
