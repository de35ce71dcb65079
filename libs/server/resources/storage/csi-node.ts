import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  duplicate,
  fieldPath,
  invalidValue,
  required,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
import { semanticEqual } from '@drydock/base/apimachinery';
import type { CSINode, CSINodeDriver } from '@drydock/api/storage/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  integerColumn,
  nameColumn,
  nonNegative,
  textErrors,
  driverNameErrors,
} from '../common/index.ts';

const maxNodeIdBytes = 192;
const drivers = fieldPath('spec', 'drivers');

/** `driver`: they are told of the driver as a whole. */
function topologyKeyErrors(keys: readonly string[], driver: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return keys.flatMap((key) => {
    const errors = key === '' ? [required(driver)] : [];
    if (seen.has(key)) errors.push(duplicate(driver, key));
    seen.add(key);
    return [...errors, ...textErrors(validateQualifiedName(key), keys, driver)];
  });
}

function driverErrors(driver: CSINodeDriver, where: FieldPath): FieldError[] {
  const errors = driverNameErrors(driver.name, where.child('name'));
  const atId = where.child('nodeID');
  const id = driver.nodeID ?? '';
  if (id === '') errors.push(required(atId, id));
  else if (byteLength(id) > maxNodeIdBytes) {
    errors.push(invalidValue(atId, id, `must be ${maxNodeIdBytes} characters or less`));
  }
  return [
    ...errors,
    ...nonNegative(driver.allocatable?.count, where.child('allocatable').child('count')),
    ...topologyKeyErrors(driver.topologyKeys ?? [], where),
  ];
}

function withoutAllocatable({ allocatable: _, ...rest }: CSINodeDriver): object {
  return rest;
}

/** storage.k8s.io/v1 CSINode: the CSI drivers of a node. */
export const csiNodeDefinition: ResourceDefinition<CSINode> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  resource: 'csinodes',
  singular: 'csinode',
  namespaced: false,
  schema: 'k8s.io.api.storage.v1.CSINode',
  strategy: {
    generation: false,
    allowUnconditionalUpdate: false,
    validate({ spec }) {
      const seen = new Set<string>();
      return (spec?.drivers ?? []).flatMap((driver, index) => {
        const at = drivers.index(index);
        const errors = driverErrors(driver, at);
        if (seen.has(driver.name)) errors.push(duplicate(at.child('name'), driver.name));
        seen.add(driver.name);
        return errors;
      });
    },
    validateUpdate(object, old) {
      const before = new Map((old.spec?.drivers ?? []).map((driver) => [driver.name, driver]));
      return (object.spec?.drivers ?? []).flatMap((driver) => {
        const known = before.get(driver.name);
        if (known === undefined || semanticEqual(withoutAllocatable(driver), withoutAllocatable(known)))
          return [];
        return [invalidValue(fieldPath('CSINodeDriver'), driver, 'field is immutable')];
      });
    },
  },
  columns: [
    nameColumn,
    integerColumn('Drivers', 'Number of CSI drivers on the node.', (object) => object.spec?.drivers?.length),
    ageColumn,
  ],
};
