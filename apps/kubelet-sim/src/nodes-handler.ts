import type { HttpHandler, HttpResponse } from '@drydock/port/http';
import { KubeletError } from '@drydock/port/kubelet';
import type { KubeletSim } from '@drydock/node/kubelet-sim';

const encoder = new TextEncoder();

function answer(status: number, text: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: encoder.encode(text),
  };
}

/**
 * The servers of the kubelets, all at one port: `/nodes/<name>/pods`, `/nodes/<name>/stats/summary`,
 * `/nodes/<name>/metrics/resource`. The path without the node's name is that of the only node. For clients with a
 * certificate.
 */
export function createNodesHandler(kubelet: Pick<KubeletSim, 'nodeNames' | 'nodeRequest'>): HttpHandler {
  return async (request) => {
    if (request.clientCertificate === undefined) return answer(401, 'Unauthorized\n');
    const named = /^\/nodes\/([^/]+)(\/.*)?$/.exec(request.path);
    const [only, ...others] = kubelet.nodeNames();
    const node = named?.[1] ?? (others.length === 0 ? only : undefined);
    const path = named === null ? request.path : (named[2] ?? '/');
    if (node === undefined || !kubelet.nodeNames().includes(node)) return answer(404, '404 page not found\n');
    try {
      const { status, headers, body } = await kubelet.nodeRequest(node, {
        method: request.method,
        path,
        query: request.query,
        headers: new Map(),
        body: new Uint8Array(),
      });
      return { status, headers, body };
    } catch (error) {
      if (error instanceof KubeletError) return answer(error.statusCode, `${error.message}\n`);
      throw error;
    }
  };
}
