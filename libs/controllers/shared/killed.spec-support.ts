import { createSeededRandom } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import type { ControllerFactory } from '@drydock/machinery/controller';
import { createInformerFactory } from '@drydock/machinery/informer';
import type { ResourceRef, Transport } from '@drydock/port/transport';
import type { TestCluster } from './cluster.spec-support.ts';

const writes = new Set(['create', 'update', 'patch', 'delete', 'deleteCollection']);
const never = new Promise<never>(() => undefined);

export interface KilledLoop {
  /** Times that the loop was killed. */
  kills(): number;
  stop(): Promise<void>;
}

type Kill = 'before' | 'after' | undefined;

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
  return run(cluster, factory, (kills): Kill => {
    if (kills >= limit || random.next() >= chance) return undefined;
    return random.next() < 0.5 ? 'before' : 'after';
  });
}

/**
 * Runs a loop that is killed once, at its `write`th write (from 0); `kills` is 0 in the end if there were not so many. Events
 * are no writes here: they are told, and nothing rests on them.
 */
export function runKilledAt(
  cluster: TestCluster,
  factory: ControllerFactory,
  write: number,
  when: 'before' | 'after',
): KilledLoop {
  let writes = 0;
  return run(cluster, factory, (_kills, resource): Kill =>
    resource !== 'events' && writes++ === write ? when : undefined,
  );
}

function run(
  cluster: TestCluster,
  factory: ControllerFactory,
  decide: (kills: number, resource: string) => Kill,
): KilledLoop {
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
          const kill = writes.has(property) ? decide(kills, (args[0] as ResourceRef).resource) : undefined;
          if (kill === 'before') {
            die();
            return never;
          }
          const answer = await call();
          if (kill === 'after') die();
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
