import type { ClusterRole, PolicyRule, RoleBinding } from '@drydock/api/rbac/v1';
import { forbidden, goQuote, notFound, semanticEqual } from '@drydock/base/apimachinery';
import { missingRules, type Authorizer } from '../authz/index.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

const group = 'rbac.authorization.k8s.io';
const superusers = 'system:masters';
const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

const list = (items: readonly string[]): string => `[${items.map(goQuote).join(' ')}]`;

function text({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts: readonly [string, readonly string[] | undefined][] = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ];
  const shown = parts.filter(([, items]) => (items ?? []).length > 0);
  return `{${shown.map(([name, items]) => `${name}:${list(items ?? [])}`).join(', ')}}`;
}

/**
 * Nobody grants what they do not have: whoever writes a role must hold its rules or may `escalate`, and whoever binds one
 * must hold them or may `bind`.
 */
export function rbacEscalation(authorizer: Authorizer): AdmissionPlugin {
  async function mayDo(
    request: AdmissionRequest,
    verb: string,
    resource: string,
    name: string,
  ): Promise<boolean> {
    const { namespace = '', context } = request;
    const { allowed } = await authorizer.authorize({
      user: context.user,
      verb,
      resource: { group, version: 'v1', resource, subresource: '', namespace, name },
    });
    return allowed;
  }

  async function requireHeld(request: AdmissionRequest, rules: readonly PolicyRule[]): Promise<void> {
    const { context, namespace = '', definition, object } = request;
    const { resourceRules, nonResourceRules } = await authorizer.rulesFor(context.user, namespace);
    const held = [...resourceRules, ...nonResourceRules] as PolicyRule[];
    const missing = missingRules(held, rules);
    if (missing.length === 0) return;
    const { name, groups } = context.user;
    const described = missing.map(text).sort().join('\n');
    throw forbidden(
      { group, resource: definition.resource },
      object.metadata.name ?? '',
      `user ${goQuote(name)} (groups=${list(groups)}) is attempting to grant RBAC permissions not currently held:\n${described}`,
    );
  }

  async function checkRole(request: AdmissionRequest): Promise<void> {
    const role = request.object as ClusterRole;
    const old = request.old as ClusterRole | undefined;
    const same =
      old !== undefined &&
      semanticEqual(role.rules, old.rules) &&
      semanticEqual(role.aggregationRule, old.aggregationRule);
    if (same || (await mayDo(request, 'escalate', request.definition.resource, role.metadata.name ?? '')))
      return;
    if (role.aggregationRule !== undefined) await requireHeld(request, everything);
    await requireHeld(request, role.rules ?? []);
  }

  function rulesOf(
    { roleRef }: RoleBinding,
    { context, namespace }: AdmissionRequest,
  ): readonly PolicyRule[] {
    const { kind, name = '' } = roleRef ?? {};
    const resource = kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    const found = context.lookup(group, resource, kind === 'ClusterRole' ? name : `${namespace}/${name}`);
    if (found === undefined) throw notFound({ group, resource }, name);
    return (found as ClusterRole).rules ?? [];
  }

  async function checkBinding(request: AdmissionRequest): Promise<void> {
    const binding = request.object as RoleBinding;
    const old = request.old as RoleBinding | undefined;
    const same =
      old !== undefined &&
      semanticEqual(binding.roleRef, old.roleRef) &&
      semanticEqual(binding.subjects, old.subjects);
    if (same) return;
    const { kind, name = '' } = binding.roleRef ?? {};
    if (await mayDo(request, 'bind', kind === 'ClusterRole' ? 'clusterroles' : 'roles', name)) return;
    await requireHeld(request, rulesOf(binding, request));
  }

  return {
    name: 'RBACEscalation',
    handles: (definition, subresource, operation) =>
      definition.group === group && subresource === '' && operation !== 'DELETE',
    validate(request) {
      if (request.context.user.groups.includes(superusers)) return;
      return /role$|roles$/.test(request.definition.resource) ? checkRole(request) : checkBinding(request);
    },
  };
}
