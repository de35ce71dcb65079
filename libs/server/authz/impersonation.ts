import { badRequest } from '@drydock/base/apimachinery';
import type { HttpRequest } from '@drydock/port/http';
import type { UserInfo } from '../registry/types.ts';
import type { Authorizer } from './authorizer.ts';
import { requireAllowed } from './request.ts';

const accountPrefix = 'system:serviceaccount:';

/** Header values are lists where a header is repeated. */
function valuesOf(request: HttpRequest, name: string): string[] {
  const value = request.header(name);
  if (value === undefined) return [];
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
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
  authorizer: Authorizer,
): Promise<UserInfo> {
  const name = request.header('impersonate-user') ?? '';
  const groups = valuesOf(request, 'impersonate-group');
  const uid = request.header('impersonate-uid') ?? '';
  if (name === '') {
    if (groups.length === 0 && uid === '') return user;
    throw badRequest('requested [{Group}] without impersonating a user');
  }
  const may = (group: string, resource: string, what: string, namespace = '') =>
    requireAllowed(authorizer, {
      user,
      verb: 'impersonate',
      resource: { group, version: 'v1', resource, subresource: '', namespace, name: what },
    });
  const account = name.startsWith(accountPrefix) ? name.slice(accountPrefix.length).split(':') : [];
  const [namespace = '', accountName = ''] = account;
  const isAccount = account.length === 2;
  if (isAccount) await may('', 'serviceaccounts', accountName, namespace);
  else await may('', 'users', name);
  for (const one of groups) await may('', 'groups', one);
  if (uid !== '') await may('authentication.k8s.io', 'uids', uid);
  const given =
    groups.length === 0 && isAccount
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : groups;
  const anonymous = name === 'system:anonymous';
  const known = anonymous ? 'system:unauthenticated' : 'system:authenticated';
  return {
    name,
    ...(uid === '' ? {} : { uid }),
    groups: given.includes(known) ? given : [...given, known],
  };
}
