import { createSeededRandom } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import type { ControllerFactory } from '@drydock/machinery/controller';
import { createInformerFactory } from '@drydock/machinery/informer';
import type { Transport } from '@drydock/port/transport';
import type { TestCluster } from './cluster.spec-support.ts';

const writes = new Set(['create', 'update', 'patch', 'delete', 'deleteCollection']);
const never = new Promise<never>(() => undefined);

export interface KilledLoop {
  /** Times that the loop was killed. */
  kills(): number;
  stop(): Promise<void>;
}

/**
 * Runs a loop that is killed around its writes, now just before one, now just after: nothing of the killed one goes on,
 * and the next begins with nothing but what the API server holds.
 */
export function runKilled(
  cluster: TestCluster,
  factory: ControllerFactory,
  { seed, chance = 0.5, limit = 25 }: { seed: number; chance?: number; limit?: number },
): KilledLoop {
  const random = createSeededRandom(seed);
  let kills = 0;
  let stopLast: () => Promise<void> = () => Promise.resolve();
  let over = false;

  function begin(): void {
    let dead = false;
    const stopper = new AbortController();
    const die = () => {
      dead = true;
      kills++;
      stopper.abort(new Error('killed'));
      void informers.stop();
      if (!over) queueMicrotask(begin);
    };
    const transport = new Proxy(cluster.transport, {
      get(target, property: keyof Transport) {
        const method = target[property] as unknown;
        if (typeof method !== 'function' || property === 'watch') return method;
        return async (...args: unknown[]) => {
          if (dead) return never;
          const call = () => (method as (...given: unknown[]) => Promise<unknown>).apply(target, args);
          const dies = writes.has(property) && kills < limit && random.next() < chance;
          if (dies && random.next() < 0.5) {
            die();
            return never;
          }
          const answer = await call();
          if (dies) die();
          return dead ? never : answer;
        };
      },
    });
    const client = createClient(transport);
    const informers = createInformerFactory(client, { ...cluster.deps });
    informers.start();
    const running = factory({ ...cluster.deps, client, informers }).run(stopper.signal);
    stopLast = async () => {
      stopper.abort(new Error('stopped'));
      if (!dead) await running;
      await informers.stop();
    };
  }
  begin();

  return {
    kills: () => kills,
    async stop() {
      over = true;
      await stopLast();
    },
  };
}
