import type { KubeObject } from '@drydock/base/apimachinery';
import { validateQualifiedName } from '@drydock/base/apimachinery';

const standard = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Advice on finalizers that are new in an object and may clash with those of others. */
export function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const { finalizers } = object.metadata;
  if (finalizers === undefined) return [];
  const before = new Set(old?.metadata.finalizers);
  return finalizers
    .filter((finalizer) => !before.has(finalizer))
    .sort()
    .flatMap((finalizer) => {
      const said = `metadata.finalizers: "${finalizer}"`;
      const warnings = validateQualifiedName(finalizer).map((message) => `${said}: ${message}`);
      if (!finalizer.includes('/') && !standard.has(finalizer)) {
        const path = finalizer.includes('.') ? ' including a path (/)' : '';
        warnings.push(
          `${said}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
        );
      }
      return warnings;
    });
}
