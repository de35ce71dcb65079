export { createExtender, createExtenders, type Extender, type ExtenderVerdict } from './extender.ts';
