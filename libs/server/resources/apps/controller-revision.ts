import { fieldPath, required } from '@drydock/base/apimachinery';
import type { ControllerRevision } from '@drydock/api/apps/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, immutable, nameColumn, nonNegative, textColumn } from '../common/index.ts';

function controllerText(object: ControllerRevision): string {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner === undefined) return '<none>';
  const group = owner.apiVersion.includes('/')
    ? owner.apiVersion.slice(0, owner.apiVersion.indexOf('/'))
    : '';
  const kind = group === '' ? owner.kind : `${owner.kind}.${group}`;
  return `${kind.toLowerCase()}/${owner.name}`;
}

/** apps/v1 ControllerRevision: a snapshot of a workload's template. */
export const controllerRevisionDefinition: ResourceDefinition<ControllerRevision> = {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  resource: 'controllerrevisions',
  singular: 'controllerrevision',
  namespaced: true,
  schema: 'k8s.io.api.apps.v1.ControllerRevision',
  strategy: {
    generation: false,
    defaults(object) {
      object.revision ??= 0;
    },
    validate: (object) => [
      ...(object.data === undefined || object.data === null
        ? [required(fieldPath('data'), 'data is mandatory')]
        : []),
      ...nonNegative(object.revision, fieldPath('revision')),
    ],
    validateUpdate: (object, old) => immutable(object.data, old.data, fieldPath('data')),
  },
  columns: [
    nameColumn,
    textColumn('Controller', 'Kind and name of the controlling owner.', controllerText),
    textColumn('Revision', 'Number of the revision.', (object) => object.revision ?? 0),
    ageColumn,
  ],
};
