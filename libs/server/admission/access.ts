import { authorizerValue, resourceCheckValue, type AccessCheck, type Value } from '../cel/index.ts';
import type { Authorizer } from '../authz/index.ts';
import type { UserInfo } from '../registry/types.ts';
import type { AdmissionRequest } from './types.ts';

function accountUser(namespace: string, name: string): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  };
}

/** The variables `authorizer` and `authorizer.requestResource`: what the sender of a request may do. */
export function accessVariables(request: AdmissionRequest, authorizer: Authorizer): [string, Value][] {
  const check: AccessCheck = ({ serviceAccount, verb, path, resource }) => {
    const user =
      serviceAccount === undefined
        ? request.context.user
        : accountUser(serviceAccount.namespace, serviceAccount.name);
    const decision = authorizer.authorize({
      user,
      verb,
      ...(resource === undefined ? { path: path ?? '' } : { resource: { ...resource, version: '*' } }),
    });
    // Expressions do not wait. The authorizers of this server answer at once.
    if (decision instanceof Promise)
      return { allowed: false, reason: '', error: 'the authorizer does not answer at once' };
    const { allowed, reason = '', evaluationError = '' } = decision;
    return { allowed, reason, error: allowed ? '' : evaluationError };
  };
  const { definition, subresource, namespace = '', name } = request;
  const { group, resource } = definition;
  return [
    ['authorizer', authorizerValue(check)],
    [
      'authorizer.requestResource',
      resourceCheckValue(check, { group, resource, subresource, namespace, name }),
    ],
  ];
}
