import { DeviceClass, ResourceClaim, ResourceSlice, type DeviceRequest } from '@drydock/api/resource/v1';
import { compileDeviceSelector } from '@drydock/server/device-selectors';
import { start } from './scheduler.spec-support.ts';

export const driver = 'gpu.example.com';

/** A cluster whose scheduler knows devices. */
export async function cluster() {
  const made = await start({ deviceSelectors: compileDeviceSelector });
  const claims = made.client.resource(ResourceClaim).namespace('default');
  const settled = async <T>(write: Promise<T>): Promise<T> => {
    const result = await write;
    await made.settle();
    return result;
  };
  const request = (count = 1): DeviceRequest => ({
    name: 'gpu',
    exactly: { deviceClassName: 'gpu', count, allocationMode: 'ExactCount' },
  });
  return {
    ...made,
    claims,
    settled,
    request,
    addClass: (name = 'gpu', extendedResourceName?: string) =>
      settled(
        made.client.resource(DeviceClass).create({
          metadata: { name },
          spec: {
            selectors: [{ cel: { expression: `device.driver == "${driver}"` } }],
            ...(extendedResourceName === undefined ? {} : { extendedResourceName }),
          },
        }),
      ),
    addSlice: (nodeName: string, ...devices: string[]) =>
      settled(
        made.client.resource(ResourceSlice).create({
          metadata: { name: `${nodeName}-gpus` },
          spec: {
            driver,
            nodeName,
            pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
            devices: devices.map((name) => ({ name })),
          },
        }),
      ),
    addClaim: (name: string, ...requests: DeviceRequest[]) =>
      settled(
        claims.create({
          metadata: { name, namespace: 'default' },
          spec: { devices: { requests: requests.length > 0 ? requests : [request()] } },
        }),
      ),
    addUser: (name: string, ...names: string[]) =>
      made.add({
        name,
        spec: { resourceClaims: names.map((one) => ({ name: one, resourceClaimName: one })) },
      }),
    why: async (name: string) => (await made.condition(name))?.message,
    /** What the resourceclaim controller does when the users of a claim are gone. */
    async release(name: string) {
      const claim = await claims.get(name);
      const { allocation: _allocation, reservedFor: _users, ...status } = claim.status ?? {};
      await settled(claims.updateStatus({ ...claim, status }));
    },
    deviceOf: async (name: string) =>
      (await claims.get(name)).status?.allocation?.devices?.results?.map(
        ({ pool, device }) => `${pool}/${device}`,
      ),
    usersOf: async (name: string) => (await claims.get(name)).status?.reservedFor?.map((one) => one.name),
  };
}

/** Two nodes, of which the second has devices. */
export async function withDevices(...devices: string[]) {
  const made = await cluster();
  await made.addNode('n1');
  await made.addNode('n2');
  await made.addClass();
  await made.addSlice('n2', ...devices);
  return made;
}
