export { createFakeTransport } from './fake-transport.ts';
export type { TransportFixture } from './transport-contract.ts';
export { describeTransportContract } from './transport-contract.ts';
