import { Lease } from '@drydock/api/coordination/v1';
import { Node, type Pod } from '@drydock/api/core/v1';
import {
  formatMicroTime,
  isAlreadyExists,
  isConflict,
  isNotFound,
  objectKey,
} from '@drydock/base/apimachinery';
import type { Clock, Timer } from '@drydock/base/clock';
import { createEventRecorder, type ControllerDeps } from '@drydock/machinery/controller';
import {
  addressAnnotation,
  advertisesOther,
  imagesAnnotation,
  nodeIp,
  nodeName,
  nodeObject,
  nodePodCidr,
  nodeStatus,
  type NodeShape,
} from '../nodes/index.ts';
import type { SharedDirectories } from '../containers/index.ts';
import { createIpPool, type IpPool } from './ip-pool.ts';
import { createNodeUsage, type NodeReading } from './node-usage.ts';
import type { Network } from './network.ts';
import type { ObjectReader } from './object-reader.ts';
import type { ServiceLoads } from './service-loads.ts';
import {
  claimOf,
  createImageStore,
  podPhase,
  rejectionOf,
  type Claim,
  type Rejection,
} from '../pods/index.ts';
import { createPodAgent, type PodAgent, type PodAgentOptions } from './pod-agent.ts';

export interface NodeAgentOptions {
  readonly index: number;
  readonly shape: NodeShape;
  readonly startDelayMs: number;
  readonly deps: ControllerDeps;
  readonly loads: ServiceLoads;
  readonly objects: ObjectReader;
  readonly network: Network;
  /** What persistent volumes hold. */
  readonly volumes: LazyDirectories;
  /** Whether it registers with a range for its Pods. */
  readonly ownPodCidr: boolean;
  /** Where API servers reach the process that keeps this node. */
  readonly address?: () => string;
}

/** One simulated node. */
export interface NodeAgent {
  readonly name: string;
  /** Registers the node, or takes its registration up again, and starts its heartbeat. */
  start(): Promise<void>;
  stop(): void;
  setPod(pod: Pod): void;
  /** The addresses that its Pods get from now on. */
  setPodCidrs(cidrs: readonly string[]): void;
  /** Its Node has changed: reports soon where others have advertised resources of it. */
  setNode(node: Node): void;
  removePod(pod: Pod): void;
  pod(key: string): PodAgent | undefined;
  pods(): Iterable<PodAgent>;
  /** What its containers use. */
  usage(nowMs: number): NodeReading;
}

const leaseSeconds = 40;
const renewMs = 10_000;
const statusMs = 300_000;
/** How soon resources that others advertise are taken up. */
const adoptMs = 1_000;
const leaseNamespace = 'kube-node-lease';
/** Where Pods look names up, as kubeadm's clusters have it. */
const clusterDns = '10.96.0.10';

/** The insides of containers are loaded when the first is looked into: a cluster should start without them. */
export const loadContainers = () => import('../containers/index.ts');

/** Directories of simulated disks, made when the first of them is looked into. */
export type LazyDirectories = () => Promise<SharedDirectories>;

export function createLazyDirectories(clock: Clock): LazyDirectories {
  let made: Promise<SharedDirectories> | undefined;
  return () =>
    (made ??= loadContainers().then(({ createSharedDirectories }) =>
      createSharedDirectories(() => clock.now()),
    ));
}

/** Before a node has a range. */
const noAddresses: IpPool = { take: () => undefined, reserve: () => false, release: () => undefined };

export function createNodeAgent({
  index,
  shape,
  startDelayMs,
  deps,
  loads,
  objects,
  network,
  volumes,
  ownPodCidr,
  address,
}: NodeAgentOptions): NodeAgent {
  const { client, clock, random, logger } = deps;
  const name = nodeName(index);
  const hostIp = nodeIp(index);
  const agents = new Map<string, PodAgent>();
  const recorder = createEventRecorder(client, 'kubelet', deps, { host: name });
  const usage = createNodeUsage(
    loads,
    clock.now(),
    { memory: shape.memoryGi * 2 ** 30, disk: shape.ephemeralStorageGi * 2 ** 30 },
    (pod, message) => recorder.event(pod, 'Warning', 'InvalidUsage', message),
  );
  const nodes = client.resource(Node);
  const leases = client.resource(Lease).namespace(leaseNamespace);
  const directories = createLazyDirectories(clock);
  let ips: IpPool = ownPodCidr ? createIpPool(nodePodCidr(index)) : noAddresses;
  /** Pods that came before there were addresses for them. */
  const waiting = new Map<string, Pod>();
  let range: string | undefined;
  let timer: Timer | undefined;
  let running = false;
  let statusDueMs = 0;
  let nodeUid: string | undefined;
  /** The Node as last seen. */
  let self: Node | undefined;
  const images = createImageStore();
  /** What the Pods of this node take of it. */
  const claims = new Map<string, { readonly generation: number | undefined; readonly claim: Claim }>();
  /** Pods whose node is looked at once more before they are refused. */
  const doubted = new Map<string, Pod>();

  const openSandbox: PodAgentOptions['openSandbox'] = async (runtime, onExit) => {
    const { createPodSandbox } = await loadContainers();
    const nodeDirectories = await directories();
    const own = network.of(runtime.pod, () => runtime.ip ?? '');
    const world = { clusterDns, network: own, client, clock, random };
    return createPodSandbox({ runtime, hostIp, nodeDirectories, volumes: await volumes(), ...world, onExit });
  };

  /** Pods with an address in the range take it; IPv4 is simulated, so that range counts where there are two. */
  function useRange(cidrs: readonly string[]): void {
    const cidr = cidrs.find((one) => !one.includes(':'));
    if (cidr === undefined || cidr === range) return;
    range = cidr;
    ips = createIpPool(cidr);
    const came = [...waiting.values()];
    waiting.clear();
    came.forEach(setPod);
  }

  function sawSelf(node: Node): void {
    self = node;
    for (const image of (node.metadata.annotations?.[imagesAnnotation] ?? '').split(','))
      if (image.trim() !== '') images.add(image.trim());
  }

  function claimed(key: string, pod: Pod): Claim {
    const { generation } = pod.metadata;
    const known = claims.get(key);
    if (known !== undefined && known.generation === generation) return known.claim;
    const claim = claimOf(pod);
    claims.set(key, { generation, claim });
    return claim;
  }

  /** Whether the node takes a Pod that it has not begun with. */
  function rejection(key: string, pod: Pod) {
    if (
      self === undefined ||
      pod.status?.startTime !== undefined ||
      pod.metadata.deletionTimestamp !== undefined
    )
      return undefined;
    const others: Claim[] = [];
    for (const [other, { runtime }] of agents) {
      if (other === key) continue;
      const phase = podPhase(runtime);
      if (phase !== 'Succeeded' && phase !== 'Failed') others.push(claimed(other, runtime.pod));
    }
    return rejectionOf(pod, self, claimed(key, pod), others);
  }

  function setPod(pod: Pod): void {
    const key = objectKey(pod);
    const present = agents.get(key);
    if (present !== undefined && present.runtime.uid === pod.metadata.uid) {
      present.update(pod);
      return;
    }
    // Without addresses there is no sandbox: the network is not ready.
    if (ips === noAddresses && pod.spec?.hostNetwork !== true && !pod.status?.podIP) {
      waiting.set(key, pod);
      return;
    }
    if (doubted.has(key)) {
      doubted.set(key, pod);
      return;
    }
    present?.close();
    agents.delete(key);
    claims.delete(key);
    const refused = rejection(key, pod);
    // What the Pod was bound by may be newer than what was seen of the Node.
    if (refused === undefined) run(key, pod, undefined);
    else void lookAgain(key, pod);
  }

  function run(key: string, pod: Pod, refused: Rejection | undefined): void {
    const options = { pod, hostIp, ips, startDelayMs, recorder, images, objects, openSandbox, deps };
    const own = network.of(pod, () => agents.get(key)?.runtime.ip ?? hostIp);
    agents.set(key, createPodAgent({ ...options, network: own, rejection: refused }));
  }

  async function lookAgain(key: string, pod: Pod): Promise<void> {
    doubted.set(key, pod);
    try {
      sawSelf(await nodes.get(name));
    } catch (err) {
      logger.warn('a node could not be read', { node: name, err });
    }
    const newest = doubted.get(key);
    doubted.delete(key);
    if (newest !== undefined) run(key, newest, rejection(key, newest));
  }

  async function register(): Promise<void> {
    let node: Node;
    try {
      const wanted = nodeObject(index, shape, clock.now());
      if (!ownPodCidr) delete wanted.spec;
      if (address !== undefined)
        wanted.metadata.annotations = { ...wanted.metadata.annotations, [addressAnnotation]: address() };
      node = await nodes.create(wanted);
      recorder.event(node, 'Normal', 'Starting', 'Starting kubelet.');
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      node = await reportStatus();
      const told = address?.();
      if (node.metadata.annotations?.[addressAnnotation] !== told)
        node = await nodes.patch(name, {
          type: 'merge',
          body: { metadata: { annotations: { [addressAnnotation]: told ?? null } } },
        });
    }
    nodeUid = node.metadata.uid;
    sawSelf(node);
    // The Pods keep the addresses of the range that the node was first given.
    if (node.spec?.podCIDR) useRange(node.spec.podCIDRs ?? [node.spec.podCIDR]);
    else if (!ownPodCidr) ips = noAddresses;
    statusDueMs = clock.now() + statusMs;
  }

  async function reportStatus(): Promise<Node> {
    const present = await nodes.get(name);
    return nodes.patch(
      name,
      { type: 'strategic', body: { status: nodeStatus(index, shape, present, clock.now()) } },
      { subresource: 'status' },
    );
  }

  async function renew(): Promise<void> {
    const renewTime = formatMicroTime(clock.now());
    try {
      await leases.patch(name, { type: 'merge', body: { spec: { renewTime } } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await leases.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          name,
          namespace: leaseNamespace,
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: nodeUid ?? '' }],
        },
        spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
      });
    }
  }

  function schedule(inMs: number): void {
    timer?.cancel();
    timer = clock.setTimeout(() => void beat(), inMs);
  }

  async function beat(): Promise<void> {
    timer = undefined;
    try {
      if (clock.now() >= statusDueMs) {
        await reportStatus();
        statusDueMs = clock.now() + statusMs;
      }
      await renew();
    } catch (error) {
      // Somebody deleted the node while its kubelet runs: it registers again, as a kubelet does on restart.
      if (running && isNotFound(error))
        await register().catch((err: unknown) => logger.warn('registration failed', { node: name, err }));
      else if (running && !isConflict(error)) logger.warn('heartbeat failed', { node: name, err: error });
    }
    if (running) schedule(clock.now() >= statusDueMs ? adoptMs : renewMs);
  }

  return {
    name,
    async start() {
      running = true;
      timer?.cancel();
      await register();
      await renew();
      // Spread over the period, so that many nodes do not beat at once.
      schedule(random.int(renewMs));
    },
    stop() {
      running = false;
      timer?.cancel();
      for (const agent of agents.values()) agent.close();
      agents.clear();
      claims.clear();
      doubted.clear();
    },
    setPodCidrs: useRange,
    setNode(node) {
      sawSelf(node);
      if (!running || !advertisesOther(node)) return;
      statusDueMs = clock.now();
      // A heartbeat under way sets the next one itself.
      if (timer !== undefined) schedule(adoptMs);
    },
    setPod,
    removePod(pod) {
      const key = objectKey(pod);
      waiting.delete(key);
      if (doubted.get(key)?.metadata.uid === pod.metadata.uid) doubted.delete(key);
      const present = agents.get(key);
      if (present === undefined || present.runtime.uid !== pod.metadata.uid) return;
      present.close();
      agents.delete(key);
      claims.delete(key);
    },
    pod: (key) => agents.get(key),
    pods: () => agents.values(),
    usage: (nowMs) => usage.read(agents.values(), nowMs),
  };
}
