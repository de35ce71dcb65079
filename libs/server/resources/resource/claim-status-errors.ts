import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  fieldPath,
  forbiddenField,
  invalidValue,
  required,
  semanticEqual,
  tooMany,
} from '@drydock/base/apimachinery';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  ResourceClaim,
  ResourceClaimConsumerReference,
} from '@drydock/api/resource/v1';
import { immutable, oneOf } from '../common/index.ts';
import {
  driverErrors,
  itemsErrors,
  labelErrors,
  opaqueErrors,
  poolErrors,
  setErrors,
  tolerationErrors,
} from './checks.ts';
import { referencesErrors, requestNames, requestReferenceErrors, type RequestNames } from './claim-errors.ts';
import { configurationErrors } from './device-selectors.ts';

const maxConsumers = 256;
const maxResults = 32;
const maxConfig = 64;
const maxConditions = 8;
const maxDataBytes = 10 * 1024;
const status = fieldPath('status');

interface DeviceId {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly shareID?: string;
}

const idOf = ({ driver, pool, device, shareID }: DeviceId): string =>
  [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/');

function consumerErrors(consumer: ResourceClaimConsumerReference, where: FieldPath): FieldError[] {
  return (['resource', 'name', 'uid'] as const)
    .filter((name) => !consumer[name])
    .map((name) => required(where.child(name)));
}

function allocationErrors(allocation: AllocationResult, names: RequestNames, where: FieldPath): FieldError[] {
  const at = where.child('devices');
  return [
    ...itemsErrors(allocation.devices?.results, maxResults, at.child('results'), (one, here) => [
      ...requestReferenceErrors(one.request ?? '', names, here.child('request')),
      ...driverErrors(one.driver, here.child('driver')),
      ...poolErrors(one.pool, here.child('pool')),
      ...labelErrors(one.device, here.child('device')),
      ...(one.tolerations ?? []).flatMap((toleration, index) =>
        tolerationErrors(toleration, here.child('tolerations').index(index)),
      ),
    ]),
    ...itemsErrors(allocation.devices?.config, maxConfig, at.child('config'), (one, here) => [
      ...oneOf(one.source, ['FromClaim', 'FromClass'], here.child('source')),
      ...referencesErrors(one.requests, names, here.child('requests')),
      ...configurationErrors(one, here),
    ]),
  ];
}

function deviceErrors(
  device: AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
  where: FieldPath,
): FieldError[] {
  const errors = [
    ...driverErrors(device.driver, where.child('driver')),
    ...poolErrors(device.pool, where.child('pool')),
    ...labelErrors(device.device, where.child('device')),
  ];
  if (!allocated.has(idOf(device)))
    errors.push(invalidValue(where, idOf(device), 'must be an allocated device in the claim'));
  const conditions = device.conditions ?? [];
  if (conditions.length > maxConditions)
    errors.push(tooMany(where.child('conditions'), conditions.length, maxConditions));
  if (device.data !== undefined && device.data !== null)
    errors.push(...opaqueErrors(device.data, maxDataBytes, where.child('data')));
  return errors;
}

/** Checks a write to a claim's status: who uses it, and what was given to it. */
export function claimStatusErrors(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { allocation, reservedFor = [], devices } = claim.status ?? {};
  const before = old.status ?? {};
  const allocated = new Set((allocation?.devices?.results ?? []).map(idOf));
  const atReserved = status.child('reservedFor');
  const errors = [
    ...setErrors(reservedFor, maxConsumers, atReserved, consumerErrors, ({ uid }) => uid),
    ...setErrors(
      devices,
      Infinity,
      status.child('devices'),
      (one, at) => deviceErrors(one, allocated, at),
      idOf,
    ),
  ];
  if (reservedFor.length > 0) {
    const added = reservedFor.some(
      (one) => !(before.reservedFor ?? []).some((other) => semanticEqual(one, other)),
    );
    if (allocation === undefined)
      errors.push(forbiddenField(atReserved, 'may not be specified when `allocated` is not set'));
    else if (claim.metadata.deletionTimestamp !== undefined && added) {
      const detail =
        'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
      errors.push(forbiddenField(atReserved, detail));
    }
  }
  const atAllocation = status.child('allocation');
  if (allocation !== undefined && before.allocation !== undefined)
    errors.push(...immutable(allocation, before.allocation, atAllocation));
  else if (allocation !== undefined)
    errors.push(...allocationErrors(allocation, requestNames(claim.spec?.devices), atAllocation));
  return errors;
}
