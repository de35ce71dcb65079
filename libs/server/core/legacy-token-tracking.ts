import {
  formatTime,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeObject,
} from '@drydock/base/apimachinery';
import type { Clock, Timer } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import type { WatchCache } from '../watch-cache/index.ts';

const configMaps = { group: '', version: 'v1', resource: 'configmaps' };
const secrets = { group: '', version: 'v1', resource: 'secrets' };
const namespace = 'kube-system';
const name = 'kube-apiserver-legacy-service-account-token-tracking';
const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
/** Servers of which some note the use and some do not must not fight over what says so. */
const creationPauseMs = 30 * 60 * 1000;

export interface LegacyTokenTrackingDeps {
  readonly cache: WatchCache;
  /** Asked for when something is written. */
  readonly transport: () => Transport;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LegacyTokenTracking {
  /** A token out of this Secret was used: its label says when, by the day. */
  used(secret: KubeObject): void;
  /** Keeps the ConfigMap that says since when use is noted. Returns its end. */
  follow(): () => Promise<void>;
}

function isDate(text: string | undefined): boolean {
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** Notes the use of tokens that are kept in Secrets (KEP-2799), which the cleaner of such tokens goes by. */
export function createLegacyTokenTracking({
  cache,
  transport,
  clock,
  logger,
}: LegacyTokenTrackingDeps): LegacyTokenTracking {
  const today = (): string => formatTime(clock.now()).slice(0, 10);
  const writing = new Map<string, Promise<void>>();

  async function note({ metadata }: KubeObject, date: string): Promise<void> {
    const ref = { ...secrets, namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
    const body = { metadata: { uid: metadata.uid, labels: { [lastUsedLabel]: date } } };
    try {
      await transport().patch(ref, { type: 'merge', body }, {});
    } catch (err) {
      if (!isNotFound(err) && !isConflict(err))
        logger.warn('the use of a token could not be noted', { secret: ref.name, err });
    }
  }

  /** Creates or mends the ConfigMap. */
  async function write(): Promise<void> {
    const present = cache.peek(configMaps, `${namespace}/${name}`)?.object as
      | (KubeObject & { data?: Record<string, string> })
      | undefined;
    if (isDate(present?.data?.['since'])) return;
    const data = { ...present?.data, since: today() };
    const metadata = present?.metadata ?? { name, namespace };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as KubeObject;
    try {
      if (present === undefined) await transport().create({ ...configMaps, namespace }, object, {});
      else await transport().update({ ...configMaps, namespace, name }, object, {});
    } catch (err) {
      if (!isAlreadyExists(err) && !isNotFound(err) && !isConflict(err)) throw err;
    }
  }

  return {
    used(secret) {
      const { uid = '', labels } = secret.metadata;
      const date = today();
      if (labels?.[lastUsedLabel] === date || writing.has(uid)) return;
      writing.set(
        uid,
        note(secret, date).finally(() => writing.delete(uid)),
      );
    },
    follow() {
      let timer: Timer | undefined;
      let stopped = false;
      let running = Promise.resolve();
      const run = (): void => {
        timer = undefined;
        running = running.then(write).catch((err: unknown) => {
          logger.warn('the tracking of tokens could not be declared', { err });
          later(1_000);
        });
      };
      const later = (delayMs: number): void => {
        if (stopped) return;
        timer?.cancel();
        timer = clock.setTimeout(run, delayMs);
      };
      run();
      const unfollow = cache.onChange(configMaps, ({ current, previous }) => {
        const key = current?.key ?? previous?.key;
        if (key === `${namespace}/${name}`) later(current === undefined ? creationPauseMs : 0);
      });
      return async () => {
        stopped = true;
        timer?.cancel();
        unfollow();
        await running;
        await Promise.all(writing.values());
      };
    },
  };
}
