import { fieldPath } from '@drydock/base/apimachinery';
import type { VolumeAttributesClass } from '@drydock/api/storage/v1';
import type { ResourceDefinition, TableColumn } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn, driverNameErrors } from '../common/index.ts';
import { forbiddenChange, isDefaultClass, parametersErrors } from './checks.ts';

const nameWithDefault: TableColumn<VolumeAttributesClass> = {
  ...nameColumn,
  cell: (object) => {
    const name = object.metadata.name ?? '';
    const marked = isDefaultClass(
      object.metadata.annotations,
      'volumeattributesclass.alpha.kubernetes.io/is-default-class',
    );
    return marked ? `${name} (default)` : name;
  },
};

/** storage.k8s.io/v1 VolumeAttributesClass: attributes that a volume may change while it is used. */
export const volumeAttributesClassDefinition: ResourceDefinition<VolumeAttributesClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  resource: 'volumeattributesclasses',
  singular: 'volumeattributesclass',
  shortNames: ['vac'],
  namespaced: false,
  schema: 'k8s.io.api.storage.v1.VolumeAttributesClass',
  strategy: {
    generation: false,
    validate: (object) => [
      ...driverNameErrors(object.driverName, fieldPath('driverName')),
      ...parametersErrors(object.parameters, fieldPath('parameters'), false),
    ],
    validateUpdate: (object, old) => [
      ...forbiddenChange(object.driverName, old.driverName, 'driverName'),
      ...forbiddenChange(object.parameters, old.parameters, 'parameters'),
    ],
  },
  columns: [
    nameWithDefault,
    textColumn('DriverName', 'The CSI driver.', (object) => object.driverName ?? ''),
    ageColumn,
  ],
};
