import type { ResourceDefinition } from '../../registry/types.ts';
import { certificateSigningRequestDefinition } from './certificate-signing-request.ts';

/** The stable part of certificates.k8s.io/v1. */
export const certificatesDefinitions: ResourceDefinition[] = [certificateSigningRequestDefinition];
