import type { Node } from '@drydock/api/core/v1';
import type { Device, DeviceAttribute, ResourceSlice } from '@drydock/api/resource/v1';
import { tryParseQuantity } from '@drydock/base/apimachinery';
import { simulatedLabel } from './node-object.ts';

/**
 * Devices that a node has: `<driver>=<count>`, separated by commas, each with `;<name>=<value>` for what its devices are
 * like. Numbers, truth values and versions become attributes of that type, amounts with a unit (`40Gi`) capacity.
 */
export const devicesAnnotation = 'drydock.dev/devices';

/** Most that one slice may hold (resource.k8s.io/v1 ResourceSliceMaxDevices). */
const maxDevices = 128;

const semver = /^\d+\.\d+\.\d+(?:[-+][\w.+-]*)?$/;

function attributeOf(text: string): DeviceAttribute {
  if (text === 'true' || text === 'false') return { bool: text === 'true' };
  if (/^-?\d{1,15}$/.test(text)) return { int: Number(text) };
  return semver.test(text) ? { version: text } : { string: text };
}

const isAmount = (text: string) =>
  /^\d+(?:\.\d+)?[A-Za-z]{1,2}$/.test(text) && tryParseQuantity(text) !== undefined;

function devicesOf(driver: string, count: number, traits: readonly string[]): Device[] {
  const attributes: Record<string, DeviceAttribute> = {};
  const capacity: Record<string, { value: string }> = {};
  for (const trait of traits) {
    const at = trait.indexOf('=');
    if (at <= 0) continue;
    const [key, value] = [trait.slice(0, at).trim(), trait.slice(at + 1).trim()];
    if (isAmount(value)) capacity[key] = { value };
    else attributes[key] = attributeOf(value);
  }
  const prefix = driver.split('.')[0] ?? driver;
  return Array.from({ length: Math.min(count, maxDevices) }, (_, index) => ({
    name: `${prefix}-${index}`,
    attributes: { index: { int: index }, ...attributes },
    ...(Object.keys(capacity).length > 0 ? { capacity } : {}),
  }));
}

/** The slices that a simulated driver publishes for a node. What is no device is passed over: it must not stop a node. */
export function simulatedSlices(node: Node): ResourceSlice[] {
  const { name = '', uid = '', annotations } = node.metadata;
  const slices = new Map<string, ResourceSlice>();
  for (const entry of (annotations?.[devicesAnnotation] ?? '').split(',')) {
    const [first = '', ...traits] = entry.split(';');
    const [, driver = '', digits = ''] =
      /^\s*([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)=(\d{1,4})\s*$/.exec(first) ?? [];
    if (driver === '' || slices.has(driver)) continue;
    slices.set(driver, {
      metadata: {
        name: `${name}-${driver}`,
        labels: { [simulatedLabel]: 'true' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid, controller: true }],
      },
      spec: {
        driver,
        nodeName: name,
        pool: { name, generation: 1, resourceSliceCount: 1 },
        devices: devicesOf(driver, Number(digits), traits),
      },
    });
  }
  return [...slices.values()];
}
