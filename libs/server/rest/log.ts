import {
  badRequest,
  forbiddenField,
  invalid,
  invalidValue,
  notSupported,
  tryParseTime,
  type FieldError,
} from '@drydock/base/apimachinery';
import type { Pod } from '@drydock/api/core/v1';
import type { HttpResponse } from '@drydock/port/http';
import type { KubeletConnector, LogOptions } from '@drydock/port/kubelet';
import type { ResourceRef } from '@drydock/port/transport';
import type { Registry, RequestContext } from '../registry/index.ts';
import { noKubelet } from './no-kubelet.ts';
import { requireConnection } from './node-connection.ts';
import { chooseContainer } from './container-choice.ts';
import { booleanParameter, integerParameter, type Query } from './query.ts';

function timeParameter(query: Query, name: string): string | undefined {
  const text = query.get(name) || undefined;
  if (text !== undefined && tryParseTime(text) === undefined) {
    const layout = '"2006-01-02T15:04:05Z07:00"';
    throw badRequest(
      `parsing time ${JSON.stringify(text)} as ${layout}: cannot parse ${JSON.stringify(text)} as "2006"`,
    );
  }
  return text;
}

const streams: readonly string[] = ['All', 'Stderr', 'Stdout'];

/** What is wrong with the options of a log (ValidatePodLogOptions). */
function logFaults(options: LogOptions): FieldError[] {
  const { tailLines, limitBytes, sinceSeconds, sinceTime, stream } = options;
  const faults: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0)
    faults.push(invalidValue('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1)
    faults.push(invalidValue('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds !== undefined && sinceTime !== undefined)
    faults.push(forbiddenField('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (sinceSeconds !== undefined && sinceSeconds < 1)
    faults.push(invalidValue('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  if (stream !== undefined && !streams.includes(stream)) faults.push(notSupported('stream', stream, streams));
  else if (stream !== undefined && stream !== 'All' && tailLines !== undefined)
    faults.push(forbiddenField('', '`tailLines` and specific `stream` are mutually exclusive for now'));
  return faults;
}

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
    sinceTime: timeParameter(query, 'sinceTime'),
    tailLines: integerParameter(query, 'tailLines'),
    limitBytes: integerParameter(query, 'limitBytes'),
    stream: (query.get('stream') || undefined) as LogOptions['stream'],
  };
  const faults = logFaults(options);
  if (faults.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, faults);
  const headers = { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' };
  const nodeName = pod.spec?.nodeName;
  // Before the Pod has a node there is nothing to read, and that is no error.
  if (nodeName === undefined || nodeName === '') return { status: 200, headers, body: new Uint8Array() };
  await requireConnection(registry, nodeName, context);
  const chunks = (kubelet ?? noKubelet)
    .logs({ namespace, name, uid, nodeName }, options, signal)
    [Symbol.asyncIterator]();
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
