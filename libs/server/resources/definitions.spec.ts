import { afterEach, describe, expect, it } from 'vitest';
import { findKind, kinds, lookupSchema } from '@drydock/api/scheme';
import type { KubeObject } from '@drydock/base/apimachinery';
import { isInvalid } from '@drydock/base/apimachinery';
import type { TestServer } from '../registry/registry.spec-support.ts';
import { startRegistry } from '../registry/registry.spec-support.ts';
import { testContext, workload } from './common/definition.spec-support.ts';
import { allDefinitions } from './index.ts';

const context = { user: { name: 'alice', groups: ['staff'] } };
let server: TestServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(): Promise<TestServer> {
  server = await startRegistry({ definitions: allDefinitions });
  await server.registry.create(
    { group: '', version: 'v1', resource: 'namespaces' },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
    {},
    context,
  );
  return server;
}

describe('every definition', () => {
  it.each(
    allDefinitions.map(
      (definition) => [`${definition.group}/${definition.version} ${definition.kind}`, definition] as const,
    ),
  )('%s agrees with the schema', (_name, definition) => {
    const { group, version, kind, resource, namespaced, schema } = definition;
    expect(findKind(group, version, kind)).toEqual({ group, version, kind, resource, namespaced, schema });
    expect(lookupSchema(schema)).toBeDefined();
    expect(definition.columns?.[0]?.name ?? 'Name').toMatch(/^(Name|Last Seen)$/);
    const status = lookupSchema(schema)?.byJsonName.has('status') === true;
    if (definition.status === true) expect(status).toBe(true);
  });

  it('stands alone, and each stable kind of the schema has one', () => {
    const names = allDefinitions.map(({ group, version, resource }) => `${group}/${version}/${resource}`);
    expect(new Set(names).size).toBe(names.length);
    // Core has kinds that are no objects.
    const missing = kinds
      .filter(({ group, version }) => /^v\d+$/.test(version) && group !== '')
      .map(({ group, version, resource }) => `${group}/${version}/${resource}`)
      .filter((name) => !names.includes(name));
    expect(missing).toEqual([]);
  });

  it.each(
    allDefinitions
      .filter(({ virtualCreate, storedAs }) => virtualCreate === undefined && storedAs === undefined)
      .map(
        (definition) => [`${definition.group}/${definition.version} ${definition.kind}`, definition] as const,
      ),
  )('%s survives an object with nothing in it', (_name, definition) => {
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: definition.kind,
      metadata: { name: 'x', namespace: 'default' },
    };
    const { strategy } = definition;
    const use = testContext();
    strategy.defaults?.(object);
    strategy.prepareForCreate?.(object, use);
    expect(Array.isArray(strategy.validate?.(object, use) ?? [])).toBe(true);
    strategy.warnings?.(object, undefined);
    strategy.prepareForUpdate?.(object, structuredClone(object), use);
    strategy.validateUpdate?.(object, structuredClone(object), use);
    strategy.validateStatusUpdate?.(object, structuredClone(object), use);
    // And the bare object, as it may come from an older store.
    for (const column of definition.columns ?? []) {
      expect(column.cell(object, 0)).not.toBe(undefined);
      expect(column.cell({ metadata: {} }, 0)).not.toBe(undefined);
    }
  });
});

describe('a Job', () => {
  const ref = { group: 'batch', version: 'v1', resource: 'jobs', namespace: 'default' };
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] } };

  it('selects its own Pods by labels that it gives them', async () => {
    const { registry } = await start();
    const body = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { generateName: 'once-' },
      spec: { template },
    };
    const { object } = await registry.create(ref, body as unknown as KubeObject, {}, context);
    const { name, uid, labels } = object.metadata;
    const generated = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    };
    expect(labels).toEqual(generated);
    expect((object as { spec?: unknown }).spec).toMatchObject({
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: { metadata: { labels: generated } },
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
      suspend: false,
    });
  });
});

describe('an autoscaler', () => {
  it('is one object with two faces', async () => {
    const { registry } = await start();
    const face = {
      group: 'autoscaling',
      version: 'v1',
      resource: 'horizontalpodautoscalers',
      namespace: 'default',
    };
    const body = {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
      },
    };
    await registry.create(face, body as unknown as KubeObject, {}, context);
    const stored = await registry.get({ ...face, version: 'v2', name: 'web' }, {}, context);
    expect(stored.object).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: {
        minReplicas: 1,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    });
    const again = await registry.get({ ...face, name: 'web' }, {}, context);
    expect(again.object).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { targetCPUUtilizationPercentage: 50 },
    });
  });
});

describe('a Deployment', () => {
  it('counts changes of its spec and annotations, and nothing else', async () => {
    const { registry } = await start();
    const ref = { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'default', name: 'web' };
    const body = (change: object): KubeObject =>
      structuredClone({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: workload,
        ...change,
      }) as KubeObject;
    const write = async (change: object): Promise<number | undefined> =>
      (await registry.update(ref, body(change), {}, context)).stored.object.metadata.generation;
    expect((await registry.create(ref, body({}), {}, context)).object.metadata.generation).toBe(1);
    expect(await write({})).toBe(1);
    expect(await write({ metadata: { name: 'web', labels: { a: 'b' } } })).toBe(1);
    expect(await write({ metadata: { name: 'web', annotations: { a: 'b' } } })).toBe(2);
    expect(
      await write({ metadata: { name: 'web', annotations: { a: 'b' } }, spec: { ...workload, replicas: 2 } }),
    ).toBe(3);
  });

  it('is refused in the words of Kubernetes', async () => {
    const { registry } = await start();
    const ref = { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'default' };
    const spec = { ...workload, selector: { matchLabels: { app: 'b' } } };
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec };
    const refusal: unknown = await registry
      .create(ref, structuredClone(body) as unknown as KubeObject, {}, context)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(isInvalid(refusal)).toBe(true);
    expect((refusal as Error).message).toBe(
      'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    );
  });
});

describe('reviews', () => {
  it('say who asks and what they may do', async () => {
    const { registry } = await start();
    const whoami = await registry.create(
      { group: 'authentication.k8s.io', version: 'v1', resource: 'selfsubjectreviews' },
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} },
      {},
      context,
    );
    expect(whoami.object).toMatchObject({ status: { userInfo: { username: 'alice', groups: ['staff'] } } });
    const spec = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } };
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec,
    };
    const access = await registry.create(
      { group: 'authorization.k8s.io', version: 'v1', resource: 'selfsubjectaccessreviews' },
      review as unknown as KubeObject,
      {},
      context,
    );
    expect(access.object).toMatchObject({ status: { allowed: true } });
  });
});
