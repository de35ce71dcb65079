import type { APIService } from '@drydock/api/apiregistration/v1';
import type { HttpsUpstream } from '@drydock/http';
import type { Informer } from '@drydock/machinery/informer';
import type { ListBackendsResponse } from '@drydock/rpc';
import { targetOf } from '@drydock/server/aggregation';
import type { createExtensions } from './extensions.ts';

export interface Backends {
  readonly apiServices: Pick<Informer<APIService>, 'list'>;
  readonly apiservers: Pick<HttpsUpstream, 'states'>;
  readonly extensions: Pick<ReturnType<typeof createExtensions>, 'upstream'>;
}

/** Where the front door sends requests, as it sees it now. */
export function listBackends({ apiServices, apiservers, extensions }: Backends): ListBackendsResponse {
  return {
    apiservers: apiservers.states().map(({ address, well }) => ({ address, well })),
    extensions: apiServices.list().flatMap((apiService) => {
      const target = targetOf(apiService);
      if (target === undefined) return [];
      const condition = apiService.status?.conditions?.find(({ type }) => type === 'Available');
      const available = condition?.status === 'True';
      return [
        {
          apiService: apiService.metadata.name ?? '',
          service: `${target.namespace}/${target.service}:${target.port}`,
          address: extensions.upstream(target).states()[0]?.address ?? '',
          available,
          message: available ? '' : (condition?.message ?? ''),
        },
      ];
    }),
  };
}
