import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  semanticEqual,
  validateDns1123Label,
  validateDns1123Subdomain,
} from '@drydock/base/apimachinery';
import type {
  FlowSchema,
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from '@drydock/api/flowcontrol/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn, textErrors } from '../common/index.ts';
import { mandatoryFlowSchemas } from './mandatory.ts';

const spec = fieldPath('spec');
const maxPrecedence = 10_000;
const defaultPrecedence = 1000;
const knownVerbs = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'proxy',
  'update',
  'watch',
];

const wholeNames = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const;

/** The name of an account, or `*` for all of its namespace. */
function accountErrors({ namespace = '', name = '' }: ServiceAccountSubject, where: FieldPath): FieldError[] {
  const at = where.child('namespace');
  return [
    ...(name === '' || name === '*'
      ? []
      : textErrors(validateDns1123Subdomain(name), name, where.child('name'))),
    ...(namespace === ''
      ? [required(at, 'must specify namespace for service account')]
      : textErrors(validateDns1123Label(namespace), namespace, at)),
  ];
}

function subjectErrors(subject: Subject, where: FieldPath): FieldError[] {
  const kind = subject.kind ?? '';
  if (!Object.hasOwn(wholeNames, kind)) {
    return [notSupported(where.child('kind'), kind, Object.keys(wholeNames))];
  }
  const errors: FieldError[] = [];
  for (const [one, field] of Object.entries(wholeNames)) {
    const named = subject[field];
    const at = where.child(field);
    if (one !== kind) {
      if (named !== undefined)
        errors.push(forbiddenField(at, `${field} is forbidden when subject kind is not '${one}'`));
    } else if (named === undefined) {
      errors.push(required(at, `${field} is required when subject kind is '${kind}'`));
    } else {
      if ((named.name ?? '') === '') errors.push(required(at.child('name')));
      if (kind === 'ServiceAccount') errors.push(...accountErrors(named as ServiceAccountSubject, at));
    }
  }
  return errors;
}

/** A list with at least one entry, and `*` alone where it is there. */
function listErrors(
  list: readonly string[] | undefined,
  at: FieldPath,
  none: string,
  others: string,
): FieldError[] {
  const given = list ?? [];
  if (given.length === 0) return [required(at, none)];
  return given.includes('*') && given.length > 1
    ? [invalidValue(at, given, `if '*' is present, must not specify other ${others}`)]
    : [];
}

function verbErrors(verbs: readonly string[] | undefined, where: FieldPath): FieldError[] {
  const at = where.child('verbs');
  const given = verbs ?? [];
  const errors = listErrors(given, at, 'verbs must contain at least one value', 'verbs');
  if (given.includes('*') || given.every((verb) => knownVerbs.includes(verb))) return errors;
  return [...errors, notSupported(at, given, knownVerbs)];
}

function resourceRuleErrors(rule: ResourcePolicyRule, where: FieldPath): FieldError[] {
  const namespaces = rule.namespaces ?? [];
  const at = where.child('namespaces');
  const errors = [
    ...verbErrors(rule.verbs, where),
    ...listErrors(
      rule.apiGroups,
      where.child('apiGroups'),
      'resource rules must supply at least one api group',
      'api groups',
    ),
    ...listErrors(
      rule.resources,
      where.child('resources'),
      'resource rules must supply at least one resource',
      'resources',
    ),
  ];
  const needed = 'resource rules that are not cluster scoped must supply at least one namespace';
  if (namespaces.length > 0 || rule.clusterScope !== true)
    errors.push(...listErrors(namespaces, at, needed, 'namespaces'));
  const intro = "each member of this list must be '*' or a DNS-1123 label; ";
  for (const [index, name] of namespaces.includes('*') ? [] : namespaces.entries()) {
    const messages = validateDns1123Label(name).map((message) => intro + message);
    errors.push(...textErrors(messages, name, at.index(index)));
  }
  return errors;
}

/** A path, or the beginning of paths with `*` at the end. */
function urlMessage(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const wildcards = path.split('*').length - 1;
  return wildcards > 1 || (wildcards === 1 && !path.endsWith('/*'))
    ? 'wildcard can only do suffix matching'
    : undefined;
}

function pathRuleErrors(rule: NonResourcePolicyRule, where: FieldPath): FieldError[] {
  const urls = rule.nonResourceURLs ?? [];
  const at = where.child('nonResourceURLs');
  const errors = [
    ...verbErrors(rule.verbs, where),
    ...listErrors(urls, at, 'nonResourceURLs must contain at least one value', 'non-resource URLs'),
  ];
  for (const [index, url] of urls.includes('*') ? [] : urls.entries()) {
    const message = urlMessage(url);
    if (message !== undefined) errors.push(invalidValue(at.index(index), url, message));
  }
  return errors;
}

function ruleErrors(rule: PolicyRulesWithSubjects, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const subjects = rule.subjects ?? [];
  const { resourceRules = [], nonResourceRules = [] } = rule;
  if (subjects.length === 0)
    errors.push(required(where.child('subjects'), 'subjects must contain at least one value'));
  subjects.forEach((subject, index) =>
    errors.push(...subjectErrors(subject, where.child('subjects').index(index))),
  );
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(required(where, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  }
  resourceRules.forEach((one, index) =>
    errors.push(...resourceRuleErrors(one, where.child('resourceRules').index(index))),
  );
  nonResourceRules.forEach((one, index) =>
    errors.push(...pathRuleErrors(one, where.child('nonResourceRules').index(index))),
  );
  return errors;
}

function specErrors(name: string, value: FlowSchemaSpec): FieldError[] {
  const errors: FieldError[] = [];
  const precedence = value.matchingPrecedence ?? 0;
  const at = spec.child('matchingPrecedence');
  if (precedence <= 0) errors.push(invalidValue(at, precedence, 'must be a positive value'));
  if (precedence > maxPrecedence) {
    errors.push(invalidValue(at, precedence, `must not be greater than ${maxPrecedence}`));
  }
  if (precedence === 1 && name !== 'exempt')
    errors.push(invalidValue(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  const method = value.distinguisherMethod?.type;
  const methods = ['ByNamespace', 'ByUser'];
  if (method !== undefined && !methods.includes(method)) {
    errors.push(notSupported(spec.child('distinguisherMethod').child('type'), method, methods));
  }
  const level = value.priorityLevelConfiguration?.name ?? '';
  const atLevel = spec.child('priorityLevelConfiguration').child('name');
  if (level === '') errors.push(required(atLevel, 'must reference a priority level'));
  else errors.push(...textErrors(validateDns1123Subdomain(level), level, atLevel));
  (value.rules ?? []).forEach((rule, index) =>
    errors.push(...ruleErrors(rule, spec.child('rules').index(index))),
  );
  const fixed = mandatoryFlowSchemas[name];
  if (fixed !== undefined && !semanticEqual(value, fixed))
    errors.push(invalidValue(spec, value, `spec of '${name}' must equal the fixed value`));
  return errors;
}

/** flowcontrol.apiserver.k8s.io/v1 FlowSchema: which requests belong to which priority. */
export const flowSchemaDefinition: ResourceDefinition<FlowSchema> = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  resource: 'flowschemas',
  singular: 'flowschema',
  namespaced: false,
  schema: 'k8s.io.api.flowcontrol.v1.FlowSchema',
  status: true,
  strategy: {
    defaults({ spec: value }) {
      if (value !== undefined) value.matchingPrecedence ||= defaultPrecedence;
    },
    prepareForCreate(object) {
      object.status = {};
    },
    validate: ({ metadata: { name = '' }, spec: value = {} as FlowSchemaSpec }) => specErrors(name, value),
  },
  // As they are tried.
  tableOrder: (a, b) =>
    (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0) ||
    ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  columns: [
    nameColumn,
    textColumn(
      'PriorityLevel',
      'The priority.',
      (object) => object.spec?.priorityLevelConfiguration?.name ?? '',
    ),
    textColumn(
      'MatchingPrecedence',
      'Lower matches first.',
      (object) => object.spec?.matchingPrecedence ?? 0,
    ),
    textColumn('DistinguisherMethod', 'What tells its flows apart.', (object) => {
      return object.spec?.distinguisherMethod?.type ?? '<none>';
    }),
    ageColumn,
    textColumn('MissingPL', 'Whether the priority is missing.', ({ status }) => {
      return status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?';
    }),
  ],
};
