import type { BackendRequest, BackendResponse } from '@drydock/port/kubelet';
import type { NodeAgent } from './node-agent.ts';
import { resourceMetrics } from './resource-metrics.ts';
import { statsSummary } from './stats-summary.ts';

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

/** What a simulated kubelet's own HTTP server answers: its health, its Pods, what they use. */
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
      return json(statsSummary(agent.name, agent.usage(nowMs), nowMs));
    case '/metrics/resource':
      return text(200, resourceMetrics(agent.usage(nowMs), nowMs));
    default:
      return text(404, '404 page not found\n');
  }
}
