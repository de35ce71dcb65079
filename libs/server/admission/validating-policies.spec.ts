import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

let server: RestServer;
beforeEach(async () => {
  server = await startRest();
});
afterEach(() => server.stop());

const apiVersion = 'admissionregistration.k8s.io/v1';
const base = '/apis/admissionregistration.k8s.io/v1';
const rules = [
  { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
];
const policy = (spec: object) =>
  server.call('POST', `${base}/validatingadmissionpolicies`, {
    body: {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'small' },
      spec: { matchConstraints: { resourceRules: rules }, ...spec },
    },
  });
const bind = (spec: object = {}) =>
  server.call('POST', `${base}/validatingadmissionpolicybindings`, {
    body: {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'everywhere' },
      spec: { policyName: 'small', validationActions: ['Deny'], ...spec },
    },
  });
const create = (name: string, data: object, more: object = {}) =>
  server.call('POST', '/api/v1/namespaces/default/configmaps', {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data },
  });

describe('validating admission policies', () => {
  it('refuse what their expressions do not allow, in Kubernetes’ words', async () => {
    await policy({ validations: [{ expression: 'size(object.data) <= 1' }] });
    expect((await create('free', { a: '1', b: '2' })).status).toBe(201);
    await bind();
    expect((await create('a', { a: '1' })).status).toBe(201);
    const { status, json } = await create('b', { a: '1', b: '2' });
    const message =
      "ValidatingAdmissionPolicy 'small' with binding 'everywhere' denied request: failed expression: size(object.data) <= 1";
    expect([status, json.reason, json.message]).toEqual([
      422,
      'Invalid',
      `configmaps "b" is forbidden: ${message}`,
    ]);
    expect(json.details?.causes).toEqual([{ message }]);
  });

  it('warn instead, where they are bound so, with variables and messages of their own', async () => {
    await policy({
      variables: [
        { name: 'count', expression: 'size(object.data)' },
        { name: 'twice', expression: 'variables.count * 2' },
      ],
      validations: [
        {
          expression: 'variables.twice < 4',
          messageExpression: "'twice is ' + string(variables.twice)",
          reason: 'Forbidden',
        },
      ],
    });
    await bind({ validationActions: ['Warn', 'Audit'] });
    const { status, warnings } = await create('a', { a: '1', b: '2' });
    expect([status, warnings]).toEqual([
      201,
      ["Validation failed for ValidatingAdmissionPolicy 'small' with binding 'everywhere': twice is 4"],
    ]);
  });

  it('take parameters from objects, and say what to do where there are none', async () => {
    await create('limit', { max: '1' });
    await policy({
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'others', expression: "object.metadata.name != 'limit'" }],
      validations: [
        { expression: 'size(object.data) <= int(params.data.max)', reason: 'Forbidden', message: 'too much' },
      ],
    });
    await bind({ paramRef: { name: 'limit', namespace: 'default', parameterNotFoundAction: 'Deny' } });
    expect((await create('a', { a: '1' })).status).toBe(201);
    const refused = await create('b', { a: '1', b: '2' });
    expect([refused.status, refused.json.reason]).toEqual([403, 'Forbidden']);
    expect(refused.json.message).toContain('denied request: too much');
    await server.call('DELETE', '/api/v1/namespaces/default/configmaps/limit');
    expect((await create('c', {})).json.message).toContain('no params found for policy binding with `Deny`');
  });

  it('that cannot be evaluated refuse, unless failures are to be ignored', async () => {
    await policy({ validations: [{ expression: "object.data.missing == 'x'" }] });
    await bind();
    expect((await create('a', {})).json.message).toContain('resulted in error: no such key: missing');
    await server.call('PATCH', `${base}/validatingadmissionpolicies/small`, {
      type: 'application/merge-patch+json',
      body: { spec: { failurePolicy: 'Ignore' } },
    });
    expect((await create('a', {})).status).toBe(201);
  });

  it('know the request, the namespace and the object before', async () => {
    await policy({
      validations: [
        {
          expression:
            "request.operation == 'CREATE' || (oldObject.data == object.data && namespaceObject.metadata.name == 'default' && request.userInfo.username != '')",
        },
      ],
    });
    await bind();
    expect((await create('a', { a: '1' })).status).toBe(201);
    const change = (body: object) =>
      server.call('PATCH', '/api/v1/namespaces/default/configmaps/a', {
        type: 'application/merge-patch+json',
        body,
      });
    expect((await change({ metadata: { labels: { x: 'y' } } })).status).toBe(200);
    expect((await change({ data: { a: '2' } })).status).toBe(422);
  });

  it('whose expressions do not compile are not taken', async () => {
    const { status, json } = await policy({ validations: [{ expression: 'object.data +' }] });
    expect(status).toBe(422);
    expect(json.message).toContain(
      'spec.validations[0].expression: Invalid value: "object.data +": compilation failed: ',
    );
    expect((await policy({ validations: [{ expression: '1 + 1' }] })).json.message).toContain(
      'must evaluate to bool',
    );
  });
});
