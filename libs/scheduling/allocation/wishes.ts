import type {
  CapacityRequirements,
  DeviceClass,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
} from '@drydock/api/resource/v1';

/** A request, or one of its alternatives. */
export interface Wish {
  readonly request: string;
  /** Name of the alternative. */
  readonly alternative?: string;
  readonly className: string;
  readonly deviceClass: DeviceClass | undefined;
  readonly all: boolean;
  readonly count: number;
  readonly adminAccess: boolean;
  readonly selectors: readonly DeviceSelector[];
  readonly tolerations: readonly DeviceToleration[];
  readonly capacity: CapacityRequirements | undefined;
}

/** As results and messages name it: `request`, or `request/alternative`. */
export function wishName({ request, alternative }: Wish): string {
  return alternative === undefined ? request : `${request}/${alternative}`;
}

/** The wishes of a request, the best first; one of them is to be granted. */
export function wishesOf(
  { name, exactly, firstAvailable = [] }: DeviceRequest,
  classOf: (name: string) => DeviceClass | undefined,
): Wish[] {
  const wish = (one: ExactDeviceRequest | DeviceSubRequest, adminAccess: boolean): Omit<Wish, 'request'> => ({
    className: one.deviceClassName,
    deviceClass: classOf(one.deviceClassName),
    all: one.allocationMode === 'All',
    count: one.count ?? 1,
    adminAccess,
    selectors: one.selectors ?? [],
    tolerations: one.tolerations ?? [],
    capacity: one.capacity,
  });
  if (exactly !== undefined) return [{ request: name, ...wish(exactly, exactly.adminAccess === true) }];
  return firstAvailable.map((one) => ({ request: name, alternative: one.name, ...wish(one, false) }));
}
