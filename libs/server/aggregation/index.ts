export { createAggregation, type Aggregation, type AggregationOptions } from './aggregation.ts';
export { createFrontDoor, type FrontDoorOptions } from './front-door.ts';
export { targetOf } from './forward.ts';
export { keepLocalServices } from './local-services.ts';
