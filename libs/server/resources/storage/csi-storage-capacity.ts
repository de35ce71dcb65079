import type { FieldError, FieldPath, LabelSelector } from '@drydock/base/apimachinery';
import {
  canonicalQuantity,
  compareQuantities,
  fieldPath,
  invalidValue,
  tryParseQuantity,
  validateDns1123Subdomain,
  validateLabelSelector,
} from '@drydock/base/apimachinery';
import type { CSIStorageCapacity } from '@drydock/api/storage/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { deprecatedNodeLabels } from '../shared/index.ts';
import { immutable, nameColumn, textColumn, textErrors } from '../common/index.ts';

function quantityErrors(value: string | undefined, where: FieldPath): FieldError[] {
  if (value === undefined || tryParseQuantity(value) === undefined || compareQuantities(value, '0') >= 0)
    return [];
  return [invalidValue(where, value, 'must be greater than or equal to 0')];
}

/** Advice on the labels of nodes by which a place is told. */
function topologyWarnings(topology: LabelSelector | undefined): string[] {
  const at = fieldPath('nodeTopology');
  const { matchExpressions = [], matchLabels = {} } = topology ?? {};
  const told = (label: string, text: (message: string) => string): string[] => {
    const message = deprecatedNodeLabels.get(label);
    return message === undefined ? [] : [text(message)];
  };
  return [
    ...matchExpressions.flatMap(({ key }, index) => {
      const where = at.child('matchExpressions').index(index).child('key').toString();
      return told(key, (message) => `${where}: ${key} is ${message}`);
    }),
    ...Object.keys(matchLabels).flatMap((label) =>
      told(label, (message) => `${at.child('matchLabels', label).toString()}: ${message}`),
    ),
  ];
}

/** storage.k8s.io/v1 CSIStorageCapacity: how much of a class a place still has. */
export const csiStorageCapacityDefinition: ResourceDefinition<CSIStorageCapacity> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  resource: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  namespaced: true,
  schema: 'k8s.io.api.storage.v1.CSIStorageCapacity',
  strategy: {
    generation: false,
    allowUnconditionalUpdate: false,
    validate(object) {
      const name = object.storageClassName ?? '';
      const where = fieldPath('storageClassName');
      return [
        ...validateLabelSelector(object.nodeTopology, fieldPath('nodeTopology')),
        ...textErrors(validateDns1123Subdomain(name), name, where),
        ...quantityErrors(object.capacity, fieldPath('capacity')),
        ...quantityErrors(object.maximumVolumeSize, fieldPath('maximumVolumeSize')),
      ];
    },
    warnings: ({ nodeTopology }) => topologyWarnings(nodeTopology),
    validateUpdate: (object, old) => [
      ...immutable(object.nodeTopology, old.nodeTopology, fieldPath('nodeTopology')),
      ...immutable(object.storageClassName, old.storageClassName, fieldPath('storageClassName')),
    ],
  },
  columns: [
    nameColumn,
    textColumn('StorageClassName', 'The class.', (object) => object.storageClassName ?? ''),
    textColumn('Capacity', 'What is left.', (object) => {
      return object.capacity === undefined ? '<unset>' : canonicalQuantity(object.capacity);
    }),
  ],
};
