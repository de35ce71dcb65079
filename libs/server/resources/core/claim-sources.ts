import type { PersistentVolumeClaimSpec } from '@drydock/api/core/v1';

type Source = NonNullable<PersistentVolumeClaimSpec['dataSource']>;

/** What `dataSource` may name; `dataSourceRef` may name anything (KEP-1495). */
function isClaimOrSnapshot({ kind, apiGroup = '' }: Source): boolean {
  return (
    (kind === 'PersistentVolumeClaim' && apiGroup === '') ||
    (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io')
  );
}

function copyOf({ kind, name, apiGroup }: Source): Source {
  return { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name };
}

/**
 * Makes both fields that say where a claim's data comes from say the same. What `dataSource` may not name is dropped, and so
 * is a source in another namespace, which is not supported.
 */
export function settleDataSources(
  spec: PersistentVolumeClaimSpec | undefined,
  old: PersistentVolumeClaimSpec | undefined,
): void {
  if (spec === undefined) return;
  if (spec.dataSourceRef?.namespace && old?.dataSourceRef === undefined) delete spec.dataSourceRef;
  const inUse = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (!inUse && spec.dataSourceRef === undefined && spec.dataSource !== undefined) {
    if (!isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource;
  }
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = copyOf(dataSource);
  else if (dataSourceRef !== undefined && dataSource === undefined && !dataSourceRef.namespace)
    spec.dataSource = copyOf(dataSourceRef);
}
