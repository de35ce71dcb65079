import type { HttpRequest } from '@drydock/port/http';
import { describe, expect, it } from 'vitest';
import type { AuthorizationRequest } from './authorizer.ts';
import { impersonated } from './impersonation.ts';

const admin = { name: 'admin', groups: ['system:masters'] };

async function become(headers: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const request = {
    header: (name: string) => headers[name]?.join(', '),
    headerValues: (name: string) => headers[name] ?? [],
    headers: new Map(Object.entries(headers).map(([name, values]) => [name, values.join(', ')])),
  } as Partial<HttpRequest> as HttpRequest;
  const user = await impersonated(request, admin, {
    authorize: ({ resource }: AuthorizationRequest) => {
      asked.push([resource?.resource, resource?.subresource, resource?.name].filter(Boolean).join('/'));
      return { allowed: true };
    },
  } as Parameters<typeof impersonated>[2]);
  return { user, asked };
}

describe('impersonation', () => {
  it('takes groups as they were sent, in order, commas included', async () => {
    const { user, asked } = await become({
      'impersonate-user': ['user1'],
      'impersonate-group': ['group2', 'group1', ',,,chameleon'],
    });
    expect(user).toEqual({
      name: 'user1',
      groups: ['group2', 'group1', ',,,chameleon', 'system:authenticated'],
    });
    expect(asked).toEqual(['users/user1', 'groups/group2', 'groups/group1', 'groups/,,,chameleon']);
  });

  it('takes what else is known of the user', async () => {
    const { user, asked } = await become({
      'impersonate-user': ['user1'],
      'impersonate-uid': ['7'],
      'impersonate-extra-acme.com%2fproject': ['a', 'b'],
    });
    expect(user).toEqual({
      name: 'user1',
      uid: '7',
      groups: ['system:authenticated'],
      extra: { 'acme.com/project': ['a', 'b'] },
    });
    expect(asked).toEqual([
      'users/user1',
      'userextras/acme.com/project/a',
      'userextras/acme.com/project/b',
      'uids/7',
    ]);
  });

  it.each([
    ['user1', ['system:unauthenticated'], ['system:unauthenticated']],
    ['system:anonymous', [], ['system:unauthenticated']],
    [
      'system:serviceaccount:ns:sa',
      [],
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
  ])('%s with %j is in %j', async (name, given, groups) => {
    const { user } = await become({ 'impersonate-user': [name], 'impersonate-group': given });
    expect(user.groups).toEqual(groups);
  });
});
