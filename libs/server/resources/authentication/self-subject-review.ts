import type { SelfSubjectReview } from '@drydock/api/authentication/v1';
import { formatTime } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../../registry/types.ts';
import { wireUserInfo } from './user-info.ts';

/** authentication.k8s.io/v1 SelfSubjectReview: answers who asks. */
export const selfSubjectReviewDefinition: ResourceDefinition<SelfSubjectReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  resource: 'selfsubjectreviews',
  singular: 'selfsubjectreview',
  namespaced: false,
  verbs: ['create'],
  schema: 'k8s.io.api.authentication.v1.SelfSubjectReview',
  strategy: { generation: false },
  // What was sent says nothing: the answer is made anew.
  virtualCreate: ({ kind, apiVersion }, context) => ({
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    metadata: { creationTimestamp: formatTime(context.clock.now()) },
    status: { userInfo: wireUserInfo(context.user) },
  }),
};
