import type { WebhookCaller } from '@drydock/port/webhook';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

interface Review {
  apiVersion: string;
  request: { uid: string; operation: string; name?: string; object: { data?: object } | null } & Record<
    string,
    unknown
  >;
}
type Response = Record<string, unknown>;

let server: RestServer;
let seen: Review[];
/** What the webhooks answer, by their url. */
let answers: Map<string, (review: Review) => Response | Error>;
const caller: WebhookCaller = {
  call(config, sent) {
    const review = structuredClone(sent) as Review;
    seen.push(review);
    const answer = answers.get(config.url ?? '')?.(review) ?? { allowed: true };
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({
      kind: 'AdmissionReview',
      apiVersion: review.apiVersion,
      response: { uid: review.request.uid, ...answer },
    });
  },
};

beforeEach(async () => {
  seen = [];
  answers = new Map();
  server = await startRest({ webhooks: caller });
});
afterEach(() => server.stop());

const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }];
const hook = (name: string, more: object = {}) => ({
  name,
  rules,
  clientConfig: { url: `https://${name}/` },
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  ...more,
});
const register = async (kind: 'Mutating' | 'Validating', ...webhooks: object[]): Promise<void> => {
  const answer = await server.call(
    'POST',
    `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`,
    {
      body: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: `${kind}WebhookConfiguration`,
        metadata: { generateName: 'hooks-' },
        webhooks,
      },
    },
  );
  expect(answer.status, answer.text).toBe(201);
};
const path = '/api/v1/namespaces/default/configmaps';
const create = (data: object = {}, query = '', more: object = {}) =>
  server.call('POST', `${path}${query}`, {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', ...more }, data },
  });
const patch = (...operations: object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: btoa(JSON.stringify(operations)),
});

describe('validating webhooks', () => {
  it('see every write, with what it was before, and may say no in their own words', async () => {
    await register('Validating', hook('a.example.org'));
    answers.set('https://a.example.org/', ({ request }) =>
      request.object?.data && 'bad' in request.object.data
        ? { allowed: false, status: { message: 'no bad data', code: 403, reason: 'Forbidden' } }
        : { allowed: true, warnings: ['looked at'] },
    );
    const made = await create({ good: '1' });
    expect([made.status, made.warnings]).toEqual([201, ['looked at']]);
    const refused = await server.call('PUT', `${path}/c`, {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { bad: '1' } },
    });
    expect([refused.status, refused.json.message, refused.json.reason]).toEqual([
      403,
      'admission webhook "a.example.org" denied the request: no bad data',
      'Forbidden',
    ]);
    await server.call('DELETE', `${path}/c`);
    expect(seen.map(({ request }) => request.operation)).toEqual(['CREATE', 'UPDATE', 'DELETE']);
    expect(seen[1]?.request).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      name: 'c',
      namespace: 'default',
      userInfo: { username: 'system:apiserver' },
      oldObject: { data: { good: '1' } },
      dryRun: false,
    });
    expect(seen[2]?.request).toMatchObject({ object: null, oldObject: { data: { good: '1' } } });
  });

  it('that say no without a reason refuse with 400', async () => {
    await register('Validating', hook('a.example.org'));
    answers.set('https://a.example.org/', () => ({ allowed: false }));
    const { status, json } = await create();
    expect([status, json.message]).toEqual([
      400,
      'admission webhook "a.example.org" denied the request without explanation',
    ]);
  });

  it('that fail stop the write, unless their failures are to be ignored', async () => {
    await register('Validating', hook('a.example.org'), hook('b.example.org', { failurePolicy: 'Ignore' }));
    answers.set('https://b.example.org/', () => new Error('Post "https://b": EOF'));
    expect((await create()).status).toBe(201);
    answers.set('https://a.example.org/', () => new Error('Post "https://a": EOF'));
    const { status, json } = await create({}, '', { name: 'd' });
    expect([status, json.message]).toEqual([
      500,
      'Internal error occurred: failed calling webhook "a.example.org": failed to call webhook: Post "https://a": EOF',
    ]);
  });

  it('are asked only about what their selectors and conditions match', async () => {
    await register(
      'Validating',
      hook('labels.example.org', { objectSelector: { matchLabels: { look: 'yes' } } }),
      hook('space.example.org', { namespaceSelector: { matchLabels: { none: 'such' } } }),
      hook('when.example.org', {
        matchConditions: [{ name: 'named', expression: "object.metadata.name.startsWith('x')" }],
      }),
    );
    await create();
    expect(seen).toHaveLength(0);
    await create({}, '', { name: 'xa', labels: { look: 'yes' } });
    expect(seen).toHaveLength(2);
  });

  it('see what is posted to subresources, and not what follows from it', async () => {
    await register('Validating', hook('a.example.org', { rules: [{ ...rules[0], resources: ['pods/*'] }] }));
    await server.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    });
    const pods = '/api/v1/namespaces/default/pods';
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    await server.call('POST', pods, {
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec },
    });
    await server.call('POST', `${pods}/p/binding`, {
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'p' },
        target: { kind: 'Node', name: 'n' },
      },
    });
    answers.set('https://a.example.org/', ({ request }) => ({
      allowed: request['subResource'] !== 'eviction',
      status: { message: 'stay', code: 429 },
    }));
    const evicted = await server.call('POST', `${pods}/p/eviction`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } },
    });
    expect([evicted.status, evicted.json.message]).toEqual([
      429,
      'admission webhook "a.example.org" denied the request: stay',
    ]);
    const told = seen.map(({ request }) => [
      request.operation,
      request['subResource'] ?? '',
      (request['kind'] as { kind: string }).kind,
      request.name,
    ]);
    expect(told).toEqual([
      ['CREATE', '', 'Pod', 'p'],
      ['CREATE', 'binding', 'Binding', 'p'],
      ['CREATE', 'eviction', 'Eviction', 'p'],
    ]);
  });

  it('stand between clients and what they connect with', async () => {
    const connecting = [
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        operations: ['CONNECT'],
        resources: ['pods/*', 'services/proxy'],
      },
    ];
    await register('Validating', hook('a.example.org', { rules: connecting }));
    await register('Mutating', hook('b.example.org', { rules: connecting }));
    answers.set('https://a.example.org/', () => ({ allowed: false, status: { message: 'nobody looks in' } }));
    answers.set('https://b.example.org/', () => patch({ op: 'add', path: '/container', value: 'other' }));
    const pod = '/api/v1/namespaces/default/pods/p';
    const refused = 'admission webhook "a.example.org" denied the request: nobody looks in';
    for (const [method, path] of [
      ['POST', `${pod}/exec?command=ls&command=-l&stdout=true&container=c`],
      ['GET', `${pod}/attach?stdin=true&tty=1&stdout=false`],
      ['POST', `${pod}/portforward?ports=80`],
      ['GET', `${pod}/proxy/a/b?q=1`],
      ['PUT', '/api/v1/namespaces/default/services/s/proxy'],
    ] as const) {
      const answer = await server.call(method, path);
      expect([answer.status, answer.json.message]).toEqual([400, refused]);
    }
    const asked = seen.map(({ request }) => request);
    expect(asked.filter((_one, index) => index % 2 === 1).map(({ object }) => object)).toEqual([
      { kind: 'PodExecOptions', apiVersion: 'v1', stdout: true, container: 'c', command: ['ls', '-l'] },
      { kind: 'PodAttachOptions', apiVersion: 'v1', stdin: true, tty: true },
      { kind: 'PodPortForwardOptions', apiVersion: 'v1', ports: [80] },
      { kind: 'PodProxyOptions', apiVersion: 'v1', path: 'a/b' },
      { kind: 'ServiceProxyOptions', apiVersion: 'v1' },
    ]);
    expect(asked[0]).toMatchObject({
      operation: 'CONNECT',
      kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: 'exec',
      name: 'p',
      namespace: 'default',
      oldObject: null,
      options: null,
    });
  });

  it('about one version are asked about others too, unless they are to match exactly', async () => {
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.org' },
      spec: {
        group: 'example.org',
        names: { kind: 'Thing', plural: 'things' },
        scope: 'Namespaced',
        versions: ['v1', 'v2'].map((name) => ({
          name,
          served: true,
          storage: name === 'v1',
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        })),
      },
    };
    await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: crd });
    const things = [
      { apiGroups: ['example.org'], apiVersions: ['v2'], operations: ['*'], resources: ['things'] },
    ];
    await register('Validating', hook('a.example.org', { rules: things }));
    await register('Validating', hook('b.example.org', { rules: things, matchPolicy: 'Exact' }));
    await register('Mutating', hook('c.example.org', { rules: things }));
    answers.set('https://c.example.org/', () => patch({ op: 'add', path: '/more', value: 1 }));
    const send = () =>
      server.call('POST', '/apis/example.org/v1/namespaces/default/things?dryRun=All', {
        body: { apiVersion: 'example.org/v1', kind: 'Thing', metadata: { name: 't' } },
      });
    await expect.poll(async () => (await send()).status).toBe(201);
    seen = [];
    const { json } = await send();
    expect(json).toMatchObject({ apiVersion: 'example.org/v1', more: 1 });
    expect(seen).toHaveLength(2);
    for (const { request } of seen) {
      expect(request).toMatchObject({
        kind: { group: 'example.org', version: 'v2', kind: 'Thing' },
        resource: { group: 'example.org', version: 'v2', resource: 'things' },
        requestKind: { group: 'example.org', version: 'v1', kind: 'Thing' },
        requestResource: { group: 'example.org', version: 'v1', resource: 'things' },
        object: { apiVersion: 'example.org/v2' },
      });
    }
  });

  it('see Namespaces by the labels that they are to have', async () => {
    await register(
      'Validating',
      hook('a.example.org', {
        rules: [{ ...rules[0], resources: ['namespaces'] }],
        namespaceSelector: { matchLabels: { watched: 'yes' } },
      }),
    );
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
    await server.call('POST', '/api/v1/namespaces', { body });
    expect(seen).toHaveLength(0);
    await server.call('PATCH', '/api/v1/namespaces/n', {
      type: 'application/merge-patch+json',
      body: { metadata: { labels: { watched: 'yes' } } },
    });
    expect(seen.map(({ request }) => [request.operation, request.name, request['namespace']])).toEqual([
      ['UPDATE', 'n', 'n'],
    ]);
  });

  it('whose conditions cannot be evaluated refuse, unless failures are to be ignored', async () => {
    const matchConditions = [
      { name: 'a', expression: "object.data.x == '1'" },
      { name: 'b', expression: "authorizer.requestResource.check('create').allowed()" },
    ];
    await register('Validating', hook('a.example.org', { matchConditions, failurePolicy: 'Ignore' }));
    expect((await create()).status).toBe(201);
    await register('Validating', hook('b.example.org', { matchConditions }));
    const { status, json } = await create({ y: '1' }, '?dryRun=All', { name: 'd' });
    expect([status, json.message]).toEqual([
      403,
      `configmaps "d" is forbidden: expression 'object.data.x == '1'' resulted in error: no such key: x`,
    ]);
    expect(seen).toHaveLength(0);
  });

  it('are told the options of the request', async () => {
    await register('Validating', hook('a.example.org'));
    await create({}, '?fieldManager=me&fieldValidation=Strict');
    await server.call('PATCH', `${path}/c?fieldManager=you&dryRun=All`, {
      type: 'application/merge-patch+json',
      body: { data: { a: 'b' } },
    });
    await server.call('DELETE', `${path}/c?propagationPolicy=Background`);
    const apiVersion = 'meta.k8s.io/v1';
    expect(seen.map(({ request }) => request['options'])).toEqual([
      { kind: 'CreateOptions', apiVersion, fieldManager: 'me', fieldValidation: 'Strict' },
      { kind: 'UpdateOptions', apiVersion, fieldManager: 'you', dryRun: ['All'] },
      { kind: 'DeleteOptions', apiVersion, propagationPolicy: 'Background' },
    ]);
  });

  it('that answer with patches have failed', async () => {
    await register('Validating', hook('a.example.org'), hook('b.example.org', { failurePolicy: 'Ignore' }));
    answers.set('https://b.example.org/', () => patch({ op: 'add', path: '/data', value: {} }));
    expect((await create()).status).toBe(201);
    answers.set('https://a.example.org/', () => patch({ op: 'add', path: '/data', value: {} }));
    expect((await create({}, '', { name: 'd' })).json.message).toBe(
      'Internal error occurred: failed calling webhook "a.example.org": received invalid webhook response: validating webhook may not return response.patch',
    );
  });

  it('with side effects are not asked in dry runs', async () => {
    await register('Validating', hook('a.example.org', { sideEffects: 'NoneOnDryRun' }));
    expect((await create({}, '?dryRun=All')).status).toBe(201);
    expect(seen[0]?.request['dryRun']).toBe(true);
  });
});

describe('mutating webhooks', () => {
  it('change what is written, each seeing what those before it did', async () => {
    await register('Mutating', hook('a.example.org'), hook('b.example.org'));
    answers.set('https://a.example.org/', () => patch({ op: 'add', path: '/data/a', value: '1' }));
    answers.set('https://b.example.org/', ({ request }) =>
      patch(
        { op: 'add', path: '/data/saw', value: Object.keys(request.object?.data ?? {}).join() },
        { op: 'add', path: '/metadata/labels', value: { by: 'b' } },
      ),
    );
    const { json, status } = await create({ own: '0' });
    expect(status).toBe(201);
    expect(json).toMatchObject({
      metadata: { name: 'c', labels: { by: 'b' } },
      data: { own: '0', a: '1', saw: 'own,a' },
    });
    const read = await server.call('GET', `${path}/c`);
    expect(read.json).toMatchObject({ data: { a: '1' } });
  });

  it('are asked again where others changed the object after them', async () => {
    await register(
      'Mutating',
      hook('a.example.org', { reinvocationPolicy: 'IfNeeded' }),
      hook('b.example.org'),
    );
    answers.set('https://b.example.org/', () => patch({ op: 'add', path: '/data/b', value: '1' }));
    await create({ own: '0' });
    expect(seen).toHaveLength(3);
  });

  it('are asked again where other plugins changed the object after them, and once more alone', async () => {
    await server.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    });
    const pods = [{ ...rules[0], operations: ['CREATE'], resources: ['pods'] }];
    await register('Mutating', hook('a.example.org', { rules: pods, reinvocationPolicy: 'IfNeeded' }));
    answers.set('https://a.example.org/', ({ request }) => {
      const { spec } = request.object as unknown as {
        spec: { initContainers?: { volumeMounts?: object[] }[] };
      };
      return spec.initContainers === undefined
        ? patch({ op: 'add', path: '/spec/initContainers', value: [{ name: 'side', image: 'i' }] })
        : patch({
            op: 'add',
            path: '/metadata/annotations',
            value: { mounts: String(spec.initContainers[0]?.volumeMounts?.length) },
          });
    });
    const { json, status } = await server.call('POST', '/api/v1/namespaces/default/pods', {
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      },
    });
    expect(status, json.message).toBe(201);
    expect(json.metadata.annotations).toEqual({ mounts: '1' });
    expect(seen).toHaveLength(2);
  });

  it('do not change what is deleted, nor what the server says of objects', async () => {
    await register('Mutating', hook('a.example.org', { rules: [{ ...rules[0], resources: ['*'] }] }));
    answers.set('https://a.example.org/', () =>
      patch({ op: 'add', path: '/status', value: { phase: 'Terminating' } }),
    );
    const { json } = await server.call('POST', '/api/v1/namespaces', {
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
    });
    expect(json.status).toEqual({ phase: 'Active' });
    const gone = await server.call('DELETE', '/api/v1/namespaces/n');
    expect([gone.status, gone.json.message]).toEqual([
      500,
      'Internal error occurred: admission webhook "a.example.org" attempted to modify the object, which is not supported for this operation',
    ]);
  });

  it('do not make objects invalid, nor crash the server with nonsense', async () => {
    await register('Mutating', hook('a.example.org'));
    answers.set('https://a.example.org/', () => patch({ op: 'add', path: '/data', value: { '../x': '1' } }));
    expect((await create()).status).toBe(422);
    answers.set('https://a.example.org/', () => ({ allowed: true, patchType: 'JSONPatch', patch: '%%' }));
    expect((await create()).status).toBe(500);
    answers.set('https://a.example.org/', () => ({ uid: 'another', allowed: true }));
    expect((await create()).json.message).toContain('expected response.uid=');
  });
});
