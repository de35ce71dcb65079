import type { ResourceDefinition } from '../../registry/types.ts';
import { csiDriverDefinition } from './csi-driver.ts';
import { csiNodeDefinition } from './csi-node.ts';
import { csiStorageCapacityDefinition } from './csi-storage-capacity.ts';
import { storageClassDefinition } from './storage-class.ts';
import { volumeAttachmentDefinition } from './volume-attachment.ts';
import { volumeAttributesClassDefinition } from './volume-attributes-class.ts';

/** All of storage.k8s.io/v1. */
export const storageDefinitions: ResourceDefinition[] = [
  csiDriverDefinition,
  csiNodeDefinition,
  csiStorageCapacityDefinition,
  storageClassDefinition,
  volumeAttachmentDefinition,
  volumeAttributesClassDefinition,
];
