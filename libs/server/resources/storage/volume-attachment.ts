import type { FieldError } from '@drydock/base/apimachinery';
import {
  byteLength,
  fieldPath,
  forbiddenField,
  required,
  tooLong,
  validateDns1123Subdomain,
} from '@drydock/base/apimachinery';
import type { VolumeAttachment, VolumeAttachmentSource } from '@drydock/api/storage/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  booleanColumn,
  immutable,
  nameColumn,
  textColumn,
  textErrors,
  driverNameErrors,
} from '../common/index.ts';
import { parametersErrors } from './checks.ts';

const spec = fieldPath('spec');
const maxMessageBytes = 256 * 1024;

function sourceErrors(source: VolumeAttachmentSource | undefined): FieldError[] {
  const where = spec.child('source');
  const exactlyOne = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  const name = source?.persistentVolumeName;
  if (name === undefined && source?.inlineVolumeSpec === undefined) return [required(where, exactlyOne)];
  if (name !== undefined && source?.inlineVolumeSpec !== undefined)
    return [forbiddenField(where, exactlyOne)];
  const atName = where.child('persistentVolumeName');
  if (name === '') return [required(atName, 'must specify non empty persistentVolumeName')];
  return name === undefined ? [] : textErrors(validateDns1123Subdomain(name), name, atName);
}

/** What a driver reports is bounded. */
function statusErrors({ status }: VolumeAttachment): FieldError[] {
  const where = fieldPath('status');
  const errors = parametersErrors(status?.attachmentMetadata, where.child('attachmentMetadata'));
  for (const name of ['attachError', 'detachError'] as const) {
    if (byteLength(status?.[name]?.message ?? '') > maxMessageBytes)
      errors.push(tooLong(where.child(name, 'message'), maxMessageBytes));
  }
  return errors;
}

/** storage.k8s.io/v1 VolumeAttachment: a volume that is, or is to be, attached to a node. */
export const volumeAttachmentDefinition: ResourceDefinition<VolumeAttachment> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  resource: 'volumeattachments',
  singular: 'volumeattachment',
  namespaced: false,
  schema: 'k8s.io.api.storage.v1.VolumeAttachment',
  status: true,
  strategy: {
    generation: false,
    allowUnconditionalUpdate: false,
    prepareForCreate(object) {
      object.status = { attached: false };
    },
    validate({ spec: value }) {
      const node = value?.nodeName ?? '';
      return [
        ...driverNameErrors(value?.attacher, spec.child('attacher')),
        ...sourceErrors(value?.source),
        ...textErrors(validateDns1123Subdomain(node), node, spec.child('nodeName')),
      ];
    },
    validateUpdate: (object, old) => immutable(object.spec, old.spec, spec),
    validateStatusUpdate: statusErrors,
  },
  columns: [
    nameColumn,
    {
      name: 'Attacher',
      type: 'string',
      format: 'name',
      description: 'Driver that attaches.',
      priority: 0,
      cell: (object) => object.spec?.attacher ?? '',
    },
    textColumn('PV', 'The volume.', (object) => object.spec?.source?.persistentVolumeName ?? ''),
    textColumn('Node', 'The node.', (object) => object.spec?.nodeName ?? ''),
    booleanColumn('Attached', 'Whether it is attached.', (object) => object.status?.attached ?? false),
    ageColumn,
  ],
};
