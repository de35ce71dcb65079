import { ConfigMap, Secret } from '@drydock/api/core/v1';
import type { KubeObject, ResourceType } from '@drydock/base/apimachinery';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import { noMetrics, silentLogger } from '@drydock/port/observability';
import { describe, expect, it } from 'vitest';
import { createController, source } from './controller.ts';
import type { ControllerDeps } from './types.ts';

/** Informers of one object each that are in sync when they are told so. */
function createInformers() {
  const synced = new Map<string, () => void>();
  const informers = {
    informer(type: ResourceType) {
      const waiting = new Promise<void>((resolve) => synced.set(type.kind, resolve));
      return {
        waitForSync: () => waiting,
        addHandler({ added }: { added(object: KubeObject): void }) {
          added({ metadata: { name: type.kind } });
          return () => undefined;
        },
      };
    },
  };
  return { informers, sync: (kind: string) => synced.get(kind)?.() };
}

describe('the reconcile harness', () => {
  it('waits for what it looks up as for its sources', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const { informers, sync } = createInformers();
    const seen: string[] = [];
    const controller = createController(
      {
        name: 'test',
        sources: [source(ConfigMap, ({ metadata }) => [metadata.name ?? ''])],
        reads: [Secret],
        reconcile: (key) => Promise.resolve(void seen.push(key)),
      },
      {
        clock,
        informers,
        random: createSeededRandom(1),
        logger: silentLogger,
        metrics: noMetrics,
      } as unknown as ControllerDeps,
    );
    const stopper = new AbortController();
    const running = controller.run(stopper.signal);
    sync('ConfigMap');
    await clock.advance(1_000);
    expect(seen).toEqual([]);
    sync('Secret');
    await clock.advance(1_000);
    expect(seen).toEqual(['ConfigMap']);
    stopper.abort();
    await running;
  });
});
