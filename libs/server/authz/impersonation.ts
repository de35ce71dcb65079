import { badRequest } from '@drydock/base/apimachinery';
import type { HttpRequest } from '@drydock/port/http';
import type { UserInfo } from '../registry/types.ts';
import type { Authorizer } from './authorizer.ts';
import { requireAllowed } from './request.ts';

const accountPrefix = 'system:serviceaccount:';

const extraPrefix = 'impersonate-extra-';

/** `Impersonate-Extra-<key>`: keys are in lower case and percent-encoded, values are as they were sent. */
function extraOf(request: HttpRequest): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {};
  for (const name of request.headers?.keys() ?? []) {
    if (!name.startsWith(extraPrefix)) continue;
    extra[unescapeKey(name.slice(extraPrefix.length))] = request.headerValues(name);
  }
  return extra;
}

/** What is not a percent-encoding is taken as it is. */
function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

export function wantsImpersonation(request: HttpRequest): boolean {
  return (
    request.header('impersonate-user') !== undefined ||
    request.header('impersonate-group') !== undefined ||
    request.header('impersonate-uid') !== undefined
  );
}

/**
 * The user that the request wants to be (`Impersonate-User` and its kin), if it may; else the one it is.
 * @throws ApiError 400 without a user's name, 403 where it may not
 */
export async function impersonated(
  request: HttpRequest,
  user: UserInfo,
  authorizer: Pick<Authorizer, 'authorize'>,
): Promise<UserInfo> {
  const name = request.header('impersonate-user') ?? '';
  const groups = request.headerValues('impersonate-group');
  const uid = request.header('impersonate-uid') ?? '';
  if (name === '') {
    if (groups.length === 0 && uid === '') return user;
    throw badRequest('requested [{Group}] without impersonating a user');
  }
  const extra = extraOf(request);
  const may = (group: string, resource: string, what: string, namespace = '', subresource = '') =>
    requireAllowed(authorizer, {
      user,
      verb: 'impersonate',
      resource: { group, version: 'v1', resource, subresource, namespace, name: what },
    });
  const account = name.startsWith(accountPrefix) ? name.slice(accountPrefix.length).split(':') : [];
  const [namespace = '', accountName = ''] = account;
  const isAccount = account.length === 2;
  if (isAccount) await may('', 'serviceaccounts', accountName, namespace);
  else await may('', 'users', name);
  for (const one of groups) await may('', 'groups', one);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) await may('authentication.k8s.io', 'userextras', value, '', key);
  }
  if (uid !== '') await may('authentication.k8s.io', 'uids', uid);
  const given =
    groups.length === 0 && isAccount
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : groups;
  const known =
    name === 'system:anonymous'
      ? given.includes('system:unauthenticated')
      : given.includes('system:authenticated') || given.includes('system:unauthenticated');
  const own = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  return {
    name,
    ...(uid === '' ? {} : { uid }),
    groups: known ? given : [...given, own],
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
