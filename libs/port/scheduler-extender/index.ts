export type { ExtenderCaller, ExtenderEndpoint, ExtenderTls } from './scheduler-extender.ts';
