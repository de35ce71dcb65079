import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from '../../rest/rest.spec-support.ts';

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
    expect((await create('a', { k: 'v' })).json.message).toContain('resulted in error: no such key: missing');
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

  it('ask the authorizer what the sender may do, and others', async () => {
    await policy({
      validations: [
        {
          expression:
            "authorizer.requestResource.check('create').allowed() && authorizer.serviceAccount('default', 'x').group('apps').resource('deployments').subresource('status').namespace('default').name('d').check('get').allowed()",
          message: 'who may?',
        },
      ],
    });
    await bind();
    expect((await create('a', {})).status).toBe(201);
    await server.stop();
    server = await startRest({ core: { authorizationMode: 'RBAC' } });
    await policy({
      variables: [
        { name: 'x', expression: "authorizer.serviceAccount('default', 'x').group('').resource('pods')" },
      ],
      validations: [
        { expression: "authorizer.group('').resource('pods').check('get').allowed()" },
        {
          expression: "variables.x.check('get').allowed()",
          messageExpression: "'not ' + object.metadata.name",
        },
      ],
    });
    await bind();
    expect((await create('b', {})).json.message).toContain('denied request: not b');
    const dear = "authorizer.group('').resource('pods').check('get').allowed()";
    await server.call('PATCH', `${base}/validatingadmissionpolicies/small`, {
      type: 'application/merge-patch+json',
      body: { spec: { validations: [{ expression: [dear, dear, dear].join(' && ') }] } },
    });
    expect((await create('c', {})).json.message).toContain(
      'resulted in error: operation cancelled: actual cost limit exceeded',
    );
  });

  it('whose parameters are of a kind that is not there refuse, until it is', async () => {
    const paramKind = { apiVersion: 'example.org/v1', kind: 'Limit' };
    await policy({ paramKind, validations: [{ expression: 'params.spec.max >= size(object.data)' }] });
    await bind({ paramRef: { selector: {}, parameterNotFoundAction: 'Allow' } });
    expect((await create('a', {})).json.message).toContain(
      "ValidatingAdmissionPolicy 'small' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.org/v1, Kind=Limit'",
    );
    await server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'limits.example.org' },
        spec: {
          group: 'example.org',
          names: { kind: 'Limit', plural: 'limits' },
          scope: 'Namespaced',
          versions: ['v1', 'v2'].map((name) => ({
            name,
            served: true,
            storage: name === 'v2',
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          })),
        },
      },
    });
    await expect.poll(async () => (await create('b', { a: '1' })).status).toBe(201);
    const limit = (name: string, max: number) =>
      server.call('POST', '/apis/example.org/v2/namespaces/default/limits', {
        body: { apiVersion: 'example.org/v2', kind: 'Limit', metadata: { name }, spec: { max } },
      });
    expect((await limit('two', 2)).status).toBe(201);
    expect((await create('c', { a: '1' })).status).toBe(201);
    await limit('none', 0);
    expect((await create('d', { a: '1' })).status).toBe(422);
  });

  it('are not asked for what is excluded, nor for what selectors leave out', async () => {
    await policy({
      matchConstraints: {
        resourceRules: [{ ...rules[0], resources: ['*'], operations: ['CREATE'] }],
        excludeResourceRules: [{ ...rules[0], resourceNames: ['free'], operations: ['*'] }],
        objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
      },
      validations: [{ expression: 'false' }],
    });
    await bind({
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } },
    });
    expect((await create('free', {})).status).toBe(201);
    expect((await create('skipped', {}, { labels: { skip: '' } })).status).toBe(201);
    expect((await create('held', {})).status).toBe(422);
    const elsewhere = await server.call('POST', '/api/v1/namespaces/kube-system/configmaps', {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held' } },
    });
    expect(elsewhere.status).toBe(201);
  });

  it('see what is scaled as a Scale', async () => {
    await policy({
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['apps'],
            apiVersions: ['v1'],
            operations: ['UPDATE'],
            resources: ['deployments/scale'],
          },
        ],
      },
      validations: [
        {
          expression:
            "request.kind.kind == 'Scale' && request.kind.group == 'autoscaling' && object.kind == 'Scale' && object.spec.replicas < oldObject.spec.replicas + 3",
          messageExpression: "string(oldObject.spec.replicas) + ' to ' + string(object.spec.replicas)",
        },
      ],
    });
    await bind();
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    await server.call('POST', deployments, {
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: {
            metadata: { labels: { a: 'b' } },
            spec: { containers: [{ name: 'c', image: 'i' }] },
          },
        },
      },
    });
    const scale = (replicas: number) =>
      server.call('PATCH', `${deployments}/d/scale`, {
        type: 'application/merge-patch+json',
        body: { spec: { replicas } },
      });
    expect((await scale(3)).status).toBe(200);
    expect((await scale(9)).json.message).toContain('denied request: 3 to 9');
  });

  it('that are about one version of a kind hold for the others, in that version', async () => {
    const targets = [
      { apiGroups: ['autoscaling'], apiVersions: ['v2'], operations: ['*'], resources: ['*'] },
    ];
    await policy({
      matchConstraints: { resourceRules: targets },
      validations: [
        {
          expression:
            "request.kind.version == 'v2' && object.apiVersion == 'autoscaling/v2' && object.spec.metrics[0].resource.target.averageUtilization > 20",
        },
      ],
    });
    await bind();
    const send = (percentage: number, name: string) =>
      server.call('POST', '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers', {
        body: {
          apiVersion: 'autoscaling/v1',
          kind: 'HorizontalPodAutoscaler',
          metadata: { name },
          spec: {
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
            maxReplicas: 3,
            targetCPUUtilizationPercentage: percentage,
          },
        },
      });
    expect((await send(50, 'a')).status).toBe(201);
    expect((await send(10, 'b')).status).toBe(422);
  });

  it('that cost too much in all fail as a whole', async () => {
    const expression = "['/a', '/b'].all(path, authorizer.path(path).check('get').allowed())";
    await policy({ validations: Array.from({ length: 15 }, () => ({ expression })) });
    await bind();
    expect((await create('a', {})).json.message).toContain(
      'denied request: validation failed due to running out of cost budget, no further validation rules will be run',
    );
  });

  it('whose annotations for the audit fail refuse, whatever their bindings do', async () => {
    await policy({
      auditAnnotations: [
        { key: 'size', valueExpression: "'size: ' + string(size(object.data))" },
        { key: 'none', valueExpression: 'null' },
      ],
    });
    await bind({ validationActions: ['Audit'] });
    expect((await create('a', { a: '1' })).status).toBe(201);
    expect((await create('b', { b: '2' })).status).toBe(201);
    const { status, json } = await server.call('POST', '/api/v1/namespaces/default/configmaps', {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } },
    });
    expect([status, json.message]).toEqual([
      422,
      `configmaps "c" is forbidden: ValidatingAdmissionPolicy 'small' with binding 'everywhere' denied request: expression ''size: ' + string(size(object.data))' resulted in error: no such key: data`,
    ]);
  });

  it.each([
    [{ validations: [{ expression: 'object.spec.on' }] }, 'must evaluate to bool but got dyn'],
    [
      { validations: [{ expression: 'true', messageExpression: '1' }] },
      'spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int',
    ],
    [
      {
        validations: [
          { expression: 'true', messageExpression: "authorizer.path('/').check('get').reason()" },
        ],
      },
      "undeclared reference to 'authorizer'",
    ],
    [
      { auditAnnotations: [{ key: 'k', valueExpression: 'true' }] },
      'spec.auditAnnotations[0].valueExpression: Invalid value: "true": must evaluate to one of [string null_type] but got bool',
    ],
    [
      { validations: [{ expression: 'request.kinds.kind == "Pod"' }] },
      "ERROR: <input>:1:8: undefined field 'kinds'",
    ],
    [
      { validations: [{ expression: 'true' }], variables: [{ name: 'for', expression: '1' }] },
      'spec.variables[0].name: Invalid value: "for": name is not a valid CEL identifier',
    ],
    [{ validations: [{ expression: 'variables.x' }] }, "undefined field 'x'"],
    [{ validations: [{ expression: 'Object{} == Object{}' }] }, "undeclared reference to 'Object'"],
  ])('%j is not taken', async (spec, message) => {
    const { status, json } = await policy(spec);
    expect(status).toBe(422);
    expect(json.message).toContain(message);
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

  it('tell in their status what the types of the objects say of their expressions', async () => {
    const deployments = [
      {
        apiGroups: ['apps'],
        apiVersions: ['v1'],
        operations: ['*'],
        resources: ['deployments', 'replicasets'],
      },
      { apiGroups: ['*'], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] },
    ];
    await policy({
      matchConstraints: { resourceRules: deployments },
      variables: [{ name: 'template', expression: 'object.spec.template' }],
      validations: [
        { expression: "object.spec.replicas > '1'", messageExpression: "'of ' + object.metadata.name" },
        { expression: 'object.spec.paused || true', messageExpression: 'string(variables.template.specs)' },
        { expression: 'object.metadata.creationTimestamp < timestamp("2020-01-01T00:00:00Z")' },
      ],
    });
    const read = async () =>
      (await server.call('GET', `${base}/validatingadmissionpolicies/small`)).json as unknown as {
        status?: { observedGeneration?: number; typeChecking?: object };
      };
    await expect.poll(async () => (await read()).status?.observedGeneration).toBe(1);
    const dots = (count: number): string => '.'.repeat(count);
    expect((await read()).status?.typeChecking).toEqual({
      expressionWarnings: [
        {
          fieldRef: 'spec.validations[0].expression',
          warning: ['Deployment', 'ReplicaSet']
            .map(
              (kind) =>
                `apps/v1, Kind=${kind}: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | ${dots(21)}^\n`,
            )
            .join('\n'),
        },
        {
          fieldRef: 'spec.validations[1].expression',
          warning: `apps/v1, Kind=ReplicaSet: ERROR: <input>:1:12: undefined field 'paused'\n | object.spec.paused || true\n | ${dots(11)}^\n`,
        },
        {
          fieldRef: 'spec.validations[1].messageExpression',
          warning: expect.stringContaining("undefined field 'specs'") as string,
        },
      ],
    });
    await server.call('PATCH', `${base}/validatingadmissionpolicies/small`, {
      type: 'application/merge-patch+json',
      body: { spec: { validations: [{ expression: 'object.spec.replicas > 1' }] } },
    });
    await expect.poll(async () => (await read()).status?.observedGeneration).toBe(2);
    expect((await read()).status?.typeChecking ?? {}).toEqual({});
  });
});
