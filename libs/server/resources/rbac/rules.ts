import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  fieldPath,
  invalidValue,
  notSupported,
  required,
  validateDns1123Subdomain,
  validatePathSegment,
} from '@drydock/base/apimachinery';
import type { PolicyRule, RoleRef, Subject } from '@drydock/api/rbac/v1';
import { textErrors } from '../common/index.ts';

/** The group of RBAC, and of users and groups as subjects. */
export const rbacGroup = 'rbac.authorization.k8s.io';

function ruleErrors(rule: PolicyRule, namespaced: boolean, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const empty = (list: readonly string[] | undefined): boolean => (list ?? []).length === 0;
  if (empty(rule.verbs)) errors.push(required(where.child('verbs'), 'verbs must contain at least one value'));
  if (!empty(rule.nonResourceURLs)) {
    const at = where.child('nonResourceURLs');
    if (namespaced) {
      errors.push(
        invalidValue(at, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'),
      );
    }
    if (!empty(rule.apiGroups) || !empty(rule.resources) || !empty(rule.resourceNames)) {
      const detail = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.push(invalidValue(at, rule.nonResourceURLs, detail));
    }
    return errors;
  }
  if (empty(rule.apiGroups)) {
    errors.push(required(where.child('apiGroups'), 'resource rules must supply at least one api group'));
  }
  if (empty(rule.resources)) {
    errors.push(required(where.child('resources'), 'resource rules must supply at least one resource'));
  }
  return errors;
}

/** Checks the rules of a Role (`namespaced`) or ClusterRole. */
export function rulesErrors(rules: readonly PolicyRule[] | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) =>
    ruleErrors(rule, namespaced, fieldPath('rules').index(index)),
  );
}

function subjectErrors(subject: Subject, namespaced: boolean, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const name = subject.name ?? '';
  const group = subject.apiGroup ?? '';
  if (name === '') errors.push(required(where.child('name')));
  switch (subject.kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...textErrors(validateDns1123Subdomain(name), name, where.child('name')));
      if (group !== '') errors.push(notSupported(where.child('apiGroup'), group, ['']));
      if (!namespaced && (subject.namespace ?? '') === '') errors.push(required(where.child('namespace')));
      break;
    case 'User':
    case 'Group':
      if (group !== rbacGroup) errors.push(notSupported(where.child('apiGroup'), group, [rbacGroup]));
      break;
    default:
      errors.push(notSupported(where.child('kind'), subject.kind ?? '', ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

interface Binding {
  subjects?: Subject[];
  roleRef?: RoleRef;
}

/** Checks a RoleBinding (`namespaced`) or ClusterRoleBinding. */
export function bindingErrors(binding: Binding, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const where = fieldPath('roleRef');
  const { apiGroup = '', kind = '', name = '' } = binding.roleRef ?? {};
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  if (apiGroup !== rbacGroup) errors.push(notSupported(where.child('apiGroup'), apiGroup, [rbacGroup]));
  if (!kinds.includes(kind)) errors.push(notSupported(where.child('kind'), kind, kinds));
  if (name === '') errors.push(required(where.child('name')));
  else errors.push(...textErrors(validatePathSegment(name), name, where.child('name')));
  const subjects = fieldPath('subjects');
  (binding.subjects ?? []).forEach((subject, index) => {
    errors.push(...subjectErrors(subject, namespaced, subjects.index(index)));
  });
  return errors;
}

/** A binding is for one role for good. */
export function roleRefChangeErrors(binding: Binding, old: Binding): FieldError[] {
  const text = (ref: RoleRef | undefined): string => JSON.stringify([ref?.apiGroup, ref?.kind, ref?.name]);
  if (text(binding.roleRef) === text(old.roleRef)) return [];
  return [invalidValue(fieldPath('roleRef'), binding.roleRef, 'cannot change roleRef')];
}

/** Fills in the groups that a binding's reference and subjects leave open. */
export function defaultBinding(binding: Binding): void {
  if (binding.roleRef !== undefined) binding.roleRef.apiGroup ||= rbacGroup;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
  }
}

/** The names of a binding's subjects of one kind, as its table shows them. */
export function subjectNames(binding: Binding, kind: string): string {
  return (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map((subject) =>
      kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name,
    )
    .join(', ');
}
