import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '@drydock/api/rbac/v1';
import type { UserInfo } from '../registry/types.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import type {
  AuthorizationDecision,
  AuthorizationRequest,
  AuthorizationRules,
  Authorizer,
} from './authorizer.ts';

const group = 'rbac.authorization.k8s.io';
const superusers = 'system:masters';
const accountPrefix = 'system:serviceaccount:';

/** One binding as it concerns one subject. */
interface Grant {
  /** `ClusterRoleBinding "a" of ClusterRole "b" to Group "c"`. */
  readonly description: string;
  rules(): readonly PolicyRule[];
}

type Grants = Map<string, Grant[]>;

interface Index {
  readonly cluster: Grants;
  readonly byNamespace: Map<string, Grants>;
}

const quote = (text: string): string => JSON.stringify(text);

/** How users and groups are found in the index. */
const userKey = (name: string): string => `u:${name}`;
const groupKey = (name: string): string => `g:${name}`;

function subjectKey(subject: Subject, namespace: string): string | undefined {
  const { kind, name = '' } = subject;
  if (kind === 'User') return userKey(name);
  if (kind === 'Group') return groupKey(name);
  if (kind !== 'ServiceAccount') return undefined;
  const where = subject.namespace || namespace;
  return where === '' ? undefined : userKey(`${accountPrefix}${where}:${name}`);
}

function describeSubject({ kind = '', name = '', namespace = '' }: Subject, fallback: string): string {
  if (kind !== 'ServiceAccount') return `${kind} ${quote(name)}`;
  return `${kind} ${quote(`${name}/${namespace || fallback}`)}`;
}

/** Decides by the roles and bindings in the cache; members of system:masters may do everything. */
export function createRbacAuthorizer(cache: WatchCache): Authorizer {
  let index: Index | undefined;
  for (const resource of ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'])
    cache.onChange({ group, resource }, () => (index = undefined));

  function role(kind: string, name: string, namespace: string): readonly PolicyRule[] {
    const found =
      kind === 'ClusterRole'
        ? cache.peek({ group, resource: 'clusterroles' }, name)
        : cache.peek({ group, resource: 'roles' }, `${namespace}/${name}`);
    return (found?.object as Role | ClusterRole | undefined)?.rules ?? [];
  }

  function enter(grants: Grants, binding: RoleBinding | ClusterRoleBinding, namespace: string): void {
    const { roleRef, subjects = [], metadata } = binding;
    const { kind = '', name = '' } = roleRef ?? {};
    const which =
      namespace === ''
        ? `ClusterRoleBinding ${quote(metadata.name ?? '')}`
        : `RoleBinding ${quote(`${metadata.name ?? ''}/${namespace}`)}`;
    for (const subject of subjects) {
      const key = subjectKey(subject, namespace);
      if (key === undefined) continue;
      const description = `${which} of ${kind} ${quote(name)} to ${describeSubject(subject, namespace)}`;
      const grant: Grant = { description, rules: () => role(kind, name, namespace) };
      const known = grants.get(key);
      if (known === undefined) grants.set(key, [grant]);
      else known.push(grant);
    }
  }

  function build(): Index {
    const built: Index = { cluster: new Map(), byNamespace: new Map() };
    for (const { object } of cache.items({ group, resource: 'clusterrolebindings' }))
      enter(built.cluster, object as ClusterRoleBinding, '');
    for (const { object } of cache.items({ group, resource: 'rolebindings' })) {
      const namespace = object.metadata.namespace ?? '';
      let grants = built.byNamespace.get(namespace);
      if (grants === undefined) built.byNamespace.set(namespace, (grants = new Map()));
      enter(grants, object as RoleBinding, namespace);
    }
    return built;
  }

  /** Everything granted to a user, cluster-wide first. */
  function* grantsOf(user: UserInfo, namespace: string): Generator<Grant> {
    index ??= build();
    const keys = [userKey(user.name), ...user.groups.map(groupKey)];
    for (const key of keys) yield* index.cluster.get(key) ?? [];
    const local = namespace === '' ? undefined : index.byNamespace.get(namespace);
    if (local !== undefined) for (const key of keys) yield* local.get(key) ?? [];
  }

  return {
    authorize(request): AuthorizationDecision {
      const { user, resource } = request;
      if (user.groups.includes(superusers)) return { allowed: true };
      for (const grant of grantsOf(user, resource?.namespace ?? '')) {
        if (grant.rules().some((rule) => ruleAllows(rule, request)))
          return { allowed: true, reason: `RBAC: allowed by ${grant.description}` };
      }
      return { allowed: false };
    },
    rulesFor(user, namespace): AuthorizationRules {
      const rules: PolicyRule[] = [];
      if (user.groups.includes(superusers)) {
        rules.push(
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
          { verbs: ['*'], nonResourceURLs: ['*'] },
        );
      }
      for (const grant of grantsOf(user, namespace)) rules.push(...grant.rules());
      return {
        resourceRules: rules
          .filter(({ resources }) => (resources ?? []).length > 0)
          .map(({ verbs = [], apiGroups = [], resources = [], resourceNames }) => ({
            ...{ verbs, apiGroups, resources },
            ...(resourceNames === undefined ? {} : { resourceNames }),
          })),
        nonResourceRules: rules
          .filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0)
          .map(({ verbs = [], nonResourceURLs = [] }) => ({ verbs, nonResourceURLs })),
        incomplete: false,
      };
    },
  };
}

/** Whether one rule allows what is asked. */
export function ruleAllows(rule: PolicyRule, { verb, resource, path }: AuthorizationRequest): boolean {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (!verbs.includes('*') && !verbs.includes(verb)) return false;
  if (resource === undefined) {
    return nonResourceURLs.some(
      (url) =>
        url === '*' || url === path || (url.endsWith('*') && (path ?? '').startsWith(url.slice(0, -1))),
    );
  }
  if (!apiGroups.includes('*') && !apiGroups.includes(resource.group)) return false;
  const { subresource } = resource;
  const whole = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  const named = resources.some(
    (one) => one === '*' || one === whole || (subresource !== '' && one === `*/${subresource}`),
  );
  return named && (resourceNames.length === 0 || resourceNames.includes(resource.name));
}
