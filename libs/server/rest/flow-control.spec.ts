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

describe('limits of priority levels', () => {
  const hold = 'https://hold.example.org/';
  const base = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  const list = '/api/v1/namespaces/default/configmaps';
  let release: () => void;
  let held: number;
  let limited: RestServer;
  let who: UserInfo;

  /** Requests of configmaps stay with a webhook until `release`. */
  async function start(level: object, seats = 2): Promise<void> {
    held = 0;
    who = admin;
    const gate = new Promise<void>((resolve) => (release = resolve));
    limited = await startRest({
      user: () => who,
      core: { maxRequestsInFlight: seats - 1, maxMutatingRequestsInFlight: 1 },
      webhooks: {
        async call(_config, review) {
          held++;
          await gate;
          const { uid } = (review as { request: { uid: string } }).request;
          return {
            kind: 'AdmissionReview',
            apiVersion: 'admission.k8s.io/v1',
            response: { uid, allowed: true },
          };
        },
      },
    });
    const { json } = await limited.call('GET', `${root}/prioritylevelconfigurations`);
    for (const { metadata } of json.items as unknown as Named[]) {
      // These are the same in every cluster.
      if (metadata.name === 'exempt' || metadata.name === 'catch-all') continue;
      const own =
        metadata.name === 'global-default'
          ? { nominalConcurrencyShares: 995, lendablePercent: 0, ...level }
          : idle;
      await limited.call('PATCH', `${root}/prioritylevelconfigurations/${metadata.name}`, {
        type: 'application/merge-patch+json',
        body: { spec: { limited: own } },
      });
    }
    await limited.call('POST', base, {
      body: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: 'hold' },
        webhooks: [
          {
            name: 'hold.example.org',
            rules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
            ],
            clientConfig: { url: hold },
            admissionReviewVersions: ['v1'],
            sideEffects: 'None',
          },
        ],
      },
    });
    who = jane;
  }
  interface Named {
    metadata: { name: string };
  }
  const idle = { nominalConcurrencyShares: 0, lendablePercent: 100 };
  const create = (name: string, signal?: AbortSignal) =>
    limited.call('POST', list, {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
      ...(signal === undefined ? {} : { signal }),
    });

  it('refuse what is more than they serve, where they do not queue', async () => {
    await start({ limitResponse: { type: 'Reject', queuing: null } });
    const both = [create('a'), create('b')];
    await expect.poll(() => held).toBe(2);
    const refused = await create('c');
    expect([refused.status, refused.headers['retry-after'], refused.text]).toEqual([
      429,
      '1',
      'Too many requests, please try again later.\n',
    ]);
    expect(refused.headers['x-kubernetes-pf-flowschema-uid']).toBeDefined();
    who = admin;
    expect((await limited.call('GET', list)).status).toBe(200);
    who = jane;
    release();
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([201, 201]);
    expect((await create('c')).status).toBe(201);
    await limited.stop();
  });

  it('let wait what is more than they serve, for a while, where they queue', async () => {
    await start({
      limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 3 } },
    });
    const both = [create('a'), create('b')];
    await expect.poll(() => held).toBe(2);
    const patient = create('c');
    const gone = new AbortController();
    const aborted = create('d', gone.signal);
    const third = create('e');
    expect((await create('f')).status).toBe(429);
    gone.abort();
    expect((await aborted).status).toBe(429);
    await limited.clock.advance(15_000);
    expect([(await patient).status, (await third).status]).toEqual([429, 429]);
    const later = create('g');
    release();
    expect((await Promise.all([...both, later])).map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(held).toBe(3);
    await limited.stop();
  });

  it('lend what they do not use, and keep what they do not lend', async () => {
    await start({ nominalConcurrencyShares: 10, limitResponse: { type: 'Reject', queuing: null } }, 12);
    // Of 25 shares 5 are those of catch-all, which lends nothing: 3 seats; 5 seats are those of the other two each.
    const share = async (spec: object): Promise<void> => {
      who = admin;
      await limited.call('PATCH', `${root}/prioritylevelconfigurations/workload-low`, {
        type: 'application/merge-patch+json',
        body: { spec: { limited: spec } },
      });
      who = jane;
    };
    await share({ nominalConcurrencyShares: 10, lendablePercent: 0 });
    const all = Array.from({ length: 5 }, (_, index) => create(`own-${index}`));
    await expect.poll(() => held).toBe(5);
    expect((await create('more')).status).toBe(429);
    await share({ lendablePercent: 100 });
    all.push(...Array.from({ length: 4 }, (_, index) => create(`borrowed-${index}`)));
    await expect.poll(() => held).toBe(9);
    expect((await create('more')).status).toBe(429);
    who = robot;
    const robots = limited.call('GET', list);
    await limited.clock.advance(15_000);
    expect((await robots).status).toBe(429);
    release();
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([201]));
    expect((await limited.call('GET', list)).status).toBe(200);
    await limited.stop();
  });

  it('are none where nothing is limited', async () => {
    const free = await startRest({
      user: () => jane,
      core: { maxRequestsInFlight: 0, maxMutatingRequestsInFlight: 0 },
    });
    const all = await Promise.all(Array.from({ length: 50 }, () => free.call('GET', list)));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    await free.stop();
  });
});
