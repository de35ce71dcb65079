export { createSerialWrites, type SerialWrites } from './serial-writes.ts';
