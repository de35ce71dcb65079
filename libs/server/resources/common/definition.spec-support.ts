import { applyScalarDefaults } from '@drydock/api/defaulting';
import type { KubeObject } from '@drydock/base/apimachinery';
import { cloneJson, formatFieldError } from '@drydock/base/apimachinery';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import type { ResourceDefinition, StrategyContext } from '../../registry/types.ts';

/** When the objects of `sample` were created, and five minutes later. */
export const created = '2026-01-01T00:00:00Z';
export const now = Date.parse('2026-01-01T00:05:00Z');

/** A context that finds nothing but `known`, by `group/resource/key`. */
export function testContext(known: Readonly<Record<string, KubeObject>> = {}): StrategyContext {
  return {
    user: { name: 'alice', uid: 'u-1', groups: ['staff', 'system:authenticated'] },
    clock: createVirtualClock({ startMs: now }),
    random: createSeededRandom(1),
    dryRun: [],
    warn() {},
    items: () => [],
    lookup: (group, resource, key) => known[`${group}/${resource}/${key}`],
  };
}

/** An object of the definition's kind with its defaults, `fields` laid over metadata, kind and version. */
export function sample<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  fields: object,
  meta: object = {},
): T {
  const object = cloneJson({
    apiVersion: definition.group === '' ? definition.version : `${definition.group}/${definition.version}`,
    kind: definition.kind,
    metadata: {
      name: 'x',
      uid: 'uid-1',
      creationTimestamp: created,
      ...(definition.namespaced ? { namespace: 'default' } : {}),
      ...meta,
    },
    ...fields,
  }) as unknown as T;
  applyScalarDefaults(definition.schema, object);
  definition.strategy.defaults?.(object);
  return object;
}

/** What creation makes of it. */
export function createdForm<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  fields: object,
  meta: object = {},
): T {
  const object = sample(definition, fields, meta);
  definition.strategy.prepareForCreate?.(object, testContext());
  return object;
}

/** The messages with which creation is refused. */
export function createErrors<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  fields: object,
  meta: object = {},
): string[] {
  const object = createdForm(definition, fields, meta);
  return (definition.strategy.validate?.(object, testContext()) ?? []).map(formatFieldError);
}

/** The messages with which a change from `before` to `after` is refused. */
export function updateErrors<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  after: object,
  before: object,
  meta: object = {},
): string[] {
  const old = createdForm(definition, before, meta);
  const object = sample(definition, after, meta);
  definition.strategy.prepareForUpdate?.(object, old, testContext());
  return (definition.strategy.validateUpdate?.(object, old, testContext()) ?? []).map(formatFieldError);
}

/** The messages with which a write to the status is refused. */
export function statusErrors<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  fields: object,
  status: object,
  before: object = {},
): string[] {
  const old = { ...sample(definition, fields), status: before } as unknown as T;
  const object = { ...sample(definition, fields), status } as unknown as T;
  return (definition.strategy.validateStatusUpdate?.(object, old, testContext()) ?? []).map(formatFieldError);
}

/** The header and the row of an object's table, wide columns included, as `NAME=cell` pairs. */
export function tableRow<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  object: T,
): Record<string, unknown> {
  return Object.fromEntries(
    (definition.columns ?? []).map((column) => [
      `${column.name}${(column.priority ?? 0) > 0 ? '+' : ''}`,
      column.cell(object, now),
    ]),
  );
}

/** A small Pod template with the label `app: a`. */
export const podTemplate = {
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'main', image: 'nginx:1.27' }] },
};

/** A spec that selects and makes the Pods of `podTemplate`. */
export const workload = { selector: { matchLabels: { app: 'a' } }, template: podTemplate };
