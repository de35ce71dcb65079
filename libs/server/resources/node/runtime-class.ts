import type { FieldError } from '@drydock/base/apimachinery';
import { duplicate, fieldPath, validateDns1123Label, validateLabels } from '@drydock/base/apimachinery';
import type { Toleration } from '@drydock/api/core/v1';
import type { RuntimeClass } from '@drydock/api/node/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, immutable, nameColumn, textColumn, textErrors } from '../common/index.ts';
import { deprecatedNodeLabels, validateResources, validateTolerations } from '../shared/index.ts';

function errorsOf({ handler = '', overhead, scheduling }: RuntimeClass): FieldError[] {
  const at = fieldPath('scheduling');
  const { tolerations = [] } = scheduling ?? {};
  const again = tolerations.flatMap((one, index) =>
    tolerations.slice(0, index).some((before) => sameTaint(before, one))
      ? [duplicate(at.child('tolerations').index(index), one)]
      : [],
  );
  return [
    ...textErrors(validateDns1123Label(handler), handler, fieldPath('handler')),
    ...validateResources({ limits: overhead?.podFixed }, fieldPath('overhead')),
    ...validateLabels(scheduling?.nodeSelector, at.child('nodeSelector')),
    ...validateTolerations(tolerations, at.child('tolerations').child('tolerations')),
    ...again,
  ];
}

/** Whether two tolerations put up with the same taint, for however long. */
function sameTaint(one: Toleration, other: Toleration): boolean {
  return (['key', 'effect', 'operator', 'value'] as const).every(
    (field) => (one[field] ?? '') === (other[field] ?? ''),
  );
}

/** node.k8s.io/v1 RuntimeClass: a way of running containers that Pods may ask for. */
export const runtimeClassDefinition: ResourceDefinition<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  resource: 'runtimeclasses',
  singular: 'runtimeclass',
  namespaced: false,
  schema: 'k8s.io.api.node.v1.RuntimeClass',
  strategy: {
    generation: false,
    allowUnconditionalUpdate: false,
    allowCreateOnUpdate: true,
    validate: errorsOf,
    warnings: ({ scheduling }) =>
      Object.keys(scheduling?.nodeSelector ?? {}).flatMap((label) => {
        const message = deprecatedNodeLabels.get(label);
        return message === undefined ? [] : [`scheduling.nodeSelector: ${message}`];
      }),
    updatesValidateAlone: true,
    validateUpdate: (object, old) => immutable(object.handler, old.handler, fieldPath('handler')),
  },
  columns: [
    nameColumn,
    textColumn('Handler', 'What the nodes call it.', (object) => object.handler ?? ''),
    ageColumn,
  ],
};
