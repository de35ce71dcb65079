import { toApiError, type KubeObject } from '@drydock/base/apimachinery';
import type { HttpResponse } from '@drydock/port/http';
import type { ResourceRef, WatchOptions } from '@drydock/port/transport';
import type { Registry, RequestContext } from '../registry/index.ts';
import { partialObject, renderTable } from '../tables/index.ts';
import { watchBatchLines, type StoredWatch, type StoredWatchEvent } from '../watch-cache/index.ts';
import type { Form } from './accept.ts';
import type { TableContext } from './answer.ts';

const encoder = new TextEncoder();

/** Encodes events one by one where they are not sent as they are stored. */
function encodeOthers(
  form: Form,
  table: () => TableContext,
): (batch: readonly StoredWatchEvent[]) => Uint8Array {
  let headless = false;
  return (batch) => {
    let text = '';
    for (const { type, object } of batch) {
      let shown: unknown;
      if (form.as === 'partial') shown = { ...partialObject(object, form.metaVersion) };
      else {
        const { definition, includeObject, now } = table();
        const objects: KubeObject[] = type === 'BOOKMARK' ? [] : [object];
        const { resourceVersion } = object.metadata;
        shown = renderTable(
          definition,
          objects,
          { resourceVersion },
          { apiVersion: form.metaVersion, includeObject, now, headless },
        );
        headless = true;
      }
      text += `${JSON.stringify({ type, object: shown })}\n`;
    }
    return encoder.encode(text);
  };
}

async function* stream(
  watch: StoredWatch,
  encode: (batch: readonly StoredWatchEvent[]) => Uint8Array,
): AsyncIterable<Uint8Array> {
  try {
    for await (const batch of watch) yield encode(batch);
  } catch (error) {
    // The answer has begun: the error goes out as an event, as Kubernetes sends it.
    yield encoder.encode(`${JSON.stringify({ type: 'ERROR', object: toApiError(error).status })}\n`);
  } finally {
    watch.close();
  }
}

/** Starts a watch and answers it as a stream of JSON lines. */
export async function watchAnswer(
  registry: Registry,
  ref: ResourceRef,
  options: WatchOptions,
  context: RequestContext,
  form: Form,
  table: () => TableContext,
): Promise<HttpResponse> {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
  let watch: StoredWatch;
  try {
    watch = await registry.watch(ref, options, context);
  } catch (error) {
    const failure = toApiError(error);
    // A revision that is gone or not there yet is told in the stream, as Kubernetes does: clients look for it there.
    if (failure.code !== 410 && failure.code !== 504) throw failure;
    return {
      status: 200,
      headers,
      body: encoder.encode(`${JSON.stringify({ type: 'ERROR', object: failure.status })}\n`),
    };
  }
  const encode = form.as === 'object' ? watchBatchLines : encodeOthers(form, table);
  return { status: 200, headers, body: stream(watch, encode) };
}
