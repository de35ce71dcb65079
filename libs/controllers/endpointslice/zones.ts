import { parseQuantity } from '@drydock/base/apimachinery';
import type { Node } from '@drydock/api/core/v1';
import { isNodeReady } from '../shared/index.ts';

/** How large a share of the cluster's CPU each zone has; undefined where that is not known of every node. */
export type ZoneShares = ReadonlyMap<string, number> | undefined;

const zoneLabel = 'topology.kubernetes.io/zone';
const excluded = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** What of a node the shares depend on, as text. */
export function zoneFacts(node: Node): string {
  const { labels } = node.metadata;
  if (!isNodeReady(node) || excluded.some((label) => labels?.[label] !== undefined)) return '';
  return `${labels?.[zoneLabel] ?? ''} ${String(node.status?.allocatable?.['cpu'] ?? '')}`;
}

const milliCpu = ({ status }: Node): number =>
  parseQuantity(status?.allocatable?.['cpu'] ?? '0').milliValue();

/** The shares by the ready nodes that are no control plane; undefined with fewer than two zones or less than all said. */
export function zoneShares(nodes: readonly Node[]): ZoneShares {
  const byZone = new Map<string, number>();
  let total = 0;
  for (const node of nodes) {
    if (zoneFacts(node) === '') continue;
    const zone = node.metadata.labels?.[zoneLabel];
    const cpu = milliCpu(node);
    if (!zone || cpu === 0) return undefined;
    byZone.set(zone, (byZone.get(zone) ?? 0) + cpu);
    total += cpu;
  }
  if (byZone.size < 2) return undefined;
  return new Map([...byZone].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, cpu]) => [zone, cpu / total]));
}
