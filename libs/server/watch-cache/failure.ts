import type { ApiError, StatusDetails } from '@drydock/base/apimachinery';
import { fromStatus } from '@drydock/base/apimachinery';

/** An error whose reason and details no named constructor makes. */
export function failure(code: number, reason: string, message: string, details?: StatusDetails): ApiError {
  return fromStatus({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  });
}
