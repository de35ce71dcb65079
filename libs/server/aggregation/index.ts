export { createAggregation, type Aggregation, type AggregationOptions } from './aggregation.ts';
