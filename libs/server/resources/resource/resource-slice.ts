import type { FieldError } from '@drydock/base/apimachinery';
import {
  fieldPath,
  formatTime,
  invalidValue,
  required,
  validateDns1123Subdomain,
} from '@drydock/base/apimachinery';
import type { ResourceSlice, ResourceSliceSpec } from '@drydock/api/resource/v1';
import type { ResourceDefinition, StrategyContext } from '../../registry/types.ts';
import { ageColumn, immutable, nameColumn, textColumn, textErrors } from '../common/index.ts';
import { driverErrors, poolErrors, setErrors } from './checks.ts';
import { countersErrors, counterSetNameErrors, deviceErrors } from './device-errors.ts';

const maxDevices = 128;
/** Of devices with taints, counters or lists, which take more to decide about. */
const maxAdvancedDevices = 64;
const maxCounterSets = 8;
const spec = fieldPath('spec');
const either = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';

function placeErrors(value: ResourceSliceSpec): FieldError[] {
  const { nodeName, nodeSelector } = value;
  const errors: FieldError[] = [];
  const set: string[] = [];
  const atName = spec.child('nodeName');
  if (nodeName === '') {
    errors.push(invalidValue(atName, nodeName, 'must be either unset or set to a non-empty string'));
  } else if (nodeName !== undefined) {
    set.push('`nodeName`');
    errors.push(...textErrors(validateDns1123Subdomain(nodeName), nodeName, atName));
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    const terms = nodeSelector.nodeSelectorTerms ?? [];
    const at = spec.child('nodeSelector', 'nodeSelectorTerms');
    if (terms.length !== 1) errors.push(invalidValue(at, terms, 'must have exactly one node selector term'));
  }
  for (const name of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (value[name] === true) set.push(`\`${name}\``);
    else if (value[name] === false)
      errors.push(invalidValue(spec.child(name), false, 'must be either unset or set to true'));
  }
  if (set.length === 0) errors.push(required(spec, either));
  else if (set.length > 1)
    errors.push(invalidValue(spec, `{${set.join(', ')}}`, `${either}, but multiple fields are set`));
  return errors;
}

function isAdvanced({ devices = [] }: ResourceSliceSpec): boolean {
  return devices.some(
    ({ taints = [], consumesCounters = [], attributes = {} }) =>
      taints.length > 0 ||
      consumesCounters.length > 0 ||
      Object.values(attributes).some(
        ({ bools, ints, strings, versions }) => bools ?? ints ?? strings ?? versions,
      ),
  );
}

function sliceErrors({ spec: value }: ResourceSlice): FieldError[] {
  const wanted = (value ?? {}) as ResourceSliceSpec;
  const { pool, devices, sharedCounters } = wanted;
  const errors = [
    ...driverErrors(wanted.driver, spec.child('driver')),
    ...poolErrors(pool?.name, spec.child('pool', 'name')),
  ];
  if ((pool?.resourceSliceCount ?? 0) <= 0) {
    const at = spec.child('pool', 'resourceSliceCount');
    errors.push(invalidValue(at, pool?.resourceSliceCount ?? 0, 'must be greater than zero'));
  }
  if ((pool?.generation ?? 0) < 0) {
    const at = spec.child('pool', 'generation');
    errors.push(invalidValue(at, pool.generation, 'must be greater than or equal to zero'));
  }
  errors.push(...placeErrors(wanted));
  if (devices !== undefined && sharedCounters !== undefined)
    errors.push(invalidValue(spec, '', 'only one of `sharedCounters` or `devices` is allowed'));
  const each = wanted.perDeviceNodeSelection === true;
  return [
    ...errors,
    ...setErrors(
      devices,
      isAdvanced(wanted) ? maxAdvancedDevices : maxDevices,
      spec.child('devices'),
      (device, at) => deviceErrors(device, each, at),
      ({ name }) => name,
    ),
    ...setErrors(
      sharedCounters,
      maxCounterSets,
      spec.child('sharedCounters'),
      (one, at) => [
        ...counterSetNameErrors(one.name, at.child('name')),
        ...countersErrors(one.counters, at.child('counters')),
      ],
      ({ name }) => name,
    ),
  ];
}

/** Taints say since when they are there. */
function stampTaints({ spec: value }: ResourceSlice, { clock }: StrategyContext): void {
  for (const device of value?.devices ?? [])
    for (const taint of device.taints ?? []) taint.timeAdded ??= formatTime(clock.now());
}

/** resource.k8s.io/v1 ResourceSlice: devices that a driver has on a node, or anywhere. */
export const resourceSliceDefinition: ResourceDefinition<ResourceSlice> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  resource: 'resourceslices',
  singular: 'resourceslice',
  namespaced: false,
  schema: 'k8s.io.api.resource.v1.ResourceSlice',
  selectableFields: {
    'spec.nodeName': ({ spec: value }) => value?.nodeName ?? '',
    'spec.driver': ({ spec: value }) => value?.driver ?? '',
  },
  strategy: {
    generation: true,
    prepareForCreate: stampTaints,
    prepareForUpdate: (object, _old, context) => stampTaints(object, context),
    validate: sliceErrors,
    validateUpdate: (object, old) => [
      ...immutable(object.spec?.pool?.name, old.spec?.pool?.name, spec.child('pool', 'name')),
      ...immutable(object.spec?.driver, old.spec?.driver, spec.child('driver')),
      ...immutable(object.spec?.nodeName, old.spec?.nodeName, spec.child('nodeName')),
    ],
  },
  columns: [
    nameColumn as never,
    textColumn('Node', 'The node that has the devices.', ({ spec: value }) => value?.nodeName ?? ''),
    textColumn('Driver', 'Who drives the devices.', ({ spec: value }) => value?.driver ?? ''),
    textColumn('Pool', 'The pool that the devices belong to.', ({ spec: value }) => value?.pool?.name ?? ''),
    ageColumn as never,
  ],
};
