import { notFound } from '@drydock/base/apimachinery';
import {
  ChannelCredentials,
  Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  SchedulerServiceClient,
  SchedulerServiceService,
  type ExplainPodRequest,
  type ExplainPodResponse,
} from './gen/drydock/v1/scheduler.ts';
import type { RpcService } from './rpc-server.ts';
import { fromServiceError, toGrpcStatus } from './status-mapping.ts';

export type { ExplainPodResponse, NodeVerdict } from './gen/drydock/v1/scheduler.ts';

/** `drydock.v1.SchedulerService`; `explain` answers undefined for Pods it knows nothing of. */
export function createSchedulerService(
  explain: (namespace: string, name: string) => ExplainPodResponse | undefined,
): RpcService {
  return {
    name: 'drydock.v1.SchedulerService',
    definition: SchedulerServiceService,
    implementation: {
      explainPod(
        { request }: ServerUnaryCall<ExplainPodRequest, ExplainPodResponse>,
        answer: sendUnaryData<ExplainPodResponse>,
      ) {
        const found = explain(request.namespace || 'default', request.name);
        if (found !== undefined) answer(null, found);
        else
          answer(toGrpcStatus(notFound({ group: '', resource: 'scheduling decision of pod' }, request.name)));
      },
    },
  };
}

/** Asks the scheduler at `host:port` why a Pod is where it is; throws an ApiError (NotFound when nothing is remembered). */
export async function explainPod(
  address: string,
  request: ExplainPodRequest,
  timeoutMs = 5_000,
): Promise<ExplainPodResponse> {
  const client = new SchedulerServiceClient(address, ChannelCredentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.explainPod(
        request,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, response: ExplainPodResponse) => {
          if (error === null) resolve(response);
          else reject(fromServiceError(error));
        },
      );
    });
  } finally {
    client.close();
  }
}
