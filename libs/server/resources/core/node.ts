import {
  duplicate,
  fieldPath,
  forbiddenField,
  internalField,
  invalidValue,
  parseCidr,
  validateCidr,
  validateLabelName,
  validateLabelValue,
  type FieldError,
} from '@drydock/base/apimachinery';
import type { Node } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, oneOf, textColumn, textErrors } from '../common/index.ts';
import { rangeWarnings, resourceAmountErrors } from '../shared/index.ts';

const roleLabel = 'node-role.kubernetes.io/';
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function status(node: Node): string {
  const ready = node.status?.conditions?.findLast(({ type }) => type === 'Ready');
  const text = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec?.unschedulable === true ? `${text},SchedulingDisabled` : text;
}

function roles(node: Node): string {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(roleLabel)) {
      if (key.length > roleLabel.length) found.add(key.slice(roleLabel.length));
    } else if (key === 'kubernetes.io/role' && value !== '') found.add(value);
  }
  return found.size === 0 ? '<none>' : [...found].sort().join(',');
}

function address(node: Node, kind: string): string {
  return node.status?.addresses?.find(({ type }) => type === kind)?.address ?? '<none>';
}

const unknown = (text: string | undefined): string =>
  text === undefined || text === '' ? '<unknown>' : text;

function taintErrors(node: Node): FieldError[] {
  const seen = new Set<string>();
  return (node.spec?.taints ?? []).flatMap((taint, index) => {
    const { key = '', value = '', effect = '', timeAdded = null } = taint;
    // That they are in the spec is not told.
    const at = fieldPath('metadata', 'taints').index(index);
    const messages = validateLabelValue(value);
    const errors = [
      ...validateLabelName(key, at.child('key')),
      ...(messages.length > 0 ? [invalidValue(at.child('value'), value, messages.join(';'))] : []),
      ...oneOf(effect, effects, at.child('effect')),
    ];
    const both = `${key}:${effect}`;
    if (seen.has(both)) {
      const shown = { Key: key, Value: value, Effect: effect, TimeAdded: timeAdded };
      errors.push({ ...duplicate(at, shown), detail: 'taints must be unique by key and effect pair' });
    }
    seen.add(both);
    return errors;
  });
}

function amountErrors(node: Node): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((list) =>
    Object.entries(node.status?.[list] ?? {}).flatMap(([name, amount]) =>
      resourceAmountErrors(name, amount, fieldPath('status', list, name)),
    ),
  );
}

function rangeErrors(node: Node): FieldError[] {
  const ranges = node.spec?.podCIDRs ?? [];
  const at = fieldPath('spec', 'podCIDRs');
  const errors = ranges.flatMap((range, index) => textErrors(validateCidr(range), range, at.index(index)));
  if (ranges.length < 2) return errors;
  const families = new Set(ranges.map((range) => range.includes(':')));
  const unknown = ranges.find((range) => parseCidr(range) === undefined);
  if (unknown !== undefined) {
    const why = `invalid CIDR address: ${unknown}`;
    errors.push(
      internalField(at, `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDRs: ${why}`),
    );
  }
  if (families.size < 2 || ranges.length > 2 || unknown !== undefined)
    errors.push(invalidValue(at, ranges, 'may specify no more than one CIDR for each IP family'));
  ranges.forEach((range, index) => {
    if (ranges.indexOf(range) < index) errors.push(duplicate(at.index(index), range));
  });
  return errors;
}

function validateCreate(node: Node): FieldError[] {
  return [...taintErrors(node), ...amountErrors(node), ...rangeErrors(node)];
}

function addressErrors(node: Node): FieldError[] {
  const seen = new Set<string>();
  return (node.status?.addresses ?? []).flatMap(({ type = '', address: text = '' }, index) => {
    const both = `${type} ${text}`;
    const again = seen.has(both);
    seen.add(both);
    const at = fieldPath('status', 'addresses').index(index);
    return again ? [duplicate(at, { Type: type, Address: text })] : [];
  });
}

function validateUpdate(node: Node, old: Node): FieldError[] {
  const errors = [...amountErrors(node), ...addressErrors(node)];
  const before = old.spec?.podCIDRs ?? [];
  const after = node.spec?.podCIDRs ?? [];
  const changed = () =>
    forbiddenField(
      fieldPath('spec', 'podCIDRs'),
      'node updates may not change podCIDR except from "" to valid',
    );
  if (before.length > 0 && before.length !== after.length) errors.push(changed());
  else before.forEach((range, index) => range !== after[index] && errors.push(changed()));
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID) {
    errors.push(
      forbiddenField(
        fieldPath('spec', 'providerID'),
        'node updates may not change providerID except from "" to valid',
      ),
    );
  }
  errors.push(...taintErrors(node));
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? ''))
    errors.push(forbiddenField(fieldPath('spec', 'externalID'), 'may not be updated'));
  return errors;
}

function warnings({ spec = {} }: Node): string[] {
  const at = fieldPath('spec', 'podCIDRs');
  return [
    ...(spec.configSource === undefined ? [] : ['spec.configSource: the feature is removed']),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec.podCIDRs ?? []).flatMap((range, index) => rangeWarnings(range, at.index(index))),
  ];
}

/** core/v1 Node. */
export const nodeDefinition: ResourceDefinition<Node> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  resource: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  namespaced: false,
  schema: 'k8s.io.api.core.v1.Node',
  status: true,
  strategy: {
    generation: false,
    defaults({ status }) {
      if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
    },
    // A kubelet registers with its status in the same call.
    keepStatusOnCreate: true,
    validate: validateCreate,
    warnings,
    updatesValidateAlone: true,
    validateUpdate,
    validateStatusUpdate: validateUpdate,
  },
  selectableFields: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
  columns: [
    nameColumn as never,
    textColumn('Status', 'Whether the node takes Pods.', status),
    textColumn('Roles', 'Roles of the node.', roles),
    ageColumn as never,
    textColumn('Version', 'Version of its kubelet.', (node) => node.status?.nodeInfo?.kubeletVersion ?? ''),
    textColumn('Internal-IP', 'Address inside the cluster.', (node) => address(node, 'InternalIP'), 1),
    textColumn('External-IP', 'Address outside the cluster.', (node) => address(node, 'ExternalIP'), 1),
    textColumn('OS-Image', 'Operating system.', (node) => unknown(node.status?.nodeInfo?.osImage), 1),
    textColumn(
      'Kernel-Version',
      'Version of its kernel.',
      (node) => unknown(node.status?.nodeInfo?.kernelVersion),
      1,
    ),
    textColumn(
      'Container-Runtime',
      'Its container runtime.',
      (node) => unknown(node.status?.nodeInfo?.containerRuntimeVersion),
      1,
    ),
  ],
};
