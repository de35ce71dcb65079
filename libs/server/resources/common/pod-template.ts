import { applyPodSpecDefaults } from '@drydock/api/defaulting';
import type { PodSpec, PodTemplateSpec } from '@drydock/api/core/v1';

/** Fills in what a workload's Pod template leaves open, in place. Idempotent. */
export function defaultPodTemplate(owner: { template?: PodTemplateSpec }): void {
  const template = (owner.template ??= {});
  applyPodSpecDefaults((template.spec ??= {} as PodSpec));
}
