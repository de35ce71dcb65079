import { Agent, request as httpsRequest } from 'node:https';
import type { UpstreamOptions } from './upstream.ts';

export interface UpstreamPlace {
  readonly host: string;
  readonly port: number;
  /** What its certificate is checked against and `Host` says, where `host` is but one address of that name. */
  readonly serverName?: string;
}

export const placeName = ({ host, port }: UpstreamPlace): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** What `Host` says at a place. */
export const hostOf = ({ host, port, serverName }: UpstreamPlace): string =>
  placeName({ host: serverName ?? host, port });

export interface Prober {
  isSick(place: UpstreamPlace): boolean;
  /** Calls back each time that the place is found sick, with how often in a row it was. Returns the way to stop. */
  whenSick(place: UpstreamPlace, fallen: (times: number) => void): () => void;
  close(): void;
}

export type ProberOptions = Pick<UpstreamOptions, 'places' | 'tls'> & {
  readonly probe: NonNullable<UpstreamOptions['probe']>;
  readonly hostHeader: string | undefined;
};

/** Asks each of several places in turn whether it is well. A single one is not asked: there is no other to go to. */
export function createProber({ probe, places, tls, hostHeader }: ProberOptions): Prober {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...tls });
  /** How often in a row each was found sick. */
  const sick = new Map<string, number>();
  const asking = new Set<string>();
  const waiting = new Map<string, Set<(times: number) => void>>();

  function found(name: string, well: boolean): void {
    asking.delete(name);
    if (well) {
      sick.delete(name);
      return;
    }
    const times = (sick.get(name) ?? 0) + 1;
    sick.set(name, times);
    for (const fallen of [...(waiting.get(name) ?? [])]) fallen(times);
  }

  function ask(place: UpstreamPlace): void {
    const name = placeName(place);
    if (asking.has(name)) return;
    asking.add(name);
    const call = httpsRequest(
      {
        ...{ agent, host: place.host, port: place.port, path: probe.path },
        ...(place.serverName === undefined ? {} : { servername: place.serverName }),
        headers: { host: hostHeader ?? hostOf(place) },
      },
      (answer) => {
        answer.resume();
        answer.once('close', () => found(name, answer.complete && answer.statusCode === 200));
      },
    );
    call.setTimeout(probe.timeoutMs, () => call.destroy(new Error('no answer')));
    call.once('error', () => found(name, false));
    call.end();
  }

  const timer = setInterval(() => {
    const all = places();
    if (all.length > 1) all.forEach(ask);
  }, probe.everyMs).unref();

  return {
    isSick: (place) => sick.has(placeName(place)),
    whenSick(place, fallen) {
      const name = placeName(place);
      let callbacks = waiting.get(name);
      if (callbacks === undefined) waiting.set(name, (callbacks = new Set()));
      callbacks.add(fallen);
      return () => callbacks.delete(fallen);
    },
    close() {
      clearInterval(timer);
      agent.destroy();
    },
  };
}
