import { badRequest, notFound } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import {
  ConnectionRefusedError,
  KubeletError,
  type BackendRequest,
  type BackendResponse,
  type ContainerSession,
  type KubeletConnector,
  type PodRef,
} from '@drydock/port/kubelet';
import type { ContainerRuntime } from '../pods/index.ts';
import { followLog } from './follow-log.ts';
import { loadContainers, type NodeAgent } from './node-agent.ts';
import type { Network } from './network.ts';
import { nodeServer } from './node-server.ts';
import type { PodAgent } from './pod-agent.ts';

export interface ConnectorOptions {
  agent(nodeName: string): NodeAgent | undefined;
  readonly network: Network;
  readonly clock: Clock;
}

/** What the API server asks of the simulated nodes. */
export function createConnector({ agent: nodeAgent, network, clock }: ConnectorOptions): KubeletConnector {
  function find(pod: PodRef): PodAgent | undefined {
    const agent = nodeAgent(pod.nodeName)?.pod(`${pod.namespace}/${pod.name}`);
    return agent?.runtime.uid === pod.uid ? agent : undefined;
  }

  function need(pod: PodRef): PodAgent {
    if (nodeAgent(pod.nodeName) === undefined)
      throw new KubeletError(`error dialing backend: dial tcp: lookup ${pod.nodeName}: no such host`);
    const agent = find(pod);
    if (agent === undefined) throw new KubeletError('pod does not exist', 404);
    return agent;
  }

  function running(pod: PodRef, name: string): { agent: PodAgent; container: ContainerRuntime } {
    const agent = need(pod);
    const container = agent.runtime.containers.find((one) => one.name === name);
    if (container?.state.kind !== 'running')
      throw new KubeletError(`container not found (${JSON.stringify(name)})`);
    return { agent, container };
  }

  function runningPod(pod: PodRef): PodAgent {
    const agent = need(pod);
    if (!agent.runtime.containers.some(({ state }) => state.kind === 'running'))
      throw new KubeletError(`pod not found (${JSON.stringify(pod.name)})`);
    return agent;
  }

  /** Clients from outside of the cluster come from its node. */
  async function ask(agent: PodAgent, port: number, request: BackendRequest): Promise<BackendResponse> {
    const { runtime, hostIp } = agent;
    const { respond } = await loadContainers();
    const own = network.of(runtime.pod, () => runtime.ip ?? '');
    const answer = await respond({ runtime, port, client: hostIp, network: own, clock }, request);
    agent.look();
    return answer;
  }

  /** A simulated container says what its log says, and takes no input. */
  function logSession(agent: PodAgent, container: ContainerRuntime): ContainerSession {
    return {
      async run(streams, signal) {
        const { stdin, stdout } = streams;
        void (async () => {
          while ((await stdin?.read()) !== undefined);
        })().catch(() => undefined);
        const options = { container: container.name, follow: true, tailLines: 0 };
        for await (const bytes of followLog(agent, container, options, signal, clock))
          await stdout?.write(bytes);
        return 0;
      },
    };
  }

  return {
    async *logs(pod, options, signal) {
      const agent = find(pod);
      if (agent === undefined) throw notFound({ group: '', resource: 'pods' }, pod.name);
      const container = agent.runtime.containers.find(({ name }) => name === options.container);
      if (container === undefined)
        throw badRequest(`container ${options.container} is not valid for pod ${pod.name}`);
      yield* followLog(agent, container, options, signal, clock);
    },
    async exec(pod, options) {
      const { agent, container } = running(pod, options.container);
      const session = await (await agent.sandbox()).exec(container, options);
      agent.look();
      return session;
    },
    async attach(pod, options) {
      const { agent, container } = running(pod, options.container);
      const session = await (await agent.sandbox()).attach(container, options);
      return session ?? logSession(agent, container);
    },
    async portForward(pod) {
      const agent = runningPod(pod);
      const { listeningPorts, serveConnection } = await loadContainers();
      return {
        async connect(port, channel, signal) {
          const current = agent.runtime.pod;
          if (!listeningPorts(current).has(port)) {
            throw new Error(
              `failed to execute portforward in network namespace "/var/run/netns/cni-${pod.uid}": failed to connect to localhost:${port} inside namespace "${pod.uid.replaceAll('-', '')}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found`,
            );
          }
          const close = () => channel.cancel();
          for (const one of [signal, agent.gone]) one.addEventListener('abort', close, { once: true });
          try {
            await serveConnection(channel, (request) => ask(agent, port, request));
          } finally {
            for (const one of [signal, agent.gone]) one.removeEventListener('abort', close);
          }
        },
      };
    },
    async request(pod, port, request) {
      const agent = runningPod(pod);
      const { listeningPorts } = await loadContainers();
      const current = agent.runtime.pod;
      if (!listeningPorts(current).has(port))
        throw new ConnectionRefusedError(`port ${port} refuses connections`);
      return ask(agent, port, request);
    },
    async nodeRequest(nodeName, request) {
      const agent = nodeAgent(nodeName);
      if (agent === undefined)
        throw new KubeletError(`error dialing backend: dial tcp: lookup ${nodeName}: no such host`);
      return nodeServer(agent, request, clock.now());
    },
  };
}
