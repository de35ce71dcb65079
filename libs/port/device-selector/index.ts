export type { DeviceSelector, DeviceSelectorCompiler, SelectableDevice } from './device-selector.ts';
