import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from '../../rest/rest.spec-support.ts';

let server: RestServer;
beforeAll(async () => {
  server = await startRest();
});
afterAll(() => server.stop());

const base = '/apis/admissionregistration.k8s.io/v1';
const apiVersion = 'admissionregistration.k8s.io/v1';
const rules = [
  { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
];
const patching = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });
const applying = (expression: string) => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
});

async function write(policy: object, binding: object = {}, name = 'p'): Promise<string> {
  const made = await server.call('POST', `${base}/mutatingadmissionpolicies`, {
    body: {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata: { name },
      spec: { matchConstraints: { resourceRules: rules }, reinvocationPolicy: 'Never', ...policy },
    },
  });
  if (made.status !== 201) return made.json.message ?? '';
  await server.call('POST', `${base}/mutatingadmissionpolicybindings`, {
    body: {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: `${name}-everywhere` },
      spec: { policyName: name, ...binding },
    },
  });
  return '';
}

async function removeAll(): Promise<void> {
  for (const resource of ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'])
    await server.call('DELETE', `${base}/${resource}`);
}

const deployment = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', ...metadata },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'a' } },
    ...spec,
    template: {
      metadata: { labels: { app: 'a' } },
      spec: { containers: [{ name: 'a', image: 'i' }] },
      ...(spec as { template?: object }).template,
    },
  },
});
const create = (object: object = deployment()) =>
  server.call('POST', '/apis/apps/v1/namespaces/default/deployments?dryRun=All', { body: object });
const template = (spec: object) => ({ template: { spec } });

interface Made {
  metadata: { labels?: object; annotations?: object };
  spec: {
    replicas: number;
    template: { spec: { containers: { name: string }[]; volumes?: { name: string }[] } };
  };
}

describe('mutations', () => {
  const containers = (made: Made): string[] => made.spec.template.spec.containers.map(({ name }) => name);
  const three = deployment(template({ containers: ['a', 'b', 'c'].map((name) => ({ name, image: 'i' })) }));
  const labelled = deployment({}, { labels: { x: '1', y: '1' } });
  const labels = (made: Made): unknown => made.metadata.labels;
  const replicas = (made: Made): number => made.spec.replicas;

  it.each<[string, object, (made: Made) => unknown, unknown, object?]>([
    [
      'nothing where the test does not hold',
      patching(
        '[JSONPatch{op: "test", path: "/spec/replicas", value: 100}, JSONPatch{op: "replace", path: "/spec/replicas", value: 3}]',
      ),
      replicas,
      1,
    ],
    [
      'all where the test holds',
      patching(
        '[JSONPatch{op: "test", path: "/spec/replicas", value: 1}, JSONPatch{op: "replace", path: "/spec/replicas", value: 3}]',
      ),
      replicas,
      3,
    ],
    [
      'a label less',
      patching('[JSONPatch{op: "remove", path: "/metadata/labels/y"}]'),
      labels,
      { x: '1' },
      labelled,
    ],
    [
      'a container less',
      patching('[JSONPatch{op: "remove", path: "/spec/template/spec/containers/1"}]'),
      containers,
      ['a', 'c'],
      three,
    ],
    [
      'a label copied, another moved',
      patching(
        '[JSONPatch{op: "copy", from: "/metadata/labels/x", path: "/metadata/labels/z"}, JSONPatch{op: "move", from: "/metadata/labels/y", path: "/metadata/labels/w"}]',
      ),
      labels,
      { x: '1', z: '1', w: '1' },
      labelled,
    ],
    [
      'labels where there were none',
      patching('[JSONPatch{op: "replace", path: "/metadata/labels", value: {"y": "2"}}]'),
      labels,
      { y: '2' },
    ],
    [
      'a key with a slash',
      patching(
        '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/a~b"), value: "1"}].filter(one, false) + [JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/a"), value: "1"}]',
      ),
      labels,
      { x: '1', y: '1', 'example.com/a': '1' },
      labelled,
    ],
    [
      'a container by its type',
      patching(
        '[JSONPatch{op: "add", path: "/spec/template/spec/containers/-", value: Object.spec.template.spec.containers{name: "x", image: "i", ports: [Object.spec.template.spec.containers.ports{containerPort: 8080}]}}]',
      ),
      containers,
      ['a', 'x'],
    ],
    [
      'what the fields of patches say',
      patching(
        `[JSONPatch{op: "add", path: "/metadata/labels", value: {
          "op": JSONPatch{op: "opValue"}.op, "value": string(JSONPatch{value: "valueValue"}.value),
          "unset": string(has(JSONPatch{}.path)), "same": string(JSONPatch{op: "a", value: 1} == JSONPatch{op: "a", value: 1}),
          "other": string(Object{field: "x"} == Object{field: "y"}), "kinds": string(dyn(Object{}) == dyn(Object.spec{}))}}]`,
      ),
      labels,
      { op: 'opValue', value: 'valueValue', unset: 'false', same: 'true', other: 'false', kinds: 'false' },
    ],
    [
      'a field by its sum',
      applying('Object{spec: Object.spec{replicas: object.spec.replicas + 100}}'),
      replicas,
      101,
    ],
    [
      'only what is there',
      applying('Object{?spec: optional.ofNonZeroValue(Object.spec{?replicas: Object{}.?replicas})}'),
      replicas,
      1,
    ],
    [
      'a volume more',
      applying(
        'Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{volumes: [Object.spec.template.spec.volumes{name: "y", emptyDir: Object.spec.template.spec.volumes.emptyDir{}}]}}}}',
      ),
      (made) => made.spec.template.spec.volumes?.map(({ name }) => name),
      ['x', 'y'],
      deployment(
        template({ containers: [{ name: 'a', image: 'i' }], volumes: [{ name: 'x', emptyDir: {} }] }),
      ),
    ],
    [
      'what the request and the sender’s rights say',
      patching(
        '[JSONPatch{op: "replace", path: "/spec/replicas", value: request.kind.kind == "Deployment" && authorizer.group("").resource("endpoints").check("create").allowed() ? 10 : 0}]',
      ),
      replicas,
      10,
    ],
  ])('make %s', async (_name, mutation, read, expected, object) => {
    expect(await write({ mutations: [mutation] })).toBe('');
    const { json, status } = await create(object);
    await removeAll();
    expect(status, json.message).toBe(201);
    expect(read(json as unknown as Made)).toEqual(expected);
  });

  it.each([
    [
      'a place that is none',
      patching('[JSONPatch{op: "replace", path: "/spec/template/spec/containers/-", value: {"name": "x"}}]'),
      'JSONPath: replace operation does not apply: doc is missing key: /spec/template/spec/containers/-: missing value',
    ],
    [
      'a type of another field',
      applying('Object{spec: Object.specx{replicas: 1}}'),
      'type mismatch: unexpected type name "Object.specx", expected "Object.spec", which matches field name path from root Object type',
    ],
    [
      'a field that is not declared',
      applying('Object{spec: Object.spec{replicasx: 1}}'),
      'error applying patch: failed to convert patch object to typed object: .spec.replicasx: field not declared in schema',
    ],
    [
      'part of what is atomic',
      applying('Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"l": "v"}}}}'),
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector',
    ],
    [
      'more than it may cost',
      patching(
        '[JSONPatch{op: "replace", path: "/spec/replicas", value: [0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(e, [0,1,2,3,4,5,6,7,8,9].all(f, "0123456789" == "0123456789")))))) ? 1 : 0}]',
      ),
      'operation cancelled: actual cost limit exceeded',
    ],
    [
      'what is not there',
      applying('Object{spec: Object.spec{replicas: object.spec.missing}}'),
      "expression 'Object{spec: Object.spec{replicas: object.spec.missing}}' resulted in error: no such key: missing",
    ],
  ])('that ask for %s refuse, unless failures are to be ignored', async (_name, mutation, message) => {
    expect(await write({ mutations: [mutation] })).toBe('');
    const { json, status } = await create();
    expect([status, json.reason]).toEqual([403, 'Invalid']);
    expect(json.message).toMatch(/^policy 'p' with binding 'p-everywhere' denied request: /);
    expect(json.message).toContain(message);
    expect(json.details?.causes).toEqual([{ message: json.message }]);
    await server.call('PATCH', `${base}/mutatingadmissionpolicies/p`, {
      type: 'application/merge-patch+json',
      body: { spec: { failurePolicy: 'Ignore' } },
    });
    const { status: ignored } = await create();
    await removeAll();
    expect(ignored).toBe(201);
  });

  it('by patches do not make fields that are unknown', async () => {
    await write({
      mutations: [
        patching(
          '[JSONPatch{op: "add", path: "/spec/template/spec/containers/-", value: Object.spec.template.spec.containers{name: "x", portsZ: 1}}]',
        ),
      ],
    });
    const { json, status } = await create();
    await removeAll();
    expect([status, json.message]).toEqual([
      500,
      'Internal error occurred: strict decoding error: unknown field "spec.template.spec.containers[1].portsZ"',
    ]);
  });
});

describe('mutating admission policies', () => {
  it('change one after the other, with variables and parameters, where their conditions hold', async () => {
    await server.call('POST', '/api/v1/namespaces/default/configmaps', {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by' }, data: { by: '5' } },
    });
    await write(
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConditions: [{ name: 'few', expression: 'object.spec.replicas < int(params.data.by) * 2' }],
        variables: [
          { name: 'by', expression: 'int(params.data.by)' },
          { name: 'more', expression: 'object.spec.replicas + variables.by' },
        ],
        mutations: [
          applying('Object{spec: Object.spec{replicas: variables.more}}'),
          patching('[JSONPatch{op: "replace", path: "/spec/replicas", value: variables.more}]'),
        ],
      },
      { paramRef: { name: 'by', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    );
    const few = await create();
    const many = await create(deployment({ replicas: 10 }));
    await server.call('DELETE', '/api/v1/namespaces/default/configmaps/by');
    const none = await create();
    await removeAll();
    expect((few.json as unknown as Made).spec.replicas).toBe(11);
    expect((many.json as unknown as Made).spec.replicas).toBe(10);
    expect([none.status, none.json.message]).toEqual([
      403,
      "policy 'p' with binding 'p-everywhere' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    ]);
  });

  it('are asked again where others changed the object after them, once', async () => {
    const label = (key: string, value: string) =>
      applying(`Object{metadata: Object.metadata{labels: {"${key}": ${value}}}}`);
    const seen = 'string(has(object.metadata.labels) && "late" in object.metadata.labels)';
    await write({ mutations: [label('saw', seen)], reinvocationPolicy: 'IfNeeded' }, {}, 'a');
    await write({ mutations: [label('only', seen)] }, {}, 'b');
    await write({ mutations: [label('late', '"yes"')] }, {}, 'c');
    const { json } = await create();
    await removeAll();
    expect(json.metadata.labels).toEqual({ saw: 'true', only: 'false', late: 'yes' });
  });

  it('see the Pods that other plugins furnished, which see what they made of them', async () => {
    await server.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    });
    const pods = [{ apiGroups: [''], apiVersions: ['*'], operations: ['CREATE'], resources: ['pods'] }];
    await write({
      matchConstraints: { resourceRules: pods },
      mutations: [
        applying(
          'Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: "side", image: "s", restartPolicy: "Always"}]}}',
        ),
      ],
    });
    const { json, status } = await server.call('POST', '/api/v1/namespaces/default/pods', {
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      },
    });
    await removeAll();
    expect(status, json.message).toBe(201);
    const { spec } = json as unknown as {
      spec: { initContainers: { volumeMounts?: object[]; terminationMessagePath: string }[] };
    };
    expect(spec.initContainers).toHaveLength(1);
    expect(spec.initContainers[0]?.volumeMounts).toHaveLength(1);
    expect(spec.initContainers[0]?.terminationMessagePath).toBe('/dev/termination-log');
  });

  it('change what is scaled', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    await server.call('POST', deployments, { body: deployment({}, { name: 's' }) });
    await write({
      matchConstraints: { resourceRules: [{ ...rules[0], resources: ['deployments/scale'] }] },
      matchConditions: [{ name: 'much', expression: 'object.spec.replicas > 5' }],
      mutations: [applying('Object{spec: Object.spec{replicas: 5}}')],
    });
    const scaled = await server.call('PATCH', `${deployments}/s/scale`, {
      type: 'application/merge-patch+json',
      body: { spec: { replicas: 50 } },
    });
    await removeAll();
    const { json } = await server.call('GET', `${deployments}/s`);
    expect(scaled.json).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    expect([(json as unknown as Made).spec.replicas, json.metadata.generation]).toEqual([5, 2]);
    await server.call('DELETE', `${deployments}/s`);
  });

  it('count a generation for what they change, and no more than may be changed', async () => {
    const made = await server.call('POST', '/apis/apps/v1/namespaces/default/deployments', {
      body: deployment(),
    });
    expect(made.status).toBe(201);
    await write({ mutations: [applying('Object{spec: Object.spec{replicas: 7}}')] });
    const changed = await server.call('PATCH', '/apis/apps/v1/namespaces/default/deployments/d', {
      type: 'application/merge-patch+json',
      body: { metadata: { labels: { a: 'b' } } },
    });
    await removeAll();
    expect((changed.json as unknown as Made).spec.replicas).toBe(7);
    expect(changed.json.metadata.generation).toBe(2);
    await server.call('DELETE', '/apis/apps/v1/namespaces/default/deployments/d');
  });

  it.each([
    [
      { mutations: [applying('"I am a teapot"')] },
      'spec.mutations[0].applyConfiguration.expression: Invalid value: "\\"I am a teapot\\"": must evaluate to Object but got string',
    ],
    [
      { mutations: [applying('Object.spec.metadata{}')] },
      'must evaluate to Object but got Object.spec.metadata',
    ],
    [{ mutations: [patching('[Object{}]')] }, 'must evaluate to list(JSONPatch) but got list(Object)'],
    [
      { mutations: [patching('[JSONPatch{op: 1}]')] },
      "ERROR: <input>:1:14: expected type of field 'op' is 'string' but provided type is 'int'",
    ],
    [{ mutations: [applying('Invalid{}')] }, "undeclared reference to 'Invalid' (in container '')"],
    [{ mutations: [applying('  ')] }, 'spec.mutations[0].applyConfiguration.expression: Required value'],
    [
      { mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }] },
      'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch, spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
    ],
    [{ mutations: [] }, 'spec.mutations: Required value: mutations must contain at least one item'],
    [
      {
        mutations: [applying('Object{}')],
        matchConstraints: { resourceRules: [{ ...rules[0], operations: ['DELETE'] }] },
      },
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ],
    [
      { mutations: [applying('Object{}')], variables: [{ name: 'a', expression: 'variables.b' }] },
      'spec.variables[0].expression: Invalid value: "variables.b": compilation failed: ERROR: <input>:1:10: undefined field \'b\'',
    ],
    [
      { mutations: [applying('Object{}')], matchConditions: [{ name: 'c', expression: 'params.x == 1' }] },
      "undeclared reference to 'params' (in container '')",
    ],
  ])('%j is not taken', async (spec, message) => {
    expect(await write(spec)).toContain(message);
  });
});
