import {
  canonicalQuantity,
  compareQuantities,
  forbiddenField,
  invalidValue,
  isQualifiedName,
  parseQuantity,
  required,
  tryParseQuantity,
  validateQualifiedName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { ResourceRequirements } from '@drydock/api/core/v1';
import { textErrors } from '../common/index.ts';

type Amounts = Readonly<Record<string, string>>;

const ofContainers = /^(cpu|memory|ephemeral-storage|hugepages-.*)$/;
/** Names without a domain that some object of Kubernetes counts. */
const standard =
  /^(cpu|memory|ephemeral-storage|hugepages-.*|storage|pods|services|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|services\.(nodeports|loadbalancers)|(requests|limits)\.(cpu|memory|ephemeral-storage)|requests\.(storage|hugepages-.*))$/;
const hugePages = /^hugepages-/;
/** Things of which there are whole numbers only. */
const counted =
  /^(pods|services|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|services\.(nodeports|loadbalancers))$/;

/** Whether Kubernetes itself gives the resource its meaning. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Whether a device plugin or the like brings the resource. */
function isExtended(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`);
}

/** The name of a resource as it may stand in a quota or a container. */
export function resourceNameErrors(name: string, where: FieldPath): FieldError[] {
  const errors = textErrors(validateQualifiedName(name), name, where);
  if (errors.length > 0) return errors;
  return name.includes('/') || standard.test(name)
    ? []
    : [invalidValue(where, name, 'must be a standard resource type or fully qualified')];
}

/** An amount of a resource: not negative, and whole where it counts things. */
export function resourceAmountErrors(name: string, amount: string, where: FieldPath): FieldError[] {
  const quantity = parseQuantity(amount);
  const errors: FieldError[] = [];
  if (quantity.sign() < 0)
    errors.push(invalidValue(where, canonicalQuantity(amount), 'must be greater than or equal to 0'));
  if ((isExtended(name) || counted.test(name)) && canonicalQuantity(amount).endsWith('m'))
    errors.push(invalidValue(where, canonicalQuantity(amount), 'must be an integer'));
  return errors;
}

/** The name of a resource that a container can ask for. */
export function containerResourceNameErrors(name: string, at: FieldPath): FieldError[] {
  const errors = resourceNameErrors(name, at);
  if (!name.includes('/')) {
    if (!ofContainers.test(name))
      errors.push(invalidValue(at, name, 'must be a standard resource for containers'));
  } else if (!isNative(name) && !isExtended(name)) {
    errors.push(invalidValue(at, name, "doesn't follow extended resource name standard"));
  }
  return errors;
}

/** Whether a container may use more of the resource than it asks for. */
export function overcommits(name: string): boolean {
  return isNative(name) && !hugePages.test(name);
}

function hugePageErrors(name: string, amount: string, at: FieldPath): FieldError[] {
  if (!hugePages.test(name)) return [];
  const size = tryParseQuantity(name.slice('hugepages-'.length));
  const given = parseQuantity(amount);
  if (size === undefined || size.sign() <= 0) return [];
  const whole = given.sign() >= 0 && given.milliValue() % size.milliValue() === 0;
  const shown = canonicalQuantity(amount);
  return whole ? [] : [invalidValue(at, shown, `${shown} is not positive integer multiple of ${name}`)];
}

function amountErrors(amounts: Amounts, where: FieldPath): FieldError[] {
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const at = where.key(name);
    return [
      ...containerResourceNameErrors(name, at),
      ...resourceAmountErrors(name, amount, at),
      ...hugePageErrors(name, amount, at),
    ];
  });
}

/** What a container asks for and may use. */
export function validateResources(
  resources: ResourceRequirements | undefined,
  where: FieldPath,
): FieldError[] {
  const limits = resources?.limits ?? {};
  const requests = resources?.requests ?? {};
  const atLimits = where.child('limits');
  const atRequests = where.child('requests');
  const errors = [...amountErrors(limits, atLimits), ...amountErrors(requests, atRequests)];
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit === undefined) {
      if (!overcommits(name))
        errors.push(required(atLimits, 'Limit must be set for non overcommitable resources'));
      continue;
    }
    const order = compareQuantities(request, limit);
    const shown = canonicalQuantity(request);
    const most = canonicalQuantity(limit);
    if (!overcommits(name) && order !== 0)
      errors.push(invalidValue(atRequests, shown, `must be equal to ${name} limit of ${most}`));
    else if (order > 0)
      errors.push(invalidValue(atRequests, shown, `must be less than or equal to ${name} limit of ${most}`));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some((name) => hugePages.test(name)) && !names.includes('cpu') && !names.includes('memory'))
    errors.push(forbiddenField(where, 'HugePages require cpu or memory'));
  return errors;
}
