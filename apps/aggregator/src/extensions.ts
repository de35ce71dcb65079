import type { Service } from '@drydock/api/core/v1';
import type { EndpointSlice } from '@drydock/api/discovery/v1';
import { createUpstream, type HttpsUpstream } from '@drydock/http';
import type { Informer } from '@drydock/machinery/informer';
import type { ExtensionTarget } from '@drydock/port/extension';
import { createServiceResolver } from '@drydock/server/core';

export interface ExtensionsOptions {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  /** The front proxy's certificate, PEM. */
  readonly client: { readonly cert: string; readonly key: string };
  /** Addresses that mean another one from here. */
  readonly hostAliases: Readonly<Record<string, string>>;
}

/** Targets whose connections are kept. */
const maxKept = 128;

/** The extension API servers, each reached where its Service is at the moment. */
export function createExtensions({ services, slices, client, hostAliases }: ExtensionsOptions) {
  const kept = new Map<string, HttpsUpstream>();
  const resolve = createServiceResolver(() => ({
    peek: (_ref, key) => {
      const object = services.get(key);
      return object && { object };
    },
    items: (_ref, namespace) =>
      slices
        .list()
        .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
        .map((object) => ({ object })),
  }));

  return {
    upstream(target: ExtensionTarget): HttpsUpstream {
      const id = JSON.stringify(target);
      const known = kept.get(id);
      if (known !== undefined) return known;
      const { namespace, service, port, caBundle, insecureSkipTlsVerify } = target;
      const servername = `${service}.${namespace}.svc`;
      const made = createUpstream({
        places() {
          const place = resolve(namespace, service, port);
          return place === undefined ? [] : [{ ...place, host: hostAliases[place.host] ?? place.host }];
        },
        hostHeader: `${servername}:${port}`,
        tls: {
          ...client,
          servername,
          rejectUnauthorized: insecureSkipTlsVerify !== true,
          ...(caBundle === undefined ? {} : { ca: Buffer.from(caBundle, 'base64') }),
        },
      });
      const [oldest] = kept;
      if (kept.size >= maxKept && oldest !== undefined) {
        kept.delete(oldest[0]);
        oldest[1].close();
      }
      kept.set(id, made);
      return made;
    },
    close() {
      for (const one of kept.values()) one.close();
      kept.clear();
    },
  };
}
