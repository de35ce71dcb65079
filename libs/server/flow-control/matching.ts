import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '@drydock/api/flowcontrol/v1';
import type { AuthorizationRequest } from '../authz/index.ts';
import type { UserInfo } from '../registry/types.ts';

const accountPrefix = 'system:serviceaccount:';
const all = '*';

const has = (words: readonly string[] | undefined, word: string): boolean =>
  words?.some((one) => one === word || one === all) === true;

function matchesSubject({ kind, user, group, serviceAccount }: Subject, who: UserInfo): boolean {
  switch (kind) {
    case 'User':
      return user?.name === all || user?.name === who.name;
    case 'Group':
      return group?.name === all || who.groups?.includes(group?.name ?? '') === true;
    case 'ServiceAccount': {
      const { namespace = '', name = '' } = serviceAccount ?? {};
      const prefix = `${accountPrefix}${namespace}:`;
      return name === all ? who.name.startsWith(prefix) : who.name === `${prefix}${name}`;
    }
    default:
      return false;
  }
}

function matchesResource(rule: ResourcePolicyRule, verb: string, resource: Resource): boolean {
  const { group, subresource, namespace } = resource;
  const what = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, group) || !has(rule.resources, what)) return false;
  // Paths of a Namespace are paths within it.
  const where = group === '' && resource.resource === 'namespaces' ? resource.name : namespace;
  return where === '' ? rule.clusterScope === true : has(rule.namespaces, where);
}

type Resource = NonNullable<AuthorizationRequest['resource']>;

function matchesPath(pattern: string, path: string): boolean {
  if (pattern === all || pattern === path) return true;
  if (!pattern.endsWith(all)) return false;
  const start = pattern.slice(0, -1);
  return path.startsWith(start.endsWith('/') ? start : `${start}/`);
}

function matchesNonResource(rule: NonResourcePolicyRule, verb: string, path: string): boolean {
  return has(rule.verbs, verb) && rule.nonResourceURLs?.some((one) => matchesPath(one, path)) === true;
}

function matchesRule(rule: PolicyRulesWithSubjects, request: AuthorizationRequest): boolean {
  const { user, verb, resource, path = '' } = request;
  if (rule.subjects?.some((subject) => matchesSubject(subject, user)) !== true) return false;
  return resource === undefined
    ? rule.nonResourceRules?.some((one) => matchesNonResource(one, verb, path)) === true
    : rule.resourceRules?.some((one) => matchesResource(one, verb, resource)) === true;
}

/** Does the schema take the request? */
export function matchesFlowSchema({ spec }: FlowSchema, request: AuthorizationRequest): boolean {
  return spec?.rules?.some((rule) => matchesRule(rule, request)) === true;
}

/** The order in which schemas are asked: by precedence, then by name. */
export function compareFlowSchemas(a: FlowSchema, b: FlowSchema): number {
  const [first = 0, second = 0] = [a.spec?.matchingPrecedence, b.spec?.matchingPrecedence];
  if (first !== second) return first - second;
  const [name = '', other = ''] = [a.metadata.name, b.metadata.name];
  return name < other ? -1 : name > other ? 1 : 0;
}
