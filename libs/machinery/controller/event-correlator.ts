import type { Clock } from '@drydock/base/clock';
import type { KubeObject } from '@drydock/base/apimachinery';

/** Keys remembered by each of the correlator's parts; the least recently used goes first. */
const maxRemembered = 4096;
/** More than this many different messages of one kind within the window are told as one. */
const maxSimilar = 10;
const similarWindowMs = 10 * 60 * 1000;
/** An object may have this many events at once from one source, then one in five minutes. */
const spamBurst = 25;
const spamRefillMs = 300_000;

export interface Occurrence {
  readonly about: KubeObject;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly fieldPath: string;
}

export interface Correlated {
  /** Identity of the Event object; the same identity again raises its count. */
  readonly key: string;
  readonly message: string;
}

/**
 * Decides what becomes of an occurrence, as client-go's EventCorrelator does: undefined when the object has had too many
 * events, one combined event when many differ in nothing but the message, otherwise an event of its own.
 */
export interface EventCorrelator {
  correlate(occurrence: Occurrence): Correlated | undefined;
}

export function createEventCorrelator(clock: Clock): EventCorrelator {
  const spam = lru<{ tokens: number; atMs: number }>(maxRemembered);
  const similar = lru<{ messages: Set<string>; lastMs: number }>(maxRemembered);

  const allowed = (object: string): boolean => {
    const now = clock.monotonicMs();
    const bucket = spam.get(object) ?? { tokens: spamBurst, atMs: now };
    bucket.tokens = Math.min(spamBurst, bucket.tokens + (now - bucket.atMs) / spamRefillMs);
    bucket.atMs = now;
    spam.set(object, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };

  return {
    correlate({ about, type, reason, message, fieldPath }) {
      const { namespace = '', name = '', uid = '' } = about.metadata;
      const object = [about.kind, namespace, name, uid, about.apiVersion].join('\0');
      const kind = [object, fieldPath, type, reason].join('\0');
      const now = clock.monotonicMs();
      let record = similar.get(kind);
      if (!record || now - record.lastMs > similarWindowMs) record = { messages: new Set(), lastMs: now };
      record.messages.add(message);
      record.lastMs = now;
      const combine = record.messages.size >= maxSimilar;
      // The set need not grow beyond the point of decision.
      if (combine && record.messages.size > maxSimilar) record.messages.delete(message);
      similar.set(kind, record);
      const correlated = combine
        ? { key: kind, message: `(combined from similar events): ${message}` }
        : { key: `${kind}\0${message}`, message };
      return allowed(object) ? correlated : undefined;
    },
  };
}

export interface Lru<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

/** A map that forgets the least recently set key beyond `limit`. */
export function lru<V>(limit: number): Lru<V> {
  const map = new Map<string, V>();
  return {
    get: (key) => map.get(key),
    set(key, value) {
      map.delete(key);
      map.set(key, value);
      if (map.size > limit) map.delete(map.keys().next().value as string);
    },
    delete: (key) => void map.delete(key),
  };
}
