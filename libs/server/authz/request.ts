import { forbidden } from '@drydock/base/apimachinery';
import type { ResourceRef } from '@drydock/port/transport';
import type { AuthorizationDecision, AuthorizationRequest, Authorizer } from './authorizer.ts';
import type { UserInfo } from '../registry/types.ts';

/** What an HTTP request for a resource asks leave for. `watching`: a GET that stays open. */
export function resourceRequest(
  user: UserInfo,
  method: string,
  ref: ResourceRef,
  watching: boolean,
): AuthorizationRequest {
  const { group, version, resource, namespace = '', name = '', subresource = '' } = ref;
  return {
    user,
    verb: verbOf(method, name !== '', watching),
    resource: { group, version, resource, subresource, namespace, name },
  };
}

function verbOf(method: string, named: boolean, watching: boolean): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (watching) return 'watch';
      return named ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return named ? 'delete' : 'deletecollection';
    default:
      return method.toLowerCase();
  }
}

/** Resolves when the request is allowed. @throws ApiError 403 in Kubernetes' words */
export function requireAllowed(
  authorizer: Pick<Authorizer, 'authorize'>,
  request: AuthorizationRequest,
): void | Promise<void> {
  const decision = authorizer.authorize(request);
  if (decision instanceof Promise) return decision.then((made) => check(made, request));
  check(decision, request);
}

function check({ allowed, reason = '' }: AuthorizationDecision, request: AuthorizationRequest): void {
  if (allowed) return;
  const { user, verb, resource, path = '' } = request;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  const because = reason === '' ? '' : `: ${reason}`;
  if (resource === undefined) {
    throw forbidden({ group: '', resource: '' }, '', `${who} path ${JSON.stringify(path)}${because}`);
  }
  const { group, namespace, name, subresource } = resource;
  const what = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  throw forbidden(
    { group, resource: resource.resource },
    name,
    `${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}${because}`,
  );
}
