import type { Clock } from '@drydock/base/clock';
import { unschedulable, type Status } from '../framework/index.ts';

/** A Pod that permit plugins hold back on its way to a node. */
export interface WaitingPod {
  readonly key: string;
  readonly nodeName: string;
  pendingPlugins(): string[];
  /** One plugin is satisfied; the Pod goes on when all are. */
  allow(plugin: string): void;
  reject(plugin: string, message: string): void;
}

/** Pods that wait for a permit, by `namespace/name`. */
export interface WaitingPods {
  get(key: string): WaitingPod | undefined;
  list(): WaitingPod[];
  /** Resolves with undefined when all plugins allow the Pod, else with the refusal. */
  wait(key: string, nodeName: string, timeouts: ReadonlyMap<string, number>): Promise<Status | undefined>;
}

const longestMs = 15 * 60_000;

export function createWaitingPods(clock: Clock): WaitingPods {
  const waiting = new Map<string, WaitingPod>();
  return {
    get: (key) => waiting.get(key),
    list: () => [...waiting.values()],
    wait(key, nodeName, timeouts) {
      return new Promise((resolve) => {
        const pending = new Map(
          [...timeouts].map(([plugin, timeoutMs]) => [
            plugin,
            clock.setTimeout(
              () =>
                pod.reject(
                  plugin,
                  `rejected due to timeout after waiting ${timeoutMs / 1000}s at plugin ${plugin}`,
                ),
              Math.min(timeoutMs, longestMs),
            ),
          ]),
        );
        const end = (status: Status | undefined) => {
          for (const timer of pending.values()) timer.cancel();
          if (waiting.get(key) === pod) waiting.delete(key);
          resolve(status);
        };
        const pod: WaitingPod = {
          key,
          nodeName,
          pendingPlugins: () => [...pending.keys()].sort(),
          allow(plugin) {
            pending.get(plugin)?.cancel();
            if (pending.delete(plugin) && pending.size === 0) end(undefined);
          },
          reject: (plugin, message) => end({ ...unschedulable(message), plugin }),
        };
        waiting.set(key, pod);
      });
    },
  };
}
