import { badRequest, serviceUnavailable } from '@drydock/base/apimachinery';
import type { Pod } from '@drydock/api/core/v1';
import type { HttpResponse } from '@drydock/port/http';
import type { KubeletConnector, LogOptions } from '@drydock/port/kubelet';
import type { ResourceRef } from '@drydock/port/transport';
import type { Registry, RequestContext } from '../registry/index.ts';
import { chooseContainer } from './container-choice.ts';
import { booleanParameter, integerParameter, type Query } from './query.ts';

/** `pods/log`: what the Pod's node has to tell. */
export async function podLog(
  registry: Registry,
  kubelet: KubeletConnector | undefined,
  ref: ResourceRef,
  query: Query,
  context: RequestContext,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { subresource: _log, ...podRef } = ref;
  const pod = (await registry.get(podRef, {}, context)).object as Pod;
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  const container = chooseContainer(pod, query.get('container'));
  const options: LogOptions = {
    container,
    follow: booleanParameter(query, 'follow'),
    previous: booleanParameter(query, 'previous'),
    timestamps: booleanParameter(query, 'timestamps'),
    sinceSeconds: integerParameter(query, 'sinceSeconds'),
    sinceTime: query.get('sinceTime') || undefined,
    tailLines: integerParameter(query, 'tailLines'),
    limitBytes: integerParameter(query, 'limitBytes'),
  };
  for (const [field, least] of [
    ['sinceSeconds', 1],
    ['limitBytes', 1],
    ['tailLines', 0],
  ] as const) {
    const value = options[field];
    if (value !== undefined && value < least) {
      throw badRequest(`${field}: Invalid value: ${value}: must be greater than or equal to ${least}`);
    }
  }
  const headers = { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' };
  const nodeName = pod.spec?.nodeName;
  // Before the Pod has a node there is nothing to read, and that is no error.
  if (nodeName === undefined || nodeName === '') return { status: 200, headers, body: new Uint8Array() };
  if (kubelet === undefined) throw serviceUnavailable('no kubelet is connected');
  const chunks = kubelet.logs({ namespace, name, uid, nodeName }, options, signal)[Symbol.asyncIterator]();
  // The first chunk decides between an answer and an error.
  const first = await chunks.next();
  async function* body(): AsyncIterable<Uint8Array> {
    if (first.done !== true) yield first.value;
    for (;;) {
      const next = await chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  return { status: 200, headers, body: first.done === true ? new Uint8Array() : body() };
}
