import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  validateDns1123Subdomain,
} from '@drydock/base/apimachinery';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from '@drydock/api/resource/v1';
import type { StrategyContext } from '../../registry/types.ts';
import { textErrors } from '../common/index.ts';
import { itemsErrors, labelErrors, qualifiedAttributeErrors, setErrors, tolerationErrors } from './checks.ts';
import { configurationErrors, selectorsErrors } from './device-selectors.ts';

const maxItems = 32;
const maxAlternatives = 8;
const adminLabel = 'resource.kubernetes.io/admin-access';

/** Names of requests, each with those of its alternatives where it has some. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string> | undefined>;

/** What may be referred to in a claim. */
export function requestNames(claim: DeviceClaim | undefined): RequestNames {
  return new Map(
    (claim?.requests ?? []).map(({ name, firstAvailable = [] }) => [
      name,
      firstAvailable.length === 0 ? undefined : new Set(firstAvailable.map((one) => one.name)),
    ]),
  );
}

function isKnown(names: RequestNames, reference: string): boolean {
  const [request = '', alternative, ...more] = reference.split('/');
  if (more.length > 0 || !names.has(request)) return false;
  return alternative === undefined || names.get(request)?.has(alternative) === true;
}

/** A reference to a request, or to one of its alternatives. */
export function requestReferenceErrors(
  reference: string,
  names: RequestNames,
  where: FieldPath,
): FieldError[] {
  const parts = reference.split('/');
  const errors = parts.length > 2 ? [] : parts.flatMap((part) => labelErrors(part, where));
  if (!isKnown(names, reference)) {
    const detail =
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
    errors.push(invalidValue(where, reference, detail));
  }
  return errors;
}

/** A list of such references. */
export function referencesErrors(
  references: readonly string[] | undefined,
  names: RequestNames,
  where: FieldPath,
): FieldError[] {
  return setErrors(
    references,
    maxItems,
    where,
    (one, at) => requestReferenceErrors(one, names, at),
    (one) => one,
  );
}

function countErrors(mode: string, count: number, where: FieldPath): FieldError[] {
  if (mode === 'All') {
    const detail = "must not be specified when allocationMode is 'All'";
    return count === 0 ? [] : [invalidValue(where.child('count'), count, detail)];
  }
  if (mode === 'ExactCount')
    return count > 0 ? [] : [invalidValue(where.child('count'), count, 'must be greater than zero')];
  return [notSupported(where.child('allocationMode'), mode, ['All', 'ExactCount'])];
}

function wishErrors(wish: ExactDeviceRequest | DeviceSubRequest, where: FieldPath): FieldError[] {
  const { deviceClassName = '', selectors, allocationMode = '', count = 0, tolerations = [] } = wish;
  const at = where.child('deviceClassName');
  return [
    ...(deviceClassName === ''
      ? [required(at)]
      : textErrors(validateDns1123Subdomain(deviceClassName), deviceClassName, at)),
    ...selectorsErrors(selectors, where.child('selectors')),
    ...countErrors(allocationMode, count, where),
    ...tolerations.flatMap((one, index) => tolerationErrors(one, where.child('tolerations').index(index))),
  ];
}

function requestErrors(request: DeviceRequest, where: FieldPath): FieldError[] {
  const { name, exactly, firstAvailable = [] } = request;
  const errors = labelErrors(name, where.child('name'));
  const either = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly !== undefined && firstAvailable.length > 0)
    return [...errors, invalidValue(where, null, `${either}, but multiple fields are set`)];
  if (exactly !== undefined) return [...errors, ...wishErrors(exactly, where.child('exactly'))];
  if (firstAvailable.length === 0) return [...errors, required(where, either)];
  const check = (one: DeviceSubRequest, at: FieldPath): FieldError[] => [
    ...labelErrors(one.name, at.child('name')),
    ...wishErrors(one, at),
  ];
  return [
    ...errors,
    ...setErrors(firstAvailable, maxAlternatives, where.child('firstAvailable'), check, (one) => one.name),
  ];
}

function constraintErrors(constraint: DeviceConstraint, names: RequestNames, where: FieldPath): FieldError[] {
  const { requests, matchAttribute, distinctAttribute } = constraint;
  const errors = referencesErrors(requests, names, where.child('requests'));
  if (matchAttribute !== undefined)
    return [...errors, ...qualifiedAttributeErrors(matchAttribute, where.child('matchAttribute'))];
  if (distinctAttribute !== undefined)
    return [...errors, ...qualifiedAttributeErrors(distinctAttribute, where.child('distinctAttribute'))];
  const detail =
    'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, required(where, detail)];
}

/** Checks what a claim, or a template of claims, asks for. */
export function claimSpecErrors(spec: ResourceClaimSpec | undefined, where: FieldPath): FieldError[] {
  const claim = spec?.devices;
  const at = where.child('devices');
  const names = requestNames(claim);
  return [
    ...setErrors(claim?.requests, maxItems, at.child('requests'), requestErrors, (one) => one.name),
    ...itemsErrors(claim?.constraints, maxItems, at.child('constraints'), (one, here) =>
      constraintErrors(one, names, here),
    ),
    ...itemsErrors(claim?.config, maxItems, at.child('config'), (one, here) => [
      ...referencesErrors(one.requests, names, here.child('requests')),
      ...configurationErrors(one, here),
    ]),
  ];
}

/** Administrators' access to devices is for namespaces that are marked for it. */
export function adminAccessErrors(
  spec: ResourceClaimSpec | undefined,
  where: FieldPath,
  namespace: string | undefined,
  context: StrategyContext,
): FieldError[] {
  const requests = spec?.devices?.requests ?? [];
  if (!requests.some(({ exactly }) => exactly?.adminAccess === true)) return [];
  if (context.lookup('', 'namespaces', namespace ?? '')?.metadata.labels?.[adminLabel] === 'true') return [];
  return requests.flatMap(({ exactly }, index) =>
    exactly?.adminAccess === true
      ? [
          forbiddenField(
            where.child('devices', 'requests').index(index).child('adminAccess'),
            `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`,
          ),
        ]
      : [],
  );
}

function defaultWish(wish: ExactDeviceRequest | DeviceSubRequest): void {
  wish.allocationMode ||= 'ExactCount';
  if (wish.allocationMode === 'ExactCount') wish.count ||= 1;
  for (const toleration of wish.tolerations ?? []) toleration.operator ||= 'Equal';
}

/** Fills in how many devices a request is for. */
export function defaultClaimSpec(spec: ResourceClaimSpec | undefined): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    if (exactly !== undefined) defaultWish(exactly);
    for (const one of firstAvailable ?? []) defaultWish(one);
  }
}
