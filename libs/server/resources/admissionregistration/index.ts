import type { ResourceDefinition } from '../../registry/types.ts';
import { mutatingAdmissionPolicyBindingDefinition } from './mutating-admission-policy-binding.ts';
import { mutatingAdmissionPolicyDefinition } from './mutating-admission-policy.ts';
import { mutatingWebhookConfigurationDefinition } from './mutating-webhook-configuration.ts';
import { validatingAdmissionPolicyBindingDefinition } from './validating-admission-policy-binding.ts';
import { validatingAdmissionPolicyDefinition } from './validating-admission-policy.ts';
import { validatingWebhookConfigurationDefinition } from './validating-webhook-configuration.ts';

/** All of admissionregistration.k8s.io/v1. */
export const admissionregistrationDefinitions: ResourceDefinition[] = [
  mutatingAdmissionPolicyBindingDefinition,
  mutatingAdmissionPolicyDefinition,
  mutatingWebhookConfigurationDefinition,
  validatingAdmissionPolicyBindingDefinition,
  validatingAdmissionPolicyDefinition,
  validatingWebhookConfigurationDefinition,
];
