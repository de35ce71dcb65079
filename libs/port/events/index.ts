export type { ChangeSink, ChangeSource, CommittedChange } from './change-source.ts';
export type { EventQueue, EventQueueOptions } from './event-queue.ts';
export { createEventQueue } from './event-queue.ts';
export type { EventTransportOptions } from './event-transport.ts';
export { createEventTransport } from './event-transport.ts';
export type {
  BusEvent,
  BusEventType,
  CursorTransport,
  EventCursor,
  EventPosition,
  EventPublisher,
  EventsErrorCode,
  EventSubscriber,
  ListWithCursor,
  PublisherRole,
} from './events.ts';
export { EventsError } from './events.ts';
export { createStoreChangeSource } from './store-change-source.ts';
