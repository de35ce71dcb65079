import type { ClusterRole, PolicyRule, RoleBinding } from '@drydock/api/rbac/v1';
import { forbidden, goQuote, notFound, semanticEqual } from '@drydock/base/apimachinery';
import { ruleAllows, type Authorizer } from '../authz/index.ts';
import type { UserInfo } from '../registry/types.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

const group = 'rbac.authorization.k8s.io';
const superusers = 'system:masters';
const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

/** A rule about one verb of one thing. */
interface SingleRule {
  readonly verb: string;
  readonly apiGroup?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly url?: string;
}

function* singles({
  verbs = [],
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
}: PolicyRule): Generator<SingleRule> {
  for (const apiGroup of apiGroups)
    for (const resource of resources)
      for (const verb of verbs) {
        if (resourceNames.length === 0) yield { verb, apiGroup, resource };
        for (const name of resourceNames) yield { verb, apiGroup, resource, name };
      }
  for (const url of nonResourceURLs) for (const verb of verbs) yield { verb, url };
}

const nobody: UserInfo = { name: '', groups: [] };

/** Whether a rule that somebody has allows all that the single rule would. */
function covers(
  held: PolicyRule,
  { verb, apiGroup = '', resource = '', name = '', url }: SingleRule,
): boolean {
  if (url !== undefined) return ruleAllows(held, { user: nobody, verb, path: url });
  const [first = '', subresource = ''] = resource.split('/');
  const asked = { group: apiGroup, version: '', resource: first, subresource, namespace: '', name };
  // A rule for some names does not allow all names.
  if (name === '' && (held.resourceNames ?? []).length > 0) return false;
  if (resource === '*' && !(held.resources ?? []).includes('*')) return false;
  return ruleAllows(held, { user: nobody, verb, resource: asked });
}

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

/** What is missing, with the verbs of one thing together. */
function compact(missing: readonly SingleRule[]): PolicyRule[] {
  const byThing = new Map<string, PolicyRule>();
  for (const { verb, apiGroup, resource, name, url } of missing) {
    const key = JSON.stringify([apiGroup, resource, name, url]);
    const known = byThing.get(key);
    if (known !== undefined) known.verbs = [...(known.verbs ?? []), verb];
    else if (url !== undefined) byThing.set(key, { nonResourceURLs: [url], verbs: [verb] });
    else {
      byThing.set(key, {
        ...{ apiGroups: [apiGroup ?? ''], resources: [resource ?? ''], verbs: [verb] },
        ...(name === undefined ? {} : { resourceNames: [name] }),
      });
    }
  }
  return [...byThing.values()];
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
    const missing = rules.flatMap((rule) =>
      [...singles(rule)].filter((one) => !held.some((own) => covers(own, one))),
    );
    if (missing.length === 0) return;
    const { name, groups } = context.user;
    const described = compact(missing).map(text).sort().join('\n');
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
