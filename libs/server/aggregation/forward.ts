import { fromStatus, isFailureStatus, serviceUnavailable, type Status } from '@drydock/base/apimachinery';
import type { APIService } from '@drydock/api/apiregistration/v1';
import type { ExtensionCaller, ExtensionRequest, ExtensionTarget } from '@drydock/port/extension';
import type { ResourceRef } from '@drydock/port/transport';
import type { UserInfo } from '../registry/index.ts';

const defaultPort = 443;

export function targetOf({ spec }: APIService): ExtensionTarget | undefined {
  const service = spec?.service;
  if (service === undefined) return undefined;
  return {
    namespace: service.namespace ?? '',
    service: service.name ?? '',
    port: service.port ?? defaultPort,
    ...(spec?.caBundle ? { caBundle: spec.caBundle } : {}),
    ...(spec?.insecureSkipTLSVerify === true ? { insecureSkipTlsVerify: true } : {}),
  };
}

/** Who asks, as front proxies say it. */
export function identityHeaders(user: UserInfo): [string, string | readonly string[]][] {
  return [
    ['x-remote-user', user.name],
    ...(user.uid === undefined ? [] : [['x-remote-uid', user.uid] as [string, string]]),
    // A header for each: a comma may be part of a name.
    ['x-remote-group', user.groups],
    ...Object.entries(user.extra ?? {}).map(([key, values]): [string, readonly string[]] => [
      `x-remote-extra-${encodeURIComponent(key.toLowerCase())}`,
      values,
    ]),
  ];
}

/** `/apis/<group>/<version>/…` of a reference. */
export function pathOf(ref: ResourceRef): string {
  const parts = ['apis', ref.group, ref.version];
  if (ref.namespace !== undefined) parts.push('namespaces', ref.namespace);
  parts.push(ref.resource);
  if (ref.name !== undefined) parts.push(ref.name);
  if (ref.subresource !== undefined) parts.push(...ref.subresource.split('/'));
  return `/${parts.map((part) => (part === '*' ? part : encodeURIComponent(part))).join('/')}`;
}

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A JSON document with the tag of its content; or that it is still the one that was known. */
export type FetchedDocument = { readonly value: unknown; readonly etag: string | undefined } | 'unchanged';

/** Reads a JSON document, unless it is still that of `etag`. @throws Error where there is none, or no answer */
export async function fetchDocument(
  caller: ExtensionCaller,
  target: ExtensionTarget,
  user: UserInfo,
  path: string,
  query: string,
  etag: string | undefined,
): Promise<FetchedDocument> {
  const headers = new Map<string, string | readonly string[]>([
    ['accept', 'application/json'],
    ...(etag === undefined ? [] : [['if-none-match', etag] as [string, string]]),
    ...identityHeaders(user),
  ]);
  const answer = await caller.request(target, {
    method: 'GET',
    path,
    query,
    headers,
    body: new Uint8Array(),
  });
  const body = await readAll(answer.body);
  if (answer.status === 304 && etag !== undefined) return 'unchanged';
  if (answer.status !== 200) throw new Error(`the server answered ${answer.status}`);
  return { value: JSON.parse(new TextDecoder().decode(body)) as unknown, etag: answer.headers['etag'] };
}

/** Asks, and parses the JSON that comes back. @throws ApiError */
export async function askJson(
  caller: ExtensionCaller,
  target: ExtensionTarget,
  user: UserInfo,
  request: Pick<ExtensionRequest, 'method' | 'path' | 'query'> & {
    readonly body?: unknown;
    readonly type?: string;
  },
): Promise<unknown> {
  const headers = new Map<string, string | readonly string[]>([
    ['accept', 'application/json'],
    ...identityHeaders(user),
  ]);
  let body = new Uint8Array();
  if (request.body !== undefined) {
    headers.set('content-type', request.type ?? 'application/json');
    body = new TextEncoder().encode(JSON.stringify(request.body));
  }
  let text: string;
  let status: number;
  try {
    const answer = await caller.request(target, { ...request, headers, body });
    status = answer.status;
    text = new TextDecoder().decode(await readAll(answer.body));
  } catch {
    throw serviceUnavailable('the server is currently unable to handle the request');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (status >= 200 && status < 300 && value !== undefined) return value;
  if (isFailureStatus(value)) throw fromStatus(value as Status);
  throw fromStatus({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      status === 404
        ? 'the server could not find the requested resource'
        : `the server answered ${status}: ${text.trim().slice(0, 200)}`,
    reason: status === 404 ? 'NotFound' : 'InternalError',
    code: status < 400 ? 500 : status,
  });
}
