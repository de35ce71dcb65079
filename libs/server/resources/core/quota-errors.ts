import {
  fieldPath,
  invalidValue,
  required,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { ResourceQuota, ResourceQuotaSpec } from '@drydock/api/core/v1';
import { resourceAmountErrors, resourceNameErrors } from '../shared/index.ts';

const computed = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const ofPods = ['pods', ...computed];
/** What each scope can be combined with. */
const scopes: Readonly<Record<string, readonly string[]>> = {
  Terminating: ofPods,
  NotTerminating: ofPods,
  BestEffort: ['pods'],
  NotBestEffort: ofPods,
  PriorityClass: ofPods,
  CrossNamespacePodAffinity: ofPods,
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
};
const quotable =
  /^(cpu|memory|ephemeral-storage|(requests|limits)\.(cpu|memory|ephemeral-storage)|requests\.storage|(requests\.)?hugepages-.*|pods|resourcequotas|services|replicationcontrollers|secrets|configmaps|persistentvolumeclaims|services\.(nodeports|loadbalancers))$/;
const mustExist = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'CrossNamespacePodAffinity',
];
const conflicts = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
const existsDetail =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
  'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';

function amountErrors(amounts: Readonly<Record<string, string>> | undefined, where: FieldPath): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => {
    const at = where.key(name);
    const errors = resourceNameErrors(name, at);
    if (!name.includes('/') && !quotable.test(name))
      errors.push(invalidValue(at, name, 'must be a standard resource for quota'));
    return [...errors, ...resourceAmountErrors(name, amount, at)];
  });
}

/** Whether the scope cannot go with one of the limited resources. */
function misfits(scope: string, hard: readonly string[]): number {
  const fitting = scopes[scope];
  // A scope that is unknown is refused for that alone.
  if (fitting === undefined) return 0;
  return hard.filter((name) => quotable.test(name) && !fitting.includes(name)).length;
}

function conflicting(given: readonly string[]): boolean[] {
  return conflicts.map((pair) => pair.every((scope) => given.includes(scope))).filter(Boolean);
}

function scopeErrors(value: ResourceQuotaSpec, where: FieldPath): FieldError[] {
  const given = value.scopes ?? [];
  const hard = Object.keys(value.hard ?? {});
  const at = where.child('scopes');
  const refuse = (detail: string) => invalidValue(at, given, detail);
  const errors = given.flatMap((scope) => [
    ...(scopes[scope] === undefined ? [refuse('unsupported scope')] : []),
    ...Array.from({ length: misfits(scope, hard) }, () => refuse('unsupported scope applied to resource')),
  ]);
  return [...errors, ...conflicting(given).map(() => refuse('conflicting scopes'))];
}

function selectorErrors(value: ResourceQuotaSpec, where: FieldPath): FieldError[] {
  const selector = value.scopeSelector;
  const hard = Object.keys(value.hard ?? {});
  const at = where.child('scopeSelector', 'matchExpressions');
  const requirements = selector?.matchExpressions ?? [];
  const errors = requirements.flatMap(({ scopeName = '', operator = '', values = [] }) => {
    const found: FieldError[] = [];
    if (scopes[scopeName] === undefined)
      found.push(invalidValue(at.child('scopeName'), scopeName, 'unsupported scope'));
    for (let left = misfits(scopeName, hard); left > 0; left--)
      found.push(invalidValue(at, selector, 'unsupported scope applied to resource'));
    if (mustExist.includes(scopeName) && operator !== 'Exists')
      found.push(invalidValue(at.child('operator'), operator, existsDetail));
    if (operator === 'In' || operator === 'NotIn') {
      const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      if (values.length === 0) found.push(required(at.child('values'), detail));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      if (values.length > 0) found.push(invalidValue(at.child('values'), values, detail));
    } else {
      found.push(invalidValue(at.child('operator'), operator, 'not a valid selector operator'));
    }
    return found;
  });
  const names = requirements.map(({ scopeName }) => scopeName ?? '');
  return [
    ...errors,
    ...conflicting(names).map(() => invalidValue(at, value.scopes ?? [], 'conflicting scopes')),
  ];
}

/** What is wrong with a ResourceQuota. */
export function quotaErrors({ spec: value = {} }: ResourceQuota): FieldError[] {
  const at = fieldPath('spec');
  return [
    ...amountErrors(value.hard, at.child('hard')),
    ...scopeErrors(value, at),
    ...selectorErrors(value, at),
  ];
}

/** The scopes of a ResourceQuota stay what they are. */
export function quotaChangeErrors(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const set = ({ spec: value }: ResourceQuota) => [...new Set(value?.scopes ?? [])].sort().join();
  const at = fieldPath('spec', 'scopes');
  return set(quota) === set(old) ? [] : [invalidValue(at, quota.spec?.scopes ?? null, 'field is immutable')];
}

/** What is wrong with the status that is reported. */
export function quotaStatusErrors({ status }: ResourceQuota): FieldError[] {
  const at = fieldPath('status');
  return [...amountErrors(status?.hard, at.child('hard')), ...amountErrors(status?.used, at.child('used'))];
}
