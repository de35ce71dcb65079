import type { KubeObject } from '@drydock/base/apimachinery';
import type { TableColumn } from '../registry/types.ts';
import { ageColumn, integerColumn, nameColumn } from '../resources/common/index.ts';

interface ScaleLike extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

const replicaColumns = [
  integerColumn<ScaleLike>('Desired', 'Replicas asked for.', ({ spec }) => spec?.replicas),
  integerColumn<ScaleLike>('Available', 'Replicas there are.', ({ status }) => status?.replicas),
] as readonly unknown[] as readonly TableColumn[];

const { format: _format, ...plainName } = nameColumn;

/** The columns of a Scale, whichever kind is scaled. */
export const scaleColumns: readonly TableColumn[] = [plainName, ...replicaColumns, ageColumn];

/** Those of a custom resource's Scale, which is shown as custom resources are. */
export const customScaleColumns: readonly TableColumn[] = [
  nameColumn,
  ...replicaColumns,
  { ...ageColumn, type: 'date' },
];
