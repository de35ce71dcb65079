import { objectKey, parseTime } from '@drydock/base/apimachinery';
import type { Pod, Service } from '@drydock/api/core/v1';
import { podCondition } from '../shared/index.ts';

/** Remembers what was seen of each Service, to tell when the change happened that its endpoints are written for. */
export interface TriggerTimes {
  /** RFC 3339 time of the earliest change since the last call; undefined when none is known. */
  since(service: Service, pods: readonly Pod[]): string | undefined;
  forget(key: string): void;
}

interface Seen {
  readonly service: string;
  readonly pods: ReadonlyMap<string, string>;
}

export function createTriggerTimes(): TriggerTimes {
  const seen = new Map<string, Seen>();
  return {
    since(service, pods) {
      const key = objectKey(service);
      const before = seen.get(key);
      const created = service.metadata.creationTimestamp ?? '';
      const times = new Map<string, string>();
      let earliest: string | undefined;
      const note = (time: string, known: string | undefined) => {
        if (time === '' || (known && parseTime(known) >= parseTime(time))) return;
        if (earliest === undefined || parseTime(time) < parseTime(earliest)) earliest = time;
      };
      for (const pod of pods) {
        const time = podCondition(pod, 'Ready')?.lastTransitionTime ?? '';
        const name = pod.metadata.name ?? '';
        if (time !== '') times.set(name, time);
        note(time, before?.pods.get(name));
      }
      note(created, before?.service);
      seen.set(key, { service: created, pods: times });
      return before ? earliest : created || undefined;
    },
    forget: (key) => void seen.delete(key),
  };
}
