import type { Endpoints } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';

const shown = 3;

function addresses(endpoints: Endpoints): string {
  const all: string[] = [];
  for (const { addresses: ready, ports } of endpoints.subsets ?? []) {
    if ((ports ?? []).length === 0) for (const { ip = '' } of ready ?? []) all.push(ip);
    for (const { port } of ports ?? []) {
      for (const { ip = '' } of ready ?? []) all.push(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
    }
  }
  if (all.length === 0) return '<none>';
  const text = all.slice(0, shown).join(',');
  return all.length > shown ? `${text} + ${all.length - shown} more...` : text;
}

/** core/v1 Endpoints. */
export const endpointsDefinition: ResourceDefinition<Endpoints> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  resource: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.Endpoints',
  strategy: { generation: false, allowCreateOnUpdate: true },
  columns: [
    nameColumn as never,
    textColumn('Endpoints', 'Addresses and ports.', addresses),
    ageColumn as never,
  ],
};
