import { parseDuration } from '@drydock/base/apimachinery';
import type { ExtenderCaller, ExtenderTls } from '@drydock/port/scheduler-extender';
import type { ExtenderConfiguration, ExtenderTlsConfiguration } from '../config/index.ts';
import type { NodeInfo, PodInfo, PreemptionCandidate, Snapshot } from '../framework/index.ts';

/** What an extender says of nodes that passed the filters. */
export interface ExtenderVerdict {
  readonly nodes: readonly NodeInfo[];
  /** Node name → why not; evicting Pods may help. */
  readonly failed: ReadonlyMap<string, string>;
  readonly unresolvable: ReadonlyMap<string, string>;
}

/** A service that has a say in scheduling. Each call rejects when it fails, in kube-scheduler's words. */
export interface Extender {
  /** Its URL. */
  readonly name: string;
  /** Its errors do not fail the attempt. */
  readonly ignorable: boolean;
  isInterested(pod: PodInfo): boolean;
  filter?(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ExtenderVerdict>;
  /** What it adds to the score of each node. */
  prioritize?(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>>;
  /** The candidates that it agrees to, with the victims it wants. */
  preempt?(
    pod: PodInfo,
    candidates: readonly PreemptionCandidate[],
    snapshot: Snapshot,
  ): Promise<readonly PreemptionCandidate[]>;
  bind?(pod: PodInfo, nodeName: string): Promise<void>;
}

/** Extenders rate from 0 to 10, plugins from 0 to 100. */
const scale = 10;
const defaultTimeoutMs = 5_000;

type Json = Readonly<Record<string, unknown>>;

/** A field by its name in Kubernetes' types, whatever its case, as Go's decoder takes it. */
function field(value: unknown, name: string): unknown {
  const object = (value ?? {}) as Json;
  if (name in object) return object[name];
  const wanted = name.toLowerCase();
  return Object.entries(object).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textMap = (value: unknown) => new Map(Object.entries((value ?? {}) as Record<string, string>));

function failOn(answer: unknown): void {
  const error = field(answer, 'Error');
  if (typeof error === 'string' && error !== '') throw new Error(error);
}

function bytes(data: string | undefined): Uint8Array | undefined {
  return data ? Uint8Array.from(atob(data), (char) => char.charCodeAt(0)) : undefined;
}

function tlsOf(
  { insecure, serverName, caData, certData, keyData }: ExtenderTlsConfiguration,
  enableHttps: boolean,
): ExtenderTls {
  const [ca, cert, key] = [bytes(caData), bytes(certData), bytes(keyData)];
  return {
    // Without an authority to check against, HTTPS is not checked at all.
    insecure: insecure === true || (enableHttps && ca === undefined),
    ...(serverName ? { serverName } : {}),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}

export function createExtender(configuration: ExtenderConfiguration, caller: ExtenderCaller): Extender {
  const { urlPrefix, filterVerb, prioritizeVerb, preemptVerb, bindVerb, weight = 0 } = configuration;
  const { nodeCacheCapable = false, managedResources = [], ignorable = false, httpTimeout } = configuration;
  const { enableHTTPS = false, tlsConfig } = configuration;
  const managed = new Set(managedResources.map(({ name }) => name));
  const timeoutMs = (httpTimeout === undefined ? 0 : parseDuration(httpTimeout)) || defaultTimeoutMs;
  const tls = tlsConfig !== undefined || enableHTTPS ? tlsOf(tlsConfig ?? {}, enableHTTPS) : undefined;

  const post = (verb: string, body: unknown) =>
    caller.post(
      { url: `${urlPrefix.replace(/\/+$/, '')}/${verb}`, timeoutMs, ...(tls && { tls }) },
      verb,
      body,
    );

  const nodeArgs = ({ pod }: PodInfo, nodes: readonly NodeInfo[]) => ({
    Pod: pod,
    Nodes: nodeCacheCapable ? null : { metadata: {}, items: nodes.map(({ node }) => node) },
    NodeNames: nodeCacheCapable ? nodes.map(({ name }) => name) : null,
  });

  async function filter(verb: string, pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ExtenderVerdict> {
    const answer = await post(verb, nodeArgs(pod, nodes));
    failOn(answer);
    const byName = new Map(nodes.map((node) => [node.name, node]));
    const names = field(answer, 'NodeNames');
    const kept =
      nodeCacheCapable && Array.isArray(names)
        ? names
        : list(field(field(answer, 'Nodes'), 'items')).map((node) => field(field(node, 'metadata'), 'name'));
    return {
      nodes: kept.map((name) => {
        const node = byName.get(String(name));
        if (node !== undefined) return node;
        throw new Error(
          `extender ${JSON.stringify(urlPrefix)} claims a filtered node ${JSON.stringify(name)} which is not found in the input node list`,
        );
      }),
      failed: textMap(field(answer, 'FailedNodes')),
      unresolvable: textMap(field(answer, 'FailedAndUnresolvableNodes')),
    };
  }

  async function prioritize(verb: string, pod: PodInfo, nodes: readonly NodeInfo[]) {
    const answer = await post(verb, nodeArgs(pod, nodes));
    return new Map(
      list(answer).map((item) => [
        String(field(item, 'Host')),
        Number(field(item, 'Score') ?? 0) * weight * scale,
      ]),
    );
  }

  async function preempt(
    verb: string,
    pod: PodInfo,
    candidates: readonly PreemptionCandidate[],
    snapshot: Snapshot,
  ): Promise<PreemptionCandidate[]> {
    const victims = (of: (victim: PodInfo) => unknown) =>
      Object.fromEntries(
        candidates.map((candidate) => [
          candidate.node,
          { Pods: candidate.victims.map(of), NumPDBViolations: candidate.violations },
        ]),
      );
    const answer = await post(verb, {
      Pod: pod.pod,
      NodeNameToVictims: nodeCacheCapable ? null : victims((victim) => victim.pod),
      NodeNameToMetaVictims: nodeCacheCapable
        ? victims((victim) => ({ UID: victim.pod.metadata.uid }))
        : null,
    });
    return Object.entries((field(answer, 'NodeNameToMetaVictims') ?? {}) as Json).map(([name, meta]) => {
      const node = snapshot.node(name);
      if (node === undefined) throw new Error(`nodeinfo not found for node name ${JSON.stringify(name)}`);
      const here = [...node.pods.values()];
      return {
        node: name,
        violations: Number(field(meta, 'NumPDBViolations') ?? 0),
        victims: list(field(meta, 'Pods')).map((item) => {
          const uid = field(item, 'UID');
          const victim = here.find((other) => other.pod.metadata.uid === uid);
          if (victim !== undefined) return victim;
          throw new Error(
            `extender: ${urlPrefix} claims to preempt pod (UID: ${String(uid)}) on node: ${name}, but the pod is not found on that node`,
          );
        }),
      };
    });
  }

  async function bind(verb: string, { pod: { metadata } }: PodInfo, nodeName: string): Promise<void> {
    failOn(
      await post(verb, {
        PodName: metadata.name,
        PodNamespace: metadata.namespace,
        PodUID: metadata.uid,
        Node: nodeName,
      }),
    );
  }

  return {
    name: urlPrefix,
    ignorable,
    isInterested({ pod: { spec } }) {
      if (managed.size === 0) return true;
      return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(({ resources }) =>
        Object.keys({ ...resources?.requests, ...resources?.limits }).some((name) => managed.has(name)),
      );
    },
    ...(filterVerb && { filter: (pod, nodes) => filter(filterVerb, pod, nodes) }),
    ...(prioritizeVerb && { prioritize: (pod, nodes) => prioritize(prioritizeVerb, pod, nodes) }),
    ...(preemptVerb && {
      preempt: (pod, candidates, snapshot) => preempt(preemptVerb, pod, candidates, snapshot),
    }),
    ...(bindVerb && { bind: (pod, nodeName) => bind(bindVerb, pod, nodeName) }),
  };
}

/** The extenders of a configuration, those whose errors do not matter last, as kube-scheduler asks them. */
export function createExtenders(
  configurations: readonly ExtenderConfiguration[],
  caller: ExtenderCaller,
): Extender[] {
  const all = configurations.map((configuration) => createExtender(configuration, caller));
  return [...all.filter(({ ignorable }) => !ignorable), ...all.filter(({ ignorable }) => ignorable)];
}
