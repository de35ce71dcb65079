import type { Device, DeviceAttribute, DeviceConstraint } from '@drydock/api/resource/v1';

/** A device that is about to be allocated, for a request or for one of its alternatives. */
export interface Candidate {
  readonly driver: string;
  readonly device: Device;
  readonly request: string;
  readonly alternative?: string;
}

/**
 * What the devices of a claim have to do with each other. Adding more devices never makes right what was wrong, so that
 * a search may end at the first refusal.
 */
export interface Constraint {
  /** Whether the device may join those that are there; if so, it has joined them. */
  add(candidate: Candidate): boolean;
  /** Takes back what `add` did. */
  remove(candidate: Candidate): void;
}

/** An attribute by its full name; those of the driver's own domain may be published without it. */
function attributeOf({ device, driver }: Candidate, name: string): DeviceAttribute | undefined {
  const found = device.attributes?.[name];
  if (found !== undefined) return found;
  return name.startsWith(`${driver}/`) ? device.attributes?.[name.slice(driver.length + 1)] : undefined;
}

/** Values of different types are never the same. */
function valueOf(candidate: Candidate, name: string): string | undefined {
  const attribute = attributeOf(candidate, name);
  if (attribute === undefined) return undefined;
  for (const type of ['string', 'int', 'bool', 'version'] as const)
    if (attribute[type] !== undefined) return `${type} ${attribute[type]}`;
  return undefined;
}

function appliesTo(requests: ReadonlySet<string>, { request, alternative }: Candidate): boolean {
  if (requests.size === 0 || requests.has(request)) return true;
  return alternative !== undefined && requests.has(`${request}/${alternative}`);
}

/** All devices have the attribute, with the same value. */
function matching(name: string): Constraint {
  let shared: string | undefined;
  let count = 0;
  return {
    add(candidate) {
      const value = valueOf(candidate, name);
      if (value === undefined || (count > 0 && value !== shared)) return false;
      shared = value;
      count++;
      return true;
    },
    remove: () => void count--,
  };
}

/** All devices have the attribute, each with a value of its own. */
function distinct(name: string): Constraint {
  const seen = new Set<string>();
  return {
    add(candidate) {
      const value = valueOf(candidate, name);
      if (value === undefined || seen.has(value)) return false;
      seen.add(value);
      return true;
    },
    remove: (candidate) => void seen.delete(valueOf(candidate, name) ?? ''),
  };
}

/** Undefined for a constraint of a kind that is not known. */
export function createConstraint(constraint: DeviceConstraint): Constraint | undefined {
  const { matchAttribute, distinctAttribute } = constraint;
  const requests = new Set(constraint.requests);
  const inner =
    matchAttribute !== undefined
      ? matching(matchAttribute)
      : distinctAttribute !== undefined
        ? distinct(distinctAttribute)
        : undefined;
  if (inner === undefined) return undefined;
  return {
    add: (candidate) => !appliesTo(requests, candidate) || inner.add(candidate),
    remove(candidate) {
      if (appliesTo(requests, candidate)) inner.remove(candidate);
    },
  };
}
