export type { NatsOptions, NatsTls } from './connection.ts';
export type { NatsPublisherOptions } from './nats-publisher.ts';
export { createNatsPublisher } from './nats-publisher.ts';
export type { NatsSubscriberOptions } from './nats-subscriber.ts';
export { createNatsSubscriber } from './nats-subscriber.ts';
