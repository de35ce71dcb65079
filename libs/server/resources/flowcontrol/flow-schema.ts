import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  fieldPath,
  invalidValue,
  notSupported,
  required,
  validateDns1123Subdomain,
} from '@drydock/base/apimachinery';
import type {
  FlowSchema,
  FlowSchemaSpec,
  PolicyRulesWithSubjects,
  Subject,
} from '@drydock/api/flowcontrol/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn, textErrors } from '../common/index.ts';

const spec = fieldPath('spec');
const maxPrecedence = 10_000;
const defaultPrecedence = 1000;
const subjectFields = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const;

function subjectErrors(subject: Subject, where: FieldPath): FieldError[] {
  const kind = subject.kind ?? '';
  if (!Object.hasOwn(subjectFields, kind)) {
    return [notSupported(where.child('kind'), kind, Object.keys(subjectFields))];
  }
  const field = subjectFields[kind as keyof typeof subjectFields];
  const named = subject[field];
  if (named === undefined)
    return [required(where.child(field), `${field} is required when subject kind is '${kind}'`)];
  return (named.name ?? '') === '' ? [required(where.child(field, 'name'))] : [];
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
  resourceRules.forEach((resourceRule, index) => {
    const at = where.child('resourceRules').index(index);
    for (const name of ['verbs', 'apiGroups', 'resources'] as const) {
      if ((resourceRule[name] ?? []).length === 0) errors.push(required(at.child(name)));
    }
    if ((resourceRule.namespaces ?? []).length === 0 && resourceRule.clusterScope !== true) {
      const detail = 'resource rules that are not cluster scoped must supply at least one namespace';
      errors.push(required(at.child('namespaces'), detail));
    }
  });
  nonResourceRules.forEach((pathRule, index) => {
    const at = where.child('nonResourceRules').index(index);
    if ((pathRule.verbs ?? []).length === 0) errors.push(required(at.child('verbs')));
    if ((pathRule.nonResourceURLs ?? []).length === 0) errors.push(required(at.child('nonResourceURLs')));
  });
  return errors;
}

function specErrors(value: FlowSchemaSpec): FieldError[] {
  const errors: FieldError[] = [];
  const precedence = value.matchingPrecedence ?? 0;
  const at = spec.child('matchingPrecedence');
  if (precedence <= 0) errors.push(invalidValue(at, precedence, 'must be a positive value'));
  if (precedence > maxPrecedence) {
    errors.push(invalidValue(at, precedence, `must not be greater than ${maxPrecedence}`));
  }
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
    validate: (object) => specErrors(object.spec ?? ({} as FlowSchemaSpec)),
  },
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
