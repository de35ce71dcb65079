import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserInfo } from '../registry/index.ts';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const jane: UserInfo = { name: 'jane', groups: ['devs', 'system:authenticated'] };
let server: RestServer;
let user: UserInfo;

beforeEach(async () => {
  user = admin;
  server = await startRest({ core: { authorizationMode: 'RBAC' }, user: () => user });
});
afterEach(() => server.stop());

const apiVersion = 'rbac.authorization.k8s.io/v1';
const base = '/apis/rbac.authorization.k8s.io/v1';
const inDefault = `${base}/namespaces/default`;
const write = async (path: string, kind: string, name: string, more: object) => {
  const { status, json } = await server.call('POST', path, {
    body: { apiVersion, kind, metadata: { name }, ...more },
  });
  return status === 201 ? 'created' : json.message;
};
const role = (name: string, ...rules: object[]) => write(`${inDefault}/roles`, 'Role', name, { rules });
const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }];
const bind = (name: string, kind: string, to = name) =>
  write(`${inDefault}/rolebindings`, 'RoleBinding', name, {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: to },
    subjects,
  });
const rule = (resources: string[], verbs: string[], apiGroups = ['']) => ({ apiGroups, resources, verbs });

describe('whoever is not a superuser', () => {
  beforeEach(async () => {
    await role(
      'mine',
      rule(['pods'], ['get', 'list']),
      rule(['roles', 'rolebindings'], ['*'], ['rbac.authorization.k8s.io']),
    );
    // That grants escalate and bind too; the narrow form does not.
    await role(
      'narrow',
      rule(['pods'], ['get', 'list']),
      rule(['roles', 'rolebindings'], ['create', 'update', 'get'], ['rbac.authorization.k8s.io']),
    );
    await bind('narrow', 'Role');
    user = jane;
  });

  it('grants what they have', async () => {
    expect(await role('a', rule(['pods'], ['get']))).toBe('created');
    expect(await bind('again', 'Role', 'narrow')).toBe('created');
  });

  it('grants nothing else', async () => {
    expect(await role('b', rule(['pods', 'secrets'], ['get', 'delete']))).toBe(
      `roles.rbac.authorization.k8s.io "b" is forbidden: user "jane" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}
{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}`,
    );
    expect(await bind('c', 'ClusterRole', 'cluster-admin')).toContain(
      'is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}',
    );
    expect(await bind('d', 'ClusterRole', 'nothing')).toBe(
      'clusterroles.rbac.authorization.k8s.io "nothing" not found',
    );
  });

  it('changes a role in other ways than its rules', async () => {
    user = admin;
    await role('high', rule(['secrets'], ['*']));
    user = jane;
    const path = `${inDefault}/roles/high`;
    const read = await server.call('GET', path);
    const change = (body: object) => server.call('PUT', path, { body });
    const { metadata } = read.json;
    expect((await change({ ...read.json, metadata: { ...metadata, labels: { a: 'b' } } })).status).toBe(200);
    expect(
      (
        await change({
          ...read.json,
          metadata: { ...metadata, resourceVersion: undefined },
          rules: [rule(['secrets'], ['get'])],
        })
      ).status,
    ).toBe(403);
  });

  it('grants all of it where they may escalate or bind', async () => {
    user = admin;
    await bind('mine', 'Role');
    user = jane;
    expect(await role('e', rule(['secrets'], ['*']))).toBe('created');
    expect(await bind('f', 'Role', 'e')).toBe('created');
    // But only what they may bind: a cluster role is another resource.
    expect(await bind('g', 'ClusterRole', 'cluster-admin')).toContain('is attempting to grant');
  });
});
