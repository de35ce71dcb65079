import { methodNotAllowed } from '@drydock/base/apimachinery';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import {
  aggregatedDiscovery,
  apiGroupList,
  apiGroupOf,
  apiResourceList,
  apiVersions,
} from '../discovery/index.ts';
import { mediaTypes, negotiate, negotiateDiscovery, wantsPretty } from './accept.ts';
import { encodeText, textAnswer, valueAnswer } from './answer.ts';
import { documentAnswer, documentOf, type Documents } from './documents.ts';
import { valueInProtobuf } from './protobuf.ts';
import { parseQuery } from './query.ts';

/** Answers `/api`, `/apis` and what stands beneath them but the resources themselves. */
export function createDiscoveryPaths(
  documents: Documents,
  serverAddress: () => string,
): (request: HttpRequest, parts: readonly string[]) => HttpResponse {
  /** Legacy discovery: an object of its own at each path. */
  function legacy(request: HttpRequest, key: string, make: () => object | undefined): HttpResponse {
    const value = documents.once(`legacy ${key}`, make);
    if (value === undefined) return textAnswer(404, '404 page not found\n');
    const form = negotiate(request.header('accept'));
    const pretty =
      form.encoding === 'json' &&
      wantsPretty(parseQuery(request.query).get('pretty'), request.header('user-agent'));
    return valueAnswer(200, value, pretty ? { ...form, pretty } : form);
  }

  function aggregated(request: HttpRequest, core: boolean): HttpResponse | undefined {
    const wanted = negotiateDiscovery(request.header('accept'));
    if (wanted === undefined) return undefined;
    const { encoding, version } = wanted;
    const document = documents.once(`aggregated ${String(core)} ${encoding} ${version}`, (definitions) => {
      const value = aggregatedDiscovery(definitions, core, version);
      const bytes =
        encoding === 'protobuf'
          ? valueInProtobuf(value)
          : encodeText(value, { encoding, as: 'object', metaVersion: 'v1', pretty: false });
      return documentOf(bytes);
    });
    return documentAnswer(request, document, {
      'content-type': `${mediaTypes[encoding]};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      vary: 'Accept',
      'cache-control': 'public',
    });
  }

  return (request, [root, group = '', version = '', more]) => {
    if (request.method !== 'GET') throw methodNotAllowed();
    const core = root === 'api';
    if (group === '') {
      return (
        aggregated(request, core) ??
        legacy(request, core ? 'api' : 'apis', () =>
          core
            ? apiVersions(serverAddress())
            : documents.once('groups', (definitions) => apiGroupList(definitions)),
        )
      );
    }
    const key = `${root}/${group}/${version}`;
    if (core) {
      if (version !== '') return textAnswer(404, '404 page not found\n');
      return legacy(request, key, () => documents.once(key, (all) => apiResourceList(all, '', group)));
    }
    if (more !== undefined) return textAnswer(404, '404 page not found\n');
    return legacy(request, key, () =>
      documents.once(key, (all) =>
        version === '' ? apiGroupOf(all, group) : apiResourceList(all, group, version),
      ),
    );
  };
}
