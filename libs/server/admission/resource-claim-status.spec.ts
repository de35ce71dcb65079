import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserInfo } from '../registry/index.ts';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const account = 'system:serviceaccount:default:driver';
const driver: UserInfo = { name: account, groups: ['system:authenticated'] };
const onNode: UserInfo = { ...driver, extra: { 'authentication.kubernetes.io/node-name': ['worker-1'] } };
let server: RestServer;
let user: UserInfo;

const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
const allocation = {
  devices: { results: [{ request: 'r', driver: 'gpu.example.com', pool: 'p', device: 'd' }] },
  nodeSelector: {
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['worker-1'] }] }],
  },
};
const reservedFor = [{ resource: 'pods', name: 'p', uid: 'u' }];
const devices = [{ driver: 'gpu.example.com', pool: 'p', device: 'd' }];

async function grant(resource: string, verbs: string[], resourceNames?: string[]): Promise<void> {
  const before = user;
  user = admin;
  const group = 'rbac.authorization.k8s.io';
  const name = `${resource.replace('/', '-')}-${verbs.length}`;
  await server.call('POST', `/apis/${group}/v1/clusterroles`, {
    body: {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        {
          apiGroups: ['resource.k8s.io'],
          resources: [resource],
          verbs,
          ...(resourceNames && { resourceNames }),
        },
      ],
    },
  });
  await server.call('POST', `/apis/${group}/v1/clusterrolebindings`, {
    body: {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: group, kind: 'User', name: account }],
    },
  });
  user = before;
}

/** Writes a status as `who`; answers `ok` or what is told. */
async function write(who: UserInfo, status: object): Promise<string> {
  user = admin;
  const { json: claim } = await server.call('GET', `${claims}/c`);
  user = who;
  const answer = await server.call('PUT', `${claims}/c/status`, { body: { ...claim, status } });
  return answer.status === 200 ? 'ok' : `${answer.status} ${answer.json.message}`;
}

const binding =
  '422 ResourceClaim.resource.k8s.io "c" is invalid: status: Forbidden: changing status.allocation or status.reservedFor ' +
  'requires resource="resourceclaims/binding", verb="update" permission: resourceclaims.resource.k8s.io is forbidden: ' +
  `User "${account}" cannot update resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope`;
const ofDevices = (verbs: string) =>
  `422 ResourceClaim.resource.k8s.io "c" is invalid: status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[${verbs}]" permission: `;

beforeEach(async () => {
  user = admin;
  server = await startRest({ core: { authorizationMode: 'RBAC' }, user: () => user });
  const made = await server.call('POST', claims, {
    body: {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      metadata: { name: 'c' },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
    },
  });
  expect(made.status).toBe(201);
  await grant('resourceclaims/status', ['update']);
});
afterEach(() => server.stop());

describe('who may write the status of a claim', () => {
  it('binds claims with leave for that', async () => {
    expect(await write(driver, { allocation, reservedFor })).toBe(binding);
    await grant('resourceclaims/binding', ['update']);
    expect(await write(driver, { allocation, reservedFor })).toBe('ok');
  });

  it('takes nothing away without it, and may write what is there already', async () => {
    expect(await write(admin, { allocation })).toBe('ok');
    expect(await write(driver, {})).toBe(binding);
    expect(await write(driver, { allocation })).toBe('ok');
    expect(await write(driver, { allocation: { ...allocation, nodeSelector: undefined } })).toBe(binding);
  });

  it('tells of devices of its own driver, with less leave on their node', async () => {
    expect(await write(admin, { allocation })).toBe('ok');
    expect(await write(driver, { allocation, devices })).toMatch(
      new RegExp(
        `^${ofDevices('arbitrary-node:update').replace(/[[\].]/g, '\\$&')}.* cannot arbitrary-node:update`,
      ),
    );
    expect(await write(onNode, { allocation, devices })).toContain(
      ofDevices('associated-node:update arbitrary-node:update'),
    );
    await grant('resourceclaims/driver', ['associated-node:update'], ['other.example.com']);
    expect(await write(onNode, { allocation, devices })).not.toBe('ok');
    await grant(
      'resourceclaims/driver',
      ['associated-node:update', 'associated-node:patch'],
      ['gpu.example.com'],
    );
    expect(await write(driver, { allocation, devices })).not.toBe('ok');
    expect(await write(onNode, { allocation, devices })).toBe('ok');
    expect(await write(driver, { allocation })).not.toBe('ok');
  });
});
