import { ChannelCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import {
  AggregatorServiceClient,
  AggregatorServiceService,
  type ListBackendsRequest,
  type ListBackendsResponse,
} from './gen/drydock/v1/aggregator.ts';
import type { RpcService } from './rpc-server.ts';
import { fromServiceError, toGrpcStatus } from './status-mapping.ts';

export type { ListBackendsResponse };

/** `drydock.v1.AggregatorService`: where the front door sends requests. */
export function createAggregatorService(backends: () => ListBackendsResponse): RpcService {
  return {
    name: 'drydock.v1.AggregatorService',
    definition: AggregatorServiceService,
    implementation: {
      listBackends(
        _call: ServerUnaryCall<ListBackendsRequest, ListBackendsResponse>,
        answer: sendUnaryData<ListBackendsResponse>,
      ) {
        try {
          answer(null, backends());
        } catch (error) {
          answer(toGrpcStatus(error));
        }
      },
    },
  };
}

/** Asks an aggregator (`host:port`, mutual TLS with the `admin` files of a PKI folder) where it sends requests. */
export async function listBackends(
  address: string,
  pem: (name: string) => Buffer,
): Promise<ListBackendsResponse> {
  const credentials = ChannelCredentials.createSsl(pem('ca.crt'), pem('admin.key'), pem('admin.crt'));
  const client = new AggregatorServiceClient(address, credentials);
  try {
    return await new Promise((resolve, reject) => {
      client.listBackends({}, (error, response) => {
        if (error === null) resolve(response);
        else reject(fromServiceError(error));
      });
    });
  } finally {
    client.close();
  }
}
