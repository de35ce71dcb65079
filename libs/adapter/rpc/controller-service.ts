import {
  ChannelCredentials,
  Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  ControllerServiceClient,
  ControllerServiceService,
  type AutoscalerDecision,
  type ExplainAutoscalerRequest,
  type ExplainAutoscalerResponse,
} from './gen/drydock/v1/controllers.ts';
import type { RpcService } from './rpc-server.ts';
import { fromServiceError } from './status-mapping.ts';

export type { AutoscalerDecision, AutoscalerMetric } from './gen/drydock/v1/controllers.ts';

/** What the control loops tell of themselves. */
export interface ControllerDecisions {
  /** The last decisions about a HorizontalPodAutoscaler, newest first; none where it is not known. */
  autoscaler(namespace: string, name: string): readonly AutoscalerDecision[];
}

/** `drydock.v1.ControllerService`. */
export function createControllerService(decisions: ControllerDecisions): RpcService {
  return {
    name: 'drydock.v1.ControllerService',
    definition: ControllerServiceService,
    implementation: {
      explainAutoscaler(
        { request }: ServerUnaryCall<ExplainAutoscalerRequest, ExplainAutoscalerResponse>,
        answer: sendUnaryData<ExplainAutoscalerResponse>,
      ) {
        const { namespace, name, limit } = request;
        const all = decisions.autoscaler(namespace || 'default', name);
        answer(null, { decisions: all.slice(0, Math.max(1, limit)) });
      },
    },
  };
}

/** Asks the controller-manager at `host:port` for its last decisions about an autoscaler. @throws ApiError */
export async function explainAutoscaler(
  address: string,
  request: ExplainAutoscalerRequest,
  timeoutMs = 5_000,
): Promise<readonly AutoscalerDecision[]> {
  const client = new ControllerServiceClient(address, ChannelCredentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.explainAutoscaler(
        request,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, response: ExplainAutoscalerResponse) => {
          if (error === null) resolve(response.decisions);
          else reject(fromServiceError(error));
        },
      );
    });
  } finally {
    client.close();
  }
}
