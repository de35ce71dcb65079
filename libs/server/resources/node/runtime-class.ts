import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, required, validateDns1123Label } from '@drydock/base/apimachinery';
import type { RuntimeClass } from '@drydock/api/node/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, immutable, nameColumn, textColumn, textErrors } from '../common/index.ts';

function handlerErrors(handler: string | undefined): FieldError[] {
  const where = fieldPath('handler');
  return handler === undefined || handler === ''
    ? [required(where)]
    : textErrors(validateDns1123Label(handler), handler, where);
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
    validate: (object) => handlerErrors(object.handler),
    validateUpdate: (object, old) => immutable(object.handler, old.handler, fieldPath('handler')),
  },
  columns: [
    nameColumn,
    textColumn('Handler', 'What the nodes call it.', (object) => object.handler ?? ''),
    ageColumn,
  ],
};
