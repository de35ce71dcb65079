import type { Device } from '@drydock/api/resource/v1';

/** What a selector is asked about: a device, and the driver whose domain its unqualified names are in. */
export interface SelectableDevice extends Pick<
  Device,
  'attributes' | 'capacity' | 'allowMultipleAllocations'
> {
  readonly driver: string;
}

/** A compiled expression that says which devices will do. */
export interface DeviceSelector {
  /** Pure. Throws an Error, with the words of the expression language, where the expression has no value. */
  matches(device: SelectableDevice): boolean;
}

/**
 * Compiles an expression of `device` (KEP-4381). Throws an Error that says what is wrong with it, as Kubernetes does.
 * Callers keep what they got: compiling costs more than asking.
 */
export type DeviceSelectorCompiler = (expression: string) => DeviceSelector;
