import { EndpointSlice } from '@drydock/api/discovery/v1';
import { Service, type Pod } from '@drydock/api/core/v1';
import { parseIp } from '@drydock/base/apimachinery';
import type { Clock, Random } from '@drydock/base/clock';
import type { Client } from '@drydock/machinery/client';
import { UnreachableError, type PodNetwork } from '../shell/index.ts';
import { loadContainers } from './node-agent.ts';
import type { PodAgent } from './pod-agent.ts';

export interface NetworkOptions {
  /** The Pods of this process: the others cannot be reached. */
  readonly pods: () => Iterable<PodAgent>;
  /** Whether an address is that of a node. */
  readonly isNode: (address: string) => boolean;
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
}

/** The network of simulated Pods. Nothing of it costs anything until a process in a container uses it. */
export interface Network {
  of(pod: Pod, ownIp: () => string): PodNetwork;
}

/** How long what was read of Services counts: a loop of requests must not become one of the API's. */
const memoryMs = 1_000;
/** What a request takes: a loop of them must leave time for others. */
const latencyMs = 5;
/** Clients that are remembered. */
const maxAffinities = 10_000;
/** Names that stand for names. */
const maxAliases = 8;
const clusterDomain = 'cluster.local';
const serviceLabel = 'kubernetes.io/service-name';

interface End {
  readonly address: string;
  readonly port: number;
}

interface Known {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

export function createNetwork({ pods, isNode, client, clock, random }: NetworkOptions): Network {
  let known: Promise<Known> | undefined;
  let readMs = Number.NEGATIVE_INFINITY;
  const affinities = new Map<string, { readonly address: string; readonly untilMs: number }>();

  async function read(): Promise<Known> {
    const [services, slices] = await Promise.all([
      client.resource(Service).list(),
      client.resource(EndpointSlice).list(),
    ]);
    return { services: services.items, slices: slices.items };
  }

  function look(): Promise<Known> {
    if (known === undefined || clock.now() - readMs >= memoryMs) {
      readMs = clock.now();
      known = read();
      known.catch(() => (known = undefined));
    }
    return known;
  }

  const slicesOf = ({ slices }: Known, { metadata }: Service) =>
    slices.filter(
      (slice) =>
        slice.metadata.namespace === metadata.namespace &&
        slice.metadata.labels?.[serviceLabel] === metadata.name,
    );

  function owner(address: string): PodAgent | undefined {
    for (const agent of pods()) {
      const running = agent.runtime.containers.some(({ state }) => state.kind === 'running');
      if (agent.runtime.ip === address && running) return agent;
    }
    return undefined;
  }

  /** A client of a Service with session affinity stays with its Pod while that is there, until it was silent for long. */
  function stay(service: Service, asker: string, any: End, ends: readonly End[]): End {
    const key = `${service.metadata.uid ?? ''} ${asker}`;
    const before = affinities.get(key);
    const nowMs = clock.now();
    const there = ends.find(({ address }) => address === before?.address);
    const chosen = there !== undefined && nowMs < (before?.untilMs ?? 0) ? there : any;
    const { timeoutSeconds = 10_800 } = service.spec?.sessionAffinityConfig?.clientIP ?? {};
    if (affinities.size >= maxAffinities) affinities.clear();
    affinities.set(key, { address: chosen.address, untilMs: nowMs + timeoutSeconds * 1000 });
    return chosen;
  }

  /** The Pods' side of a Service's port; undefined where the address is no Service's. */
  async function behind(asker: string, address: string, port: number): Promise<End | undefined> {
    const all = await look();
    const atNode = isNode(address);
    const portOf = ({ spec }: Service) =>
      spec?.ports?.find((one) => (atNode ? one.nodePort : one.port) === port);
    const service = all.services.find((one) =>
      atNode ? portOf(one) !== undefined : one.spec?.clusterIP === address,
    );
    if (service === undefined) return undefined;
    const wanted = portOf(service);
    if (wanted === undefined) throw new UnreachableError('timeout');
    const ends = slicesOf(all, service).flatMap((slice) => {
      const target = slice.ports?.find(({ name = '' }) => name === (wanted.name ?? ''))?.port;
      const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
      return target === undefined
        ? []
        : ready.flatMap(({ addresses }) => addresses.map((one) => ({ address: one, port: target })));
    });
    if (ends.length === 0) throw new UnreachableError('refused');
    const any = ends[random.int(ends.length)]!;
    return service.spec?.sessionAffinity === 'ClientIP' ? stay(service, asker, any, ends) : any;
  }

  async function reach(
    asker: string,
    address: string,
    port: number,
  ): Promise<{ agent: PodAgent; port: number }> {
    await clock.sleep(latencyMs);
    const end = (await behind(asker, address, port)) ?? { address, port };
    const agent = owner(end.address);
    if (agent === undefined) throw new UnreachableError(isNode(end.address) ? 'refused' : 'timeout');
    const { listeningPorts } = await loadContainers();
    if (!listeningPorts(agent.runtime.pod).has(end.port)) throw new UnreachableError('refused');
    return { agent, port: end.port };
  }

  /** What the cluster's DNS knows by a whole name. */
  async function lookUp(name: string, hops = 0): Promise<readonly string[]> {
    const [first = '', second = '', third = '', kind, ...rest] = name.split('.');
    const all = await look();
    const find = (service: string, namespace: string) =>
      all.services.find(({ metadata }) => metadata.name === service && metadata.namespace === namespace);
    const domain = (...parts: (string | undefined)[]) => parts.join('.') === `svc.${clusterDomain}`;
    if (domain(third, kind, ...rest)) {
      const service = find(first, second);
      const { clusterIP = '' } = service?.spec ?? {};
      if (service === undefined) return [];
      const { type, externalName = '' } = service.spec ?? {};
      if (type === 'ExternalName')
        return hops < maxAliases ? lookUp(externalName.replace(/\.$/, ''), hops + 1) : [];
      if (clusterIP !== 'None' && clusterIP !== '') return [clusterIP];
      return slicesOf(all, service).flatMap(({ endpoints }) =>
        (endpoints ?? [])
          .filter(({ conditions }) => conditions?.ready !== false)
          .flatMap(({ addresses }) => addresses),
      );
    }
    if (!domain(kind, ...rest)) return [];
    const service = find(second, third);
    return service === undefined
      ? []
      : slicesOf(all, service).flatMap(({ endpoints }) =>
          (endpoints ?? [])
            .filter(({ hostname }) => hostname === first)
            .flatMap(({ addresses }) => addresses),
        );
  }

  function of(pod: Pod, ownIp: () => string): PodNetwork {
    const local = (address: string) =>
      address.startsWith('127.') || address === '0.0.0.0' ? ownIp() : address;
    const { namespace = 'default' } = pod.metadata;
    const network: PodNetwork = {
      ownIp,
      async resolve(name) {
        if (parseIp(name) !== undefined) return [name];
        if (name === 'localhost') return ['127.0.0.1'];
        const whole = name.endsWith('.');
        const bare = name.replace(/\.$/, '');
        const searched = [
          '',
          `.${namespace}.svc.${clusterDomain}`,
          `.svc.${clusterDomain}`,
          `.${clusterDomain}`,
        ];
        for (const suffix of whole ? [''] : searched) {
          const found = await lookUp(`${bare}${suffix}`);
          if (found.length > 0) return found;
        }
        return [];
      },
      async connect(address, port) {
        await reach(ownIp(), local(address), port);
      },
      async request(address, port, request) {
        const { agent, port: at } = await reach(ownIp(), local(address), port);
        const { runtime } = agent;
        const { respond } = await loadContainers();
        const theirs = of(runtime.pod, () => runtime.ip ?? '');
        const answer = await respond({ runtime, port: at, client: ownIp(), network: theirs, clock }, request);
        agent.look();
        return answer;
      },
    };
    return network;
  }
  return { of };
}
