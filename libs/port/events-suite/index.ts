export { describeEventsContract } from './events-contract.ts';
export type { EventsFixture, FixtureWrite, Recorded } from './fixture.ts';
export { brief, configMaps, expectHistory, positionAfter, recordEvents, replay } from './fixture.ts';
