import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RestServer } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

const deployments = '/apis/apps/v1/namespaces/default/deployments';

let server: RestServer;
beforeAll(async () => {
  server = await startRest();
});
afterAll(() => server.stop());

const badJson = (name: string) => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "${name}", "labels": {"app": "web"}},
  "spec": {
    "odd": "a", "oddTwice": "a", "oddTwice": "b", "paused": true, "paused": false,
    "selector": {"matchLabels": {"app": "web"}},
    "template": {
      "metadata": {"labels": {"app": "web"}},
      "spec": {"containers": [{"name": "c", "image": "i", "oddInside": 1, "imagePullPolicy": "Always", "imagePullPolicy": "Never"}]}
    }
  }
}`;
const goodJson = (name: string) =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: { app: 'web' } },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'i', imagePullPolicy: 'Always' }] },
      },
    },
  });
const badYaml = (name: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels:
    app: web
spec:
  odd: a
  oddTwice: a
  oddTwice: b
  paused: true
  paused: false
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: c
        image: i
        oddInside: 1
        imagePullPolicy: Always
        imagePullPolicy: Never
`;

const jsonProblems = [
  'unknown field "spec.odd"',
  'unknown field "spec.oddTwice"',
  'duplicate field "spec.paused"',
  'unknown field "spec.template.spec.containers[0].oddInside"',
  'duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
];
const yamlRepeats = [
  'line 10: key "oddTwice" already set in map',
  'line 12: key "paused" already set in map',
  'line 26: key "imagePullPolicy" already set in map',
];
const sortedUnknown = [
  'unknown field "spec.odd"',
  'unknown field "spec.oddTwice"',
  'unknown field "spec.template.spec.containers[0].oddInside"',
];
const strictly = (problems: readonly string[]): string =>
  `Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ${problems.join(', ')}`;
const yamlStrictly = strictly([
  `yaml: unmarshal errors:\n${yamlRepeats.map((line) => `  ${line}`).join('\n')}`,
  ...sortedUnknown,
]);

describe('fieldValidation on create', () => {
  it.each([
    ['JSON', 'application/json', badJson, strictly(jsonProblems)],
    ['YAML', 'application/yaml', badYaml, yamlStrictly],
  ])('Strict refuses %s', async (_name, type, body, message) => {
    const answer = await server.call('POST', `${deployments}?fieldValidation=Strict`, {
      body: body('strict'),
      type,
    });
    expect(answer.json).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });

  it.each([
    ['Warn', '?fieldValidation=Warn'],
    ['the default', ''],
  ])('%s tells each problem in a Warning of its own', async (name, query) => {
    const suffix = name === 'Warn' ? 'warn' : 'default';
    const json = await server.call('POST', deployments + query, { body: badJson(`json-${suffix}`) });
    expect(json).toMatchObject({ status: 201, warnings: jsonProblems });
    const yaml = await server.call('POST', deployments + query, {
      body: badYaml(`yaml-${suffix}`),
      type: 'application/yaml',
    });
    expect(yaml).toMatchObject({ status: 201, warnings: [...yamlRepeats, ...sortedUnknown] });
    expect(yaml.json).toMatchObject({
      spec: { template: { spec: { containers: [{ imagePullPolicy: 'Never' }] } } },
    });
  });

  it('Ignore says nothing', async () => {
    const json = await server.call('POST', `${deployments}?fieldValidation=Ignore`, {
      body: badJson('ignored'),
    });
    expect(json).toMatchObject({ status: 201, warnings: [] });
    const yaml = await server.call('POST', `${deployments}?fieldValidation=Ignore`, {
      body: badYaml('ignored-yaml'),
      type: 'application/yaml',
    });
    expect(yaml).toMatchObject({ status: 201, warnings: [] });
  });

  it('knows no other value', async () => {
    const answer = await server.call('POST', `${deployments}?fieldValidation=Loose`, { body: goodJson('x') });
    expect(answer.json).toMatchObject({
      code: 422,
      message:
        'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Loose": supported values: "", "Ignore", "Strict", "Warn"',
    });
  });

  it('compares names with their case', async () => {
    const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"Data":{"a":"b"}}';
    const answer = await server.call('POST', '/api/v1/namespaces/default/configmaps?fieldValidation=Strict', {
      body,
    });
    expect(answer.json.message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "Data"',
    );
  });
});

it('warnings are told of requests that fail, too', async () => {
  const body = badJson('Not a name');
  const answer = await server.call('POST', deployments, { body });
  expect(answer).toMatchObject({ status: 422, warnings: jsonProblems });
});

describe('fieldValidation on update', () => {
  beforeAll(() => server.call('POST', deployments, { body: goodJson('put') }));

  it('Strict refuses, Warn warns, Ignore is silent', async () => {
    const put = (query: string, type = 'application/json', body = badJson('put')) =>
      server.call('PUT', `${deployments}/put${query}`, { body, type });
    expect((await put('?fieldValidation=Strict')).json).toMatchObject({
      code: 400,
      message: strictly(jsonProblems),
    });
    expect((await put('?fieldValidation=Strict', 'application/yaml', badYaml('put'))).json).toMatchObject({
      code: 400,
      message: yamlStrictly,
    });
    expect(await put('')).toMatchObject({ status: 200, warnings: jsonProblems });
    expect(await put('?fieldValidation=Ignore')).toMatchObject({ status: 200, warnings: [] });
  });
});

describe('fieldValidation on patch', () => {
  beforeAll(() => server.call('POST', deployments, { body: goodJson('patched') }));

  const merge = `{"spec": {"odd": "a", "oddTwice": "a", "oddTwice": "b", "paused": true, "paused": false,
    "template": {"spec": {"containers": [{"name": "c", "image": "i", "oddInside": 1, "imagePullPolicy": "Always", "imagePullPolicy": "Never"}]}}}}`;
  const mergeProblems = [
    'duplicate field "spec.oddTwice"',
    'duplicate field "spec.paused"',
    'duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
    ...sortedUnknown,
  ];
  const operations = `[
    {"op": "add", "path": "/spec/odd", "value": "a", "foo": "bar"},
    {"op": "add", "path": "/spec/skipped", "path": "/spec/odd2", "value": "b"},
    {"op": "add", "path": "/spec/oddTwice", "value": "a"},
    {"op": "add", "path": "/spec/oddTwice", "value": "b"}
  ]`;
  const operationProblems = [
    'json patch unknown field "[0].foo"',
    'json patch duplicate field "[1].path"',
    'unknown field "spec.odd"',
    'unknown field "spec.odd2"',
    'unknown field "spec.oddTwice"',
  ];

  it.each([
    ['merge', 'application/merge-patch+json', merge, mergeProblems],
    ['strategic merge', 'application/strategic-merge-patch+json', merge, mergeProblems],
    ['JSON', 'application/json-patch+json', operations, operationProblems],
  ])('of a %s patch', async (_name, type, body, problems) => {
    const patch = (query: string) => server.call('PATCH', `${deployments}/patched${query}`, { body, type });
    const refused = await patch('?fieldValidation=Strict');
    expect(refused.json).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: { causes: [{ reason: 'FieldValueInvalid', field: 'patch' }] },
    });
    expect(refused.json.message).toMatch(/^ "" is invalid: patch: Invalid value: "/);
    expect(refused.json.message?.endsWith(`: strict decoding error: ${problems.join(', ')}`)).toBe(true);
    expect(await patch('?fieldValidation=Warn')).toMatchObject({ status: 200, warnings: problems });
    expect(await patch('?fieldValidation=Ignore')).toMatchObject({ status: 200, warnings: [] });
  });
});

describe('fieldValidation on apply', () => {
  const apply = (name: string, query: string, body: string) =>
    server.call('PATCH', `${deployments}/${name}?fieldManager=m${query}`, {
      body,
      type: 'application/apply-patch+yaml',
    });
  const repeating = (name: string) => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  paused: false
  paused: true
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - name: c
        image: i
        imagePullPolicy: Always
        imagePullPolicy: Never
`;
  const lines = [
    'line 8: key "paused" already set in map',
    'line 17: key "imagePullPolicy" already set in map',
  ];

  it.each(['to make an object', 'to change one'])('of repeated keys %s', async (what) => {
    const name = what === 'to change one' ? 'applied-before' : 'applied-new';
    if (name === 'applied-before')
      await server.call('POST', deployments, { body: goodJson('applied-before') });
    const refused = await apply(name, '&fieldValidation=Strict&force=true', repeating(name));
    expect(refused.json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    });
    expect(await apply(name, '&force=true', repeating(name))).toMatchObject({ warnings: lines });
    const silent = await apply(name, '&fieldValidation=Ignore&force=true', repeating(name));
    expect(silent).toMatchObject({ status: 200, warnings: [] });
  });

  it('comes after conflicts', async () => {
    await server.call('POST', deployments, { body: goodJson('conflicting') });
    const refused = await apply('conflicting', '&fieldValidation=Strict', repeating('conflicting'));
    expect(refused.json).toMatchObject({ code: 409 });
  });
});

describe('bodies that do not fit their kind', () => {
  const cannot = 'Deployment in version "v1" cannot be handled as a Deployment: ';
  const create = (body: unknown, type?: string) =>
    server.call('POST', deployments, { body, ...(type === undefined ? {} : { type }) });

  it.each([
    [
      { spec: { replicas: 'two' } },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 3_000_000_000 } },
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: 'x' },
      'json: cannot unmarshal string into Go struct field Deployment.spec of type v1.DeploymentSpec',
    ],
    [
      { metadata: { labels: { a: 5 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { metadata: { creationTimestamp: 'soon' } },
      'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
    ],
    [{ metadata: { creationTimestamp: 5 } }, 'json: cannot unmarshal number into Go value of type string'],
    [
      { spec: { template: { spec: { containers: {} } } } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
    ],
    [
      { spec: { template: { spec: { containers: [{ resources: { limits: { cpu: 'much' } } }] } } } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      { spec: { strategy: { rollingUpdate: { maxSurge: true } } } },
      'json: cannot unmarshal bool into Go value of type int32',
    ],
  ])('%j', async (body, why) => {
    expect((await create({ apiVersion: 'apps/v1', kind: 'Deployment', ...body })).json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: cannot + why,
    });
  });

  it.each([
    ['{"apiVersion":"apps/v1"', 'unexpected end of JSON input ({"apiVersion":"apps/v1")'],
    ['{"kind":5}', 'json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5})'],
    ['nonsense', "invalid character 'o' in literal null (expecting 'u') (6e6f6e73656e7365)"],
    ['', 'unexpected end of JSON input (<empty>)'],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value (efbbbf7b7d)"],
  ])('that cannot be read: %s', async (text, why) => {
    expect((await create(text, 'application/json')).json).toMatchObject({
      code: 400,
      message: `the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: ${why}`,
    });
  });

  it('of other kinds and versions', async () => {
    const said = async (body: unknown) => (await create(body)).json.message;
    expect(await said({ apiVersion: 'v1', kind: 'Pod' })).toBe(
      'Pod in version "v1" cannot be handled as a Deployment: converting (v1.Pod) to (apps.Deployment): unknown conversion',
    );
    expect(await said({ apiVersion: 'apps/v1beta1', kind: 'Deployment' })).toBe(
      'Deployment in version "v1beta1" cannot be handled as a Deployment: no kind "Deployment" is registered for version "apps/v1beta1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    );
    expect(await said({ apiVersion: 'a/b/c', kind: 'Deployment' })).toBe(
      'the object provided is unrecognized (must be of type Deployment): unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c","kind":" ...)',
    );
  });

  it('of YAML that is none', async () => {
    const answer = await create('a: b: c', 'application/yaml');
    expect(answer.json.message).toBe(
      'the object provided is unrecognized (must be of type Deployment): error converting YAML to JSON: yaml: line 1: mapping values are not allowed in this context (613a20623a2063)',
    );
  });
});
