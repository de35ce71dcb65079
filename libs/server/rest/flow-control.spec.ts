import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UserInfo } from '../registry/index.ts';
import type { Answer, RestServer } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

const root = '/apis/flowcontrol.apiserver.k8s.io/v1';
const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
let user: UserInfo = admin;
let server: RestServer;
beforeAll(async () => {
  server = await startRest({ user: () => user });
});
afterAll(() => server.stop());

type Status = { status?: { conditions?: { type: string; status: string; message: string }[] } };

async function uidOf(resource: string, name: string): Promise<string> {
  const answer = await server.call('GET', `${root}/${resource}/${name}`);
  return answer.json.metadata.uid ?? '';
}

/** The name of the FlowSchema and of the priority level that an answer tells. */
async function told({ headers }: Answer): Promise<string> {
  const name = async (resource: string, header: string) => {
    const { json } = await server.call('GET', `${root}/${resource}`);
    const found = json.items.find(({ metadata }) => metadata.uid === headers[header]);
    return found?.metadata.name ?? String(headers[header]);
  };
  const schema = await name('flowschemas', 'x-kubernetes-pf-flowschema-uid');
  return `${schema} ${await name('prioritylevelconfigurations', 'x-kubernetes-pf-prioritylevel-uid')}`;
}

async function as(who: UserInfo, method: string, path: string): Promise<string> {
  user = who;
  const answer = await server.call(method, path);
  user = admin;
  return told(answer);
}

const jane: UserInfo = { name: 'jane', groups: ['devs', 'system:authenticated'] };
const node: UserInfo = { name: 'system:node:a', groups: ['system:nodes', 'system:authenticated'] };
const robot: UserInfo = {
  name: 'system:serviceaccount:default:robot',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
};
const scheduler: UserInfo = { name: 'system:kube-scheduler', groups: ['system:authenticated'] };

describe('the headers that tell the flow of a request', () => {
  it.each([
    [admin, 'GET', '/api/v1/pods', 'exempt exempt'],
    [jane, 'GET', '/api/v1/pods', 'global-default global-default'],
    [jane, 'GET', '/healthz', 'probes exempt'],
    [jane, 'GET', '/version', 'global-default global-default'],
    [jane, 'GET', '/nothing', 'global-default global-default'],
    [jane, 'PUT', '/api/v1/namespaces/default/pods/none', 'global-default global-default'],
    [robot, 'GET', '/api/v1/namespaces/default/pods', 'service-accounts workload-low'],
    [node, 'PATCH', '/api/v1/nodes/a/status', 'system-node-high node-high'],
    [node, 'GET', '/api/v1/namespaces/default/pods', 'system-nodes system'],
    [
      scheduler,
      'GET',
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/none',
      'system-leader-election leader-election',
    ],
    [scheduler, 'GET', '/api/v1/pods', 'kube-scheduler workload-high'],
    [{ name: 'nobody', groups: [] }, 'GET', '/api/v1/pods', 'undefined undefined'],
  ])('%o %s %s: %s', async (who, method, path, expected) => {
    expect(await as(who, method, path)).toBe(expected);
  });

  it('are not of requests that last as long as one likes', async () => {
    const { status, headers } = await server.call('GET', '/api/v1/namespaces/default/pods/none/log');
    expect([status, headers['x-kubernetes-pf-flowschema-uid']]).toEqual([404, undefined]);
  });

  it('follow the schemas as they come, go and change', async () => {
    const schema = (level: string, resources = ['configmaps']) => ({
      metadata: { name: 'of-jane' },
      spec: {
        matchingPrecedence: 5,
        priorityLevelConfiguration: { name: level },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'jane' } }],
            resourceRules: [
              { verbs: ['get', 'list'], apiGroups: [''], resources, namespaces: ['a', 'default'] },
            ],
          },
        ],
      },
    });
    const conditions = async () => {
      const { json } = await server.call('GET', `${root}/flowschemas/of-jane`);
      return ((json as unknown as Status).status?.conditions ?? []).map(({ type, status, message }) => [
        type,
        status,
        message,
      ]);
    };
    const until = async (expected: unknown) => {
      await expect.poll(conditions, { timeout: 10_000 }).toEqual(expected);
    };
    const about = 'This FlowSchema references the PriorityLevelConfiguration object named "janes"';
    const list = '/api/v1/namespaces/default/configmaps';
    expect((await server.call('POST', `${root}/flowschemas`, { body: schema('janes') })).status).toBe(201);
    await until([['Dangling', 'True', `${about} but there is no such object`]]);
    expect(await as(jane, 'GET', list)).toBe('global-default global-default');
    const level = {
      metadata: { name: 'janes' },
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } },
    };
    const made = await server.call('POST', `${root}/prioritylevelconfigurations`, { body: level });
    expect(made.status).toBe(201);
    await until([['Dangling', 'False', `${about} and it exists`]]);
    expect(await as(jane, 'GET', list)).toBe('of-jane janes');
    expect(await as(jane, 'POST', list)).toBe('global-default global-default');
    expect(await as(jane, 'GET', '/api/v1/configmaps')).toBe('global-default global-default');
    expect(await uidOf('flowschemas', 'of-jane')).not.toBe('');
    await server.call('PUT', `${root}/flowschemas/of-jane`, { body: schema('janes', ['secrets']) });
    expect(await as(jane, 'GET', list)).toBe('global-default global-default');
    await server.call('DELETE', `${root}/prioritylevelconfigurations/janes`);
    await until([['Dangling', 'True', `${about} but there is no such object`]]);
    await server.call('DELETE', `${root}/flowschemas/of-jane`);
  });
});
