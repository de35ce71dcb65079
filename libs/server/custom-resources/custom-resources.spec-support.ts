import { systemClock, systemRandom } from '@drydock/base/clock';
import { isNotFound, type KubeObject } from '@drydock/base/apimachinery';
import type { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import { silentLogger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import type { WebhookCaller } from '@drydock/port/webhook';
import { createMemoryStore } from '@drydock/store-memory';
import { createApiServerCore, systemUser } from '../core/index.ts';
import type { Registry } from '../registry/index.ts';
import { allDefinitions } from '../resources/index.ts';
import type { JsonSchema } from '../structural-schema/index.ts';

type Version = CustomResourceDefinition['spec']['versions'][number];

/** A definition of `widgets.example.com` with the schema of its spec. */
export function widgets(spec: JsonSchema, more: Partial<Version> = {}): CustomResourceDefinition {
  const schema: JsonSchema = {
    type: 'object',
    properties: { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  };
  return {
    kind: 'CustomResourceDefinition',
    apiVersion: 'apiextensions.k8s.io/v1',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more }],
    },
  } as unknown as CustomResourceDefinition;
}

/** An API server that custom resources can be tried on. */
export async function serve(options: { store?: Store; webhooks?: WebhookCaller } = {}) {
  const store = options.store ?? createMemoryStore();
  const core = createApiServerCore(
    {},
    {
      store,
      definitions: allDefinitions,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      ...(options.webhooks === undefined ? {} : { webhooks: options.webhooks }),
    },
  );
  await core.start();
  const { registry } = core;
  const warnings: string[] = [];
  const context = { user: systemUser, warn: (text: string) => void warnings.push(text) };
  const definitions = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };

  /** Waits until the definition is as asked; fails after a few seconds. */
  async function until(
    name: string,
    test: (crd: CustomResourceDefinition | undefined) => boolean,
  ): Promise<void> {
    const deadline = systemClock.now() + 5_000;
    for (;;) {
      let found: CustomResourceDefinition | undefined;
      try {
        found = (await registry.get({ ...definitions, name }, {}, context))
          .object as CustomResourceDefinition;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      if (test(found)) return;
      if (systemClock.now() > deadline)
        throw new Error(`${name} is not as awaited: ${JSON.stringify(found?.status)}`);
      await systemClock.sleep(2);
    }
  }

  const isTrue = (crd: CustomResourceDefinition | undefined, type: string): boolean =>
    crd?.status?.conditions?.some((one) => one.type === type && one.status === 'True') === true;

  return {
    store,
    core,
    registry,
    context,
    warnings,
    definitions,
    until,
    isTrue,
    ref: (version = 'v1', more: Partial<Parameters<Registry['get']>[0]> = {}) => ({
      group: 'example.com',
      version,
      resource: 'widgets',
      namespace: 'default',
      ...more,
    }),
    /** Creates a definition and waits until it is served. */
    async define(crd: CustomResourceDefinition): Promise<void> {
      await registry.create(definitions, structuredClone(crd) as KubeObject, {}, context);
      await until(crd.metadata.name ?? '', (one) => isTrue(one, 'Established'));
    },
    async create(spec: unknown, more: Record<string, unknown> = {}, version = 'v1'): Promise<KubeObject> {
      const body = {
        kind: 'Widget',
        apiVersion: `example.com/${version}`,
        metadata: { name: 'a' },
        spec: structuredClone(spec),
        ...more,
      };
      const ref = { group: 'example.com', version, resource: 'widgets', namespace: 'default' };
      const bytes = new TextEncoder().encode(JSON.stringify(body));
      return (await registry.create(ref, bytes, { fieldValidation: 'Ignore' }, context)).object;
    },
    stop: () => core.stop(),
  };
}

export type Served = Awaited<ReturnType<typeof serve>>;
