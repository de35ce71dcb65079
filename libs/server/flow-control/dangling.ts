import type { FlowSchema, FlowSchemaCondition } from '@drydock/api/flowcontrol/v1';
import { formatTime, type KubeObject } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import { createSerialWrites } from '../serial-writes/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import { flowSchemas } from './classifier.ts';
import { priorityLevels } from './limiter.ts';

const fieldManager = 'api-priority-and-fairness-config-consumer-v1';

export interface DanglingDeps {
  readonly cache: WatchCache;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is to be said of the schema's priority level; undefined when it is said already. */
function conditionOf(schema: FlowSchema, exists: boolean): Omit<FlowSchemaCondition, 'lastTransitionTime'> {
  const name = JSON.stringify(schema.spec?.priorityLevelConfiguration?.name ?? '');
  const about = `This FlowSchema references the PriorityLevelConfiguration object named ${name}`;
  return {
    type: 'Dangling',
    status: exists ? 'False' : 'True',
    reason: exists ? 'Found' : 'NotFound',
    message: `${about} ${exists ? 'and it exists' : 'but there is no such object'}`,
  };
}

/** Keeps the condition Dangling of each FlowSchema: is its priority level missing? Returns its end. */
export function followDangling({ cache, transport, clock, logger }: DanglingDeps): () => Promise<void> {
  let stopped = false;

  async function settle(name: string): Promise<void> {
    const schema = cache.peek(flowSchemas, name)?.object as FlowSchema | undefined;
    if (schema === undefined || stopped) return;
    const level = schema.spec?.priorityLevelConfiguration?.name ?? '';
    const wanted = conditionOf(schema, cache.peek(priorityLevels, level) !== undefined);
    const present = schema.status?.conditions?.find(({ type }) => type === wanted.type);
    const { status, reason, message } = wanted;
    if (present?.status === status && present?.reason === reason && present?.message === message) return;
    const condition = { ...wanted, lastTransitionTime: formatTime(clock.now()) };
    const body = {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name, uid: schema.metadata.uid },
      status: { conditions: [condition] },
    } as unknown as KubeObject;
    const ref = { ...flowSchemas, version: 'v1', name, subresource: 'status' };
    await transport.patch(ref, { type: 'apply', body }, { fieldManager, force: true });
  }

  const writes = createSerialWrites(settle, (name, err) =>
    logger.warn('the condition of a FlowSchema could not be written', { flowSchema: name, err }),
  );

  const all = () => {
    for (const { object } of cache.items(flowSchemas)) writes.enqueue(object.metadata.name ?? '');
  };
  all();
  const ends = [
    cache.onChange(flowSchemas, ({ current }) => {
      if (current !== undefined) writes.enqueue(current.object.metadata.name ?? '');
    }),
    // Only levels that come and go matter, not their settings.
    cache.onChange(priorityLevels, ({ current, previous }) => {
      if ((current === undefined) !== (previous === undefined)) all();
    }),
  ];
  return async () => {
    stopped = true;
    for (const end of ends) end();
    await writes.idle();
  };
}
