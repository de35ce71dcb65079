import { formatTime } from '@drydock/base/apimachinery';
import type { BackendRequest, BackendResponse } from '@drydock/port/kubelet';
import type { NodeAgent } from './node-agent.ts';

const encoder = new TextEncoder();

function text(status: number, body: string): BackendResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: encoder.encode(body) };
}

function json(value: unknown): BackendResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: encoder.encode(JSON.stringify(value)),
  };
}

function summary(agent: NodeAgent, nowMs: number): unknown {
  const time = formatTime(nowMs);
  const pods = [...agent.pods()].map(({ runtime }) => ({
    podRef: {
      name: runtime.pod.metadata.name,
      namespace: runtime.pod.metadata.namespace,
      uid: runtime.uid,
    },
    startTime: formatTime(runtime.startedAtMs),
    containers: runtime.containers
      .filter(({ state }) => state.kind === 'running')
      .map(({ name, state }) => ({
        name,
        startTime: formatTime(state.kind === 'running' ? state.startedAtMs : nowMs),
      })),
  }));
  return { node: { nodeName: agent.name, startTime: time }, pods };
}

/** What a simulated kubelet's own HTTP server answers: its health, its Pods, who runs on it. */
export function nodeServer(agent: NodeAgent, request: BackendRequest, nowMs: number): BackendResponse {
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'method not allowed\n');
  switch (request.path.replace(/(.)\/+$/, '$1')) {
    case '/healthz':
    case '/healthz/ping':
    case '/healthz/syncloop':
      return text(200, 'ok');
    case '/pods':
    case '/runningpods': {
      const items = [...agent.pods()].map(({ runtime }) => runtime.pod);
      return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
    }
    case '/stats/summary':
      return json(summary(agent, nowMs));
    default:
      return text(404, '404 page not found\n');
  }
}
