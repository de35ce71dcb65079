import { createSeededRandom } from '@drydock/base/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from '../../rest/rest.spec-support.ts';

let server: RestServer;
beforeEach(async () => {
  server = await startRest();
});
afterEach(() => server.stop());

const apiVersion = 'resource.k8s.io/v1';
const base = '/apis/resource.k8s.io/v1';
const claims = `${base}/namespaces/default/resourceclaims`;
const claim = (request: object = { exactly: { deviceClassName: 'gpu' } }, more: object = {}) => ({
  apiVersion,
  kind: 'ResourceClaim',
  metadata: { name: 'c' },
  spec: { devices: { requests: [{ name: 'r', ...request }], ...more } },
});
const slice = (spec: object = {}) => ({
  apiVersion,
  kind: 'ResourceSlice',
  metadata: { name: 's' },
  spec: {
    driver: 'gpu.example.org',
    pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
    nodeName: 'n',
    devices: [{ name: 'd' }],
    ...spec,
  },
});
const post = (path: string, body: object) => server.call('POST', path, { body });
const causes = async (path: string, body: object): Promise<string[]> => {
  const { json } = await post(path, body);
  return (json.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
};

describe('a ResourceClaim', () => {
  it('is for one device unless it says otherwise, and never changes', async () => {
    const { status, json } = await post(claims, claim());
    expect(status).toBe(201);
    expect(json).toMatchObject({
      spec: { devices: { requests: [{ exactly: { allocationMode: 'ExactCount', count: 1 } }] } },
    });
    const changed = await server.call('PATCH', `${claims}/c`, {
      type: 'application/merge-patch+json',
      body: { spec: { devices: { requests: [] } } },
    });
    expect(changed.status).toBe(422);
    expect(changed.json.message).toContain('field is immutable');
  });

  it.each([
    [
      claim({}),
      ['spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required'],
    ],
    [
      claim({ exactly: { deviceClassName: 'gpu', allocationMode: 'All', count: 2 } }),
      [
        "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
      ],
    ],
    [
      claim({ exactly: { deviceClassName: '', allocationMode: 'Some' } }),
      [
        'spec.devices.requests[0].exactly.deviceClassName: Required value',
        'spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
      ],
    ],
    [
      claim({ exactly: { deviceClassName: 'gpu', selectors: [{ cel: { expression: '1 + 1' } }] } }),
      [
        'spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "1 + 1": must evaluate to bool or the unknown type, not int',
      ],
    ],
    [
      claim(undefined, { constraints: [{ requests: ['x'], matchAttribute: 'model' }] }),
      [
        'spec.devices.constraints[0].requests[0]: Invalid value: "x": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
        'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
      ],
    ],
    [
      claim({ exactly: { deviceClassName: 'gpu', adminAccess: true } }),
      [
        'spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
      ],
    ],
  ])('is refused with causes %#', async (body, expected) => {
    expect(await causes(claims, body)).toEqual(expected);
  });

  it('is allocated and reserved through its status, once', async () => {
    await post(claims, claim());
    const results = [{ request: 'r', driver: 'gpu.example.org', pool: 'p', device: 'd' }];
    const write = (status: object) =>
      server.call('PATCH', `${claims}/c/status`, { type: 'application/merge-patch+json', body: { status } });
    const early = await write({ reservedFor: [{ resource: 'pods', name: 'a', uid: '1' }] });
    expect(early.json.message).toContain('may not be specified when `allocated` is not set');
    const given = {
      allocation: { devices: { results } },
      reservedFor: [{ resource: 'pods', name: 'a', uid: '1' }],
    };
    expect((await write(given)).status).toBe(200);
    const table = await server.call('GET', claims, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect((table.json as unknown as { rows: { cells: unknown[] }[] }).rows[0]?.cells[1]).toBe(
      'allocated,reserved',
    );
    const other = await write({ allocation: { devices: { results: [{ ...results[0], device: 'e' }] } } });
    expect(other.json.message).toContain('field is immutable');
  });
});

describe('a ResourceSlice', () => {
  it.each([
    [slice(), []],
    [
      slice({ allNodes: true }),
      [
        'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
      ],
    ],
    [slice({ devices: [{ name: 'd' }, { name: 'd' }] }), ['spec.devices[1]: Duplicate value: "d"']],
    [
      slice({ devices: [{ name: 'd', attributes: { v: { version: 'one' } } }] }),
      [
        'spec.devices[0].attributes[v].version: Invalid value: "one": must be a string compatible with semver.org spec 2.0.0',
      ],
    ],
    [
      slice({ pool: { name: 'p', generation: 1, resourceSliceCount: 0 } }),
      ['spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero'],
    ],
  ])('is checked %#', async (body, expected) => {
    expect(await causes(`${base}/resourceslices`, body)).toEqual(expected);
  });

  it('is found by its node and its driver, and counts its generations', async () => {
    await post(`${base}/resourceslices`, slice());
    const find = async (selector: string) =>
      (await server.call('GET', `${base}/resourceslices?fieldSelector=${selector}`)).json.items.length;
    expect(await find('spec.nodeName=n,spec.driver=gpu.example.org')).toBe(1);
    expect(await find('spec.driver=other')).toBe(0);
    const { json } = await server.call('PATCH', `${base}/resourceslices/s`, {
      type: 'application/merge-patch+json',
      body: { spec: { devices: [{ name: 'e', taints: [{ key: 'broken', effect: 'NoSchedule' }] }] } },
    });
    expect(json).toMatchObject({
      metadata: { generation: 2 },
      spec: { devices: [{ taints: [{ timeAdded: expect.any(String) }] }] },
    });
  });
});

describe('a DeviceClass', () => {
  it('may stand for an extended resource', async () => {
    const body = (extendedResourceName: string) => ({
      apiVersion,
      kind: 'DeviceClass',
      metadata: { name: `c${createSeededRandom(extendedResourceName.length).suffix(4)}` },
      spec: { extendedResourceName },
    });
    expect(await causes(`${base}/deviceclasses`, body('example.org/gpu'))).toEqual([]);
    expect(await causes(`${base}/deviceclasses`, body('cpu'))).toEqual([
      'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
    ]);
  });
});
