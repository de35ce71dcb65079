import { getPath } from '@drydock/base/apimachinery';
import type { LimitRange, PodTemplate, ResourceQuota } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  containerColumns,
  createdAtColumn,
  defaultPodTemplate,
  labelsText,
  nameColumn,
  textColumn,
} from '../common/index.ts';
import { defaultLimits, limitRangeErrors } from './limit-range-errors.ts';
import { quotaChangeErrors, quotaErrors, quotaStatusErrors } from './quota-errors.ts';
import { templateWarnings, validatePodTemplateSpec } from '../shared/index.ts';
import { fieldPath } from '@drydock/base/apimachinery';

/** core/v1 LimitRange. */
export const limitRangeDefinition: ResourceDefinition<LimitRange> = {
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  resource: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.LimitRange',
  strategy: {
    generation: false,
    allowCreateOnUpdate: true,
    defaults: ({ spec }) => defaultLimits(spec?.limits ?? []),
    validate: limitRangeErrors,
  },
  columns: [nameColumn as never, createdAtColumn as never],
};

function quota(object: ResourceQuota, pick: (name: string) => boolean): string {
  const hard = object.status?.hard ?? {};
  return Object.keys(hard)
    .filter(pick)
    .sort()
    .map((name) => `${name}: ${object.status?.used?.[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}

/** core/v1 ResourceQuota. */
export const resourceQuotaDefinition: ResourceDefinition<ResourceQuota> = {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  resource: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.ResourceQuota',
  status: true,
  strategy: {
    returnDeletedObject: true,
    generation: false,
    validate: quotaErrors,
    validateUpdate: quotaChangeErrors,
    validateStatusUpdate: quotaStatusErrors,
  },
  columns: [
    nameColumn as never,
    textColumn('Request', 'Used and allowed.', (object) =>
      quota(object, (name) => !name.startsWith('limits.')),
    ),
    textColumn('Limit', 'Used and allowed limits.', (object) =>
      quota(object, (name) => name.startsWith('limits.')),
    ),
    ageColumn as never,
  ],
};

/** core/v1 PodTemplate. */
export const podTemplateDefinition: ResourceDefinition<PodTemplate> = {
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  resource: 'podtemplates',
  singular: 'podtemplate',
  namespaced: true,
  schema: 'k8s.io.api.core.v1.PodTemplate',
  strategy: {
    generation: true,
    defaults: (object) => defaultPodTemplate(object),
    validate: (object) => validatePodTemplateSpec(object.template, fieldPath('template')),
    warnings: (object, old) => templateWarnings(object, old, object.template, fieldPath('template')),
  },
  columns: [
    nameColumn as never,
    ...containerColumns<PodTemplate>((object) => object as never).map((column) => ({
      ...column,
      priority: 0,
    })),
    textColumn('Pod Labels', 'Labels of the Pods.', (object) =>
      labelsText(getPath(object, 'template.metadata.labels') as Record<string, string> | undefined),
    ),
  ],
};
