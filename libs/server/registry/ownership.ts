import type { KubeObject } from '@drydock/base/apimachinery';
import type { MergeType } from '@drydock/base/structured-merge';
import type { Writer } from '../managed-fields/index.ts';
import { mergeTypeOf as definitionMergeType, trackUpdate } from '../managed-fields/index.ts';
import type { Environment, Scope } from './environment.ts';
import type { Served } from './served.ts';

/** How the objects of a kind are owned and merged. */
export function mergeTypeOf({ definition }: Served): MergeType {
  return definitionMergeType(definition);
}

const nothing = (): boolean => false;
const statusOnly = (field: string): boolean => field === 'status';
const allButStatus = (field: string): boolean => field !== 'status';

/** Top-level fields that a write through this door leaves as they are. */
export function ignoredBy(served: Served, mode: 'main' | 'status'): (field: string) => boolean {
  if (mode === 'status') return allButStatus;
  return served.definition.status === true ? statusOnly : nothing;
}

export function writerOf(
  served: Served,
  scope: Scope,
  subresource: string,
  operation: Writer['operation'],
): Writer {
  return { manager: scope.fieldManager, operation, apiVersion: served.apiVersion, subresource };
}

/** Records in the draft's managedFields what this create, update or patch sets. */
export function recordOwnership(
  env: Environment,
  served: Served,
  live: KubeObject | undefined,
  draft: KubeObject,
  scope: Scope,
  mode: 'main' | 'status',
  subresource: string,
): void {
  trackUpdate({
    live,
    draft,
    type: mergeTypeOf(served),
    writer: writerOf(served, scope, subresource, 'Update'),
    now: env.timestamp(),
    ignored: ignoredBy(served, mode),
  });
}
