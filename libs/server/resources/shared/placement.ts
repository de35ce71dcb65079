import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelName,
  validateLabelSelector,
  validateLabelValue,
  type FieldError,
  type FieldPath,
  type LabelSelector,
} from '@drydock/base/apimachinery';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  TopologySpreadConstraint,
} from '@drydock/api/core/v1';
import { optionalOneOf, textErrors } from '../common/index.ts';

const maxWeight = 100;
const actions = ['DoNotSchedule', 'ScheduleAnyway'];
const inclusion = ['Honor', 'Ignore'];

function requirementErrors(requirement: NodeSelectorRequirement, where: FieldPath): FieldError[] {
  const { key = '', operator = '', values = [] } = requirement;
  const errors: FieldError[] = [];
  const at = where.child('values');
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(forbiddenField(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1)
        errors.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalidValue(where.child('operator'), operator, 'not a valid selector operator'));
  }
  errors.push(...validateLabelName(key, where.child('key')));
  values.forEach((value, index) =>
    errors.push(...textErrors(validateLabelValue(value), value, at.index(index))),
  );
  return errors;
}

function fieldErrors(requirement: NodeSelectorRequirement, where: FieldPath): FieldError[] {
  const { key = '', operator = '', values = [] } = requirement;
  const errors: FieldError[] = [];
  const at = where.child('values');
  if (operator !== 'In' && operator !== 'NotIn')
    errors.push(invalidValue(where.child('operator'), operator, 'not a valid selector operator'));
  else if (values.length !== 1)
    errors.push(
      required(at, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
    );
  if (key !== 'metadata.name')
    return [...errors, invalidValue(where.child('key'), key, 'not a valid field selector key')];
  values.forEach((value, index) =>
    errors.push(...textErrors(validateDns1123Subdomain(value), value, at.index(index))),
  );
  return errors;
}

function termErrors(term: NodeSelectorTerm, where: FieldPath): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((one, index) =>
      requirementErrors(one, where.child('matchExpressions').index(index)),
    ),
    ...(term.matchFields ?? []).flatMap((one, index) =>
      fieldErrors(one, where.child('matchFields').index(index)),
    ),
  ];
}

/** Which nodes something may be on: at least one term, each well formed. */
export function validateNodeSelector(selector: NodeSelector, where: FieldPath): FieldError[] {
  const at = where.child('nodeSelectorTerms');
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) return [required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, index) => termErrors(term, at.index(index)));
}

function weightErrors(weight: number | undefined, where: FieldPath): FieldError[] {
  const given = weight ?? 0;
  return given <= 0 || given > maxWeight
    ? [invalidValue(where.child('weight'), given, `must be in the range 1-${maxWeight}`)]
    : [];
}

/** Keys whose values are taken from the Pod's own labels: well formed and in no selector already. */
function labelKeyErrors(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  where: FieldPath,
  list: string,
): FieldError[] {
  if ((keys ?? []).length === 0) return [];
  if (selector === undefined || selector === null)
    return [forbiddenField(where, 'must not be specified when labelSelector is not set')];
  // One value is what the key itself stands for once the Pod is created.
  const own = (selector.matchExpressions ?? []).filter(
    ({ operator, values = [] }) => operator !== 'In' || values.length !== 1,
  );
  const selected = new Set(own.map(({ key }) => key));
  for (const key of Object.keys(selector.matchLabels ?? {})) selected.add(key);
  return (keys ?? []).flatMap((key, index) => {
    const at = where.index(index);
    const errors = validateLabelName(key, at);
    if (selected.has(key)) errors.push(invalidValue(at, key, `exists in both ${list} and labelSelector`));
    return errors;
  });
}

function podTermErrors(term: PodAffinityTerm | undefined, where: FieldPath): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey = '' } = term ?? {};
  const errors: FieldError[] = [];
  if (labelSelector) errors.push(...validateLabelSelector(labelSelector, where.child('labelSelector')));
  if (namespaceSelector)
    errors.push(...validateLabelSelector(namespaceSelector, where.child('namespaceSelector')));
  for (const name of namespaces)
    errors.push(...textErrors(validateDns1123Label(name), name, where.child('namespace')));
  // The scheduler merges these keys into the selector as the Pod is created, so they are not held against it here.
  for (const [list, keys] of [
    ['matchLabelKeys', term?.matchLabelKeys],
    ['mismatchLabelKeys', term?.mismatchLabelKeys],
  ] as const) {
    const at = where.child(list);
    if ((keys ?? []).length > 0 && !labelSelector)
      errors.push(forbiddenField(at, 'must not be specified when labelSelector is not set'));
    else keys?.forEach((key, index) => errors.push(...validateLabelName(key, at.index(index))));
  }
  const at = where.child('topologyKey');
  if (topologyKey === '') errors.push(required(at, 'can not be empty'));
  return [...errors, ...validateLabelName(topologyKey, at)];
}

function podAffinityErrors(affinity: PodAffinity | undefined, where: FieldPath): FieldError[] {
  const must = where.child('requiredDuringSchedulingIgnoredDuringExecution');
  const should = where.child('preferredDuringSchedulingIgnoredDuringExecution');
  return [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, index) =>
      podTermErrors(term, must.index(index)),
    ),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((one, index) => [
      ...weightErrors(one.weight, should.index(index)),
      ...podTermErrors(one.podAffinityTerm, should.index(index).child('podAffinityTerm')),
    ]),
  ];
}

/** Where a Pod wants to be, by nodes and by other Pods. */
export function validateAffinity(affinity: Affinity | undefined, where: FieldPath): FieldError[] {
  if (affinity === undefined || affinity === null) return [];
  const node = affinity.nodeAffinity;
  const at = where.child('nodeAffinity');
  const must = node?.requiredDuringSchedulingIgnoredDuringExecution;
  const errors = must
    ? validateNodeSelector(must, at.child('requiredDuringSchedulingIgnoredDuringExecution'))
    : [];
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((one, index) => {
    const here = at.child('preferredDuringSchedulingIgnoredDuringExecution').index(index);
    errors.push(
      ...weightErrors(one.weight, here),
      ...termErrors(one.preference ?? {}, here.child('preference')),
    );
  });
  return [
    ...errors,
    ...podAffinityErrors(affinity.podAffinity, where.child('podAffinity')),
    ...podAffinityErrors(affinity.podAntiAffinity, where.child('podAntiAffinity')),
  ];
}

/** How evenly the Pods of a workload are to spread. */
export function validateSpreadConstraints(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  where: FieldPath,
): FieldError[] {
  const kindOf = (one: TopologySpreadConstraint): string =>
    `{${one.topologyKey ?? ''}, ${one.whenUnsatisfiable ?? ''}}`;
  const kinds = (constraints ?? []).map(kindOf);
  return (constraints ?? []).flatMap((one, index) => {
    const at = where.index(index);
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', minDomains } = one;
    const positive = 'must be greater than zero';
    const errors = maxSkew <= 0 ? [invalidValue(at.child('maxSkew'), maxSkew, positive)] : [];
    if (topologyKey === '') errors.push(required(at.child('topologyKey'), 'can not be empty'));
    if (!actions.includes(whenUnsatisfiable))
      errors.push(notSupported(at.child('whenUnsatisfiable'), whenUnsatisfiable, actions));
    const kind = kindOf(one);
    // Told of the one that is repeated later.
    if (kinds.includes(kind, index + 1))
      errors.push(duplicate(at.child('{topologyKey, whenUnsatisfiable}'), kind));
    if (minDomains !== undefined) {
      const domains = at.child('minDomains');
      if (minDomains <= 0) errors.push(invalidValue(domains, minDomains, positive));
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
        errors.push(invalidValue(domains, minDomains, detail));
      }
    }
    errors.push(
      ...optionalOneOf(one.nodeAffinityPolicy, inclusion, at.child('nodeAffinityPolicy')),
      ...optionalOneOf(one.nodeTaintsPolicy, inclusion, at.child('nodeTaintsPolicy')),
      ...labelKeyErrors(one.matchLabelKeys, one.labelSelector, at.child('matchLabelKeys'), 'matchLabelKeys'),
    );
    if (one.labelSelector)
      errors.push(...validateLabelSelector(one.labelSelector, at.child('labelSelector')));
    return errors;
  });
}
