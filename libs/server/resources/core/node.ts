import {
  duplicate,
  fieldPath,
  forbiddenField,
  validateLabelName,
  validateLabelValue,
  type FieldError,
} from '@drydock/base/apimachinery';
import type { Node } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, oneOf, textColumn, textErrors } from '../common/index.ts';

const roleLabel = 'node-role.kubernetes.io/';
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function status(node: Node): string {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
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

function validate(node: Node): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  node.spec?.taints?.forEach((taint, index) => {
    const at = fieldPath('spec', 'taints').index(index);
    errors.push(
      ...validateLabelName(taint.key ?? '', at.child('key')),
      ...textErrors(validateLabelValue(taint.value ?? ''), taint.value, at.child('value')),
      ...oneOf(taint.effect, effects, at.child('effect')),
    );
    const key = `${taint.key}:${taint.effect}`;
    if (seen.has(key))
      errors.push({ ...duplicate(at, taint), detail: 'taints must be unique by key and effect pair' });
    seen.add(key);
  });
  return errors;
}

function validateUpdate(node: Node, old: Node): FieldError[] {
  const errors: FieldError[] = [];
  if (old.spec?.podCIDR && node.spec?.podCIDR !== old.spec.podCIDR) {
    errors.push(
      forbiddenField(
        fieldPath('spec', 'podCIDRs'),
        'node updates may not change podCIDR except from "" to valid',
      ),
    );
  }
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID) {
    errors.push(
      forbiddenField(
        fieldPath('spec', 'providerID'),
        'node updates may not change providerID except from "" to valid',
      ),
    );
  }
  return errors;
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
    // A kubelet registers with its status in the same call.
    keepStatusOnCreate: true,
    validate,
    validateUpdate,
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
