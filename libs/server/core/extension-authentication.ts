import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceRef, Transport } from '@drydock/port/transport';
import type { Registry } from '../registry/index.ts';
import { put } from './bootstrap.ts';

/** What extension API servers must know to believe this server about its users. */
export interface ExtensionAuthentication {
  /** Authorities of users' certificates, PEM. */
  readonly clientCa?: string | undefined;
  /** Authority of the certificate with which this server asks on behalf of users, PEM. */
  readonly requestHeaderClientCa?: string | undefined;
  /** Common names of that certificate; none: every one of its authority. */
  readonly requestHeaderAllowedNames?: readonly string[];
}

/** The headers that this server tells users by. */
const headers = {
  'requestheader-username-headers': ['X-Remote-User'],
  'requestheader-uid-headers': ['X-Remote-Uid'],
  'requestheader-group-headers': ['X-Remote-Group'],
  'requestheader-extra-headers-prefix': ['X-Remote-Extra-'],
};

/** Publishes it as kube-apiserver does: the ConfigMap `extension-apiserver-authentication` in kube-system. */
export async function publishExtensionAuthentication(
  registry: Registry,
  transport: Transport,
  { clientCa, requestHeaderClientCa, requestHeaderAllowedNames = [] }: ExtensionAuthentication,
): Promise<void> {
  const lists = { 'requestheader-allowed-names': requestHeaderAllowedNames, ...headers };
  const data = {
    ...(clientCa === undefined ? {} : { 'client-ca-file': clientCa }),
    ...(requestHeaderClientCa === undefined
      ? {}
      : {
          'requestheader-client-ca-file': requestHeaderClientCa,
          ...Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, JSON.stringify(list)])),
        }),
  };
  const metadata = { name: 'extension-apiserver-authentication', namespace: 'kube-system' };
  const ref: ResourceRef = { group: '', version: 'v1', resource: 'configmaps', ...metadata };
  await put(registry, transport, ref, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as KubeObject);
}
