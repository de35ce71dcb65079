export type { GrpcSubscriberOptions } from './grpc-subscriber.ts';
export { createGrpcSubscriber } from './grpc-subscriber.ts';
