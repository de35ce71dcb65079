import type { FieldError } from '@drydock/base/apimachinery';
import { duplicate, fieldPath, required, validateQualifiedName } from '@drydock/base/apimachinery';
import { validateLabelName, validateLabelValue } from '@drydock/base/apimachinery';
import type { TopologySelectorTerm } from '@drydock/api/core/v1';
import type { StorageClass } from '@drydock/api/storage/v1';
import type { ResourceDefinition, TableColumn } from '../../registry/types.ts';
import {
  ageColumn,
  immutable,
  nameColumn,
  oneOf,
  optionalOneOf,
  textColumn,
  textErrors,
} from '../common/index.ts';
import { deprecatedNodeLabels } from '../shared/index.ts';
import { forbiddenChange, isDefaultClass, parametersErrors } from './checks.ts';

const bindingModes = ['Immediate', 'WaitForFirstConsumer'];
const reclaimPolicies = ['Delete', 'Retain'];
const defaultClassAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** What a term demands, whatever the order in which it says so. */
function shapeOf({ matchLabelExpressions = [] }: TopologySelectorTerm): string {
  return matchLabelExpressions
    .map(({ key = '', values = [] }) => `${key}=${[...values].sort().join()}`)
    .sort()
    .join(';');
}

function topologyErrors(terms: readonly TopologySelectorTerm[]): FieldError[] {
  const where = fieldPath('allowedTopologies');
  const shapes = terms.map(shapeOf);
  return terms.flatMap((term, index) => {
    const at = where.index(index).child('matchLabelExpressions');
    // Kubernetes takes an empty one for one that was there before.
    const again = shapes[index] === '' || shapes.indexOf(shapes[index] ?? '') < index;
    const keys = new Set<string>();
    const errors = (term.matchLabelExpressions ?? []).flatMap((expression, position) => {
      const atExpression = at.index(position);
      const errors = validateLabelName(expression.key ?? '', atExpression.child('key'));
      if (keys.has(expression.key)) errors.push(duplicate(atExpression.child('key'), expression.key));
      keys.add(expression.key);
      const values = expression.values ?? [];
      if (values.length === 0) errors.push(required(atExpression.child('values')));
      const seen = new Set<string>();
      values.forEach((value, valueIndex) => {
        const atValue = atExpression.child('values').index(valueIndex);
        if (seen.has(value)) errors.push(duplicate(atValue, value));
        seen.add(value);
        errors.push(...textErrors(validateLabelValue(value), value, atValue));
      });
      return errors;
    });
    return again ? [...errors, duplicate(at, '')] : errors;
  });
}

const nameWithDefault: TableColumn<StorageClass> = {
  ...nameColumn,
  cell: (object) => {
    const name = object.metadata.name ?? '';
    return isDefaultClass(object.metadata.annotations, ...defaultClassAnnotations)
      ? `${name} (default)`
      : name;
  },
};

/** storage.k8s.io/v1 StorageClass: how volumes of a class are made. */
export const storageClassDefinition: ResourceDefinition<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  resource: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  namespaced: false,
  schema: 'k8s.io.api.storage.v1.StorageClass',
  strategy: {
    generation: false,
    defaults(object) {
      object.reclaimPolicy ??= 'Delete';
      object.volumeBindingMode ??= 'Immediate';
    },
    validate(object) {
      const provisioner = object.provisioner ?? '';
      const where = fieldPath('provisioner');
      return [
        ...(provisioner === ''
          ? [required(where)]
          : textErrors(validateQualifiedName(provisioner.toLowerCase()), provisioner, where)),
        ...parametersErrors(object.parameters, fieldPath('parameters')),
        ...optionalOneOf(object.reclaimPolicy, reclaimPolicies, fieldPath('reclaimPolicy')),
        ...oneOf(object.volumeBindingMode, bindingModes, fieldPath('volumeBindingMode')),
        ...topologyErrors(object.allowedTopologies ?? []),
      ];
    },
    warnings: ({ allowedTopologies }) =>
      (allowedTopologies ?? []).flatMap(({ matchLabelExpressions = [] }, index) =>
        matchLabelExpressions.flatMap(({ key }, position) => {
          const message = deprecatedNodeLabels.get(key);
          const at = fieldPath('allowedTopologies').index(index).child('matchLabelExpressions');
          return message === undefined ? [] : [`${at.index(position).toString()}: ${message}`];
        }),
      ),
    validateUpdate: (object, old) => [
      ...forbiddenChange(object.parameters, old.parameters, 'parameters'),
      ...forbiddenChange(object.provisioner, old.provisioner, 'provisioner'),
      ...forbiddenChange(object.reclaimPolicy, old.reclaimPolicy, 'reclaimPolicy'),
      ...immutable(object.volumeBindingMode, old.volumeBindingMode, fieldPath('volumeBindingMode')),
    ],
  },
  columns: [
    nameWithDefault,
    textColumn('Provisioner', 'Who makes the volumes.', (object) => object.provisioner ?? ''),
    textColumn(
      'ReclaimPolicy',
      'What becomes of a released volume.',
      (object) => object.reclaimPolicy ?? 'Delete',
    ),
    textColumn('VolumeBindingMode', 'When a claim gets its volume.', (object) => {
      return object.volumeBindingMode ?? 'Immediate';
    }),
    textColumn(
      'AllowVolumeExpansion',
      'Whether volumes may grow.',
      (object) => object.allowVolumeExpansion ?? false,
    ),
    ageColumn,
  ],
};
