import {
  ConfigMap,
  Node,
  Secret,
  Service,
  type Container,
  type EnvVarSource,
  type Pod,
} from '@drydock/api/core/v1';
import { isNotFound, parseQuantity, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import type { Client } from '@drydock/machinery/client';
import { defaultPath } from '../shell/index.ts';

export interface EnvironmentOptions {
  readonly pod: Pod;
  readonly container: Container;
  readonly hostIp: string;
  readonly podIp: string;
  readonly hostname: string;
  readonly client: Client;
  /** What its node has for Pods: the limit of a container without one. Only where the Pod asks for limits. */
  readonly allocatable?: Readonly<Record<string, string>> | undefined;
}

/** Reads an object that may be missing. */
export async function getOptional<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  namespace: string,
  name: string,
): Promise<T | undefined> {
  try {
    return await client.resource(type).namespace(namespace).get(name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function decodeBinary(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

const decoder = new TextDecoder();

function podField(pod: Pod, path: string, options: EnvironmentOptions): string {
  const { metadata, spec } = pod;
  const key = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (key !== null) return metadata[key[1] as 'labels' | 'annotations']?.[key[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
    case 'metadata.annotations': {
      const map = metadata[path.slice(9) as 'labels' | 'annotations'] ?? {};
      return Object.keys(map)
        .sort()
        .map((name) => `${name}=${JSON.stringify(map[name])}`)
        .join('\n');
    }
    case 'spec.nodeName':
      return spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return options.hostIp;
    case 'status.podIP':
    case 'status.podIPs':
      return options.podIp;
    default:
      return '';
  }
}

/** What the Pod's node can give, where the Pod wants to be told a limit; else undefined. */
export async function allocatableFor(
  pod: Pod,
  client: Client,
): Promise<Readonly<Record<string, string>> | undefined> {
  const wantsLimit = (source: { resourceFieldRef?: { resource?: string } } | undefined) =>
    source?.resourceFieldRef?.resource?.startsWith('limits.') === true;
  const { containers = [], initContainers = [], volumes = [], nodeName = '' } = pod.spec ?? {};
  const wanted =
    [...containers, ...initContainers].some(({ env }) =>
      env?.some(({ valueFrom }) => wantsLimit(valueFrom)),
    ) ||
    volumes.some(({ downwardAPI, projected }) =>
      [
        ...(downwardAPI?.items ?? []),
        ...(projected?.sources ?? []).flatMap((source) => source.downwardAPI?.items ?? []),
      ].some(wantsLimit),
    );
  if (!wanted || nodeName === '') return undefined;
  try {
    return (await client.resource(Node).get(nodeName)).status?.allocatable ?? {};
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A downward API field or resource as text. */
export function downward(
  source: Pick<EnvVarSource, 'fieldRef' | 'resourceFieldRef'>,
  options: EnvironmentOptions,
): string {
  if (source.fieldRef !== undefined) return podField(options.pod, source.fieldRef.fieldPath ?? '', options);
  const { resource = '', divisor = '1', containerName } = source.resourceFieldRef ?? {};
  const container =
    containerName === undefined || containerName === ''
      ? options.container
      : options.pod.spec?.containers?.find(({ name }) => name === containerName);
  const [kind = '', ...name] = resource.split('.');
  const wanted = name.join('.');
  const quantity =
    kind === 'limits'
      ? (container?.resources?.limits?.[wanted] ?? options.allocatable?.[wanted])
      : container?.resources?.requests?.[wanted];
  if (quantity === undefined) return '0';
  try {
    const unit = Number(parseQuantity(divisor === '0' ? '1' : divisor).milliValue()) || 1000;
    return String(Math.ceil(Number(parseQuantity(quantity).milliValue()) / unit));
  } catch {
    return '0';
  }
}

/** `$(NAME)` of what is defined already; `$$(NAME)` stays as `$(NAME)`. */
export function substitute(text: string, env: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (all, name?: string) =>
    all === '$$' ? '$' : (env.get(name ?? '') ?? all),
  );
}

async function serviceVariables(options: EnvironmentOptions, env: Map<string, string>): Promise<void> {
  const { client, pod } = options;
  const namespace = pod.metadata.namespace ?? '';
  const services: Service[] = [];
  const api = await getOptional(client, Service, 'default', 'kubernetes');
  if (pod.spec?.enableServiceLinks !== false)
    services.push(...(await client.resource(Service).namespace(namespace).list()).items);
  if (api !== undefined && !(namespace === 'default' && services.length > 0)) services.push(api);
  for (const { metadata, spec } of services) {
    const ip = spec?.clusterIP ?? '';
    const ports = spec?.ports ?? [];
    const [first] = ports;
    if (ip === '' || ip === 'None' || first === undefined) continue;
    const prefix = (metadata.name ?? '').toUpperCase().replaceAll('-', '_');
    env.set(`${prefix}_SERVICE_HOST`, ip);
    env.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const port of ports) {
      if (port.name !== undefined && port.name !== '')
        env.set(`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
    }
    const url = (port: typeof first) => `${(port.protocol ?? 'TCP').toLowerCase()}://${ip}:${port.port}`;
    env.set(`${prefix}_PORT`, url(first));
    for (const port of ports) {
      const name = `${prefix}_PORT_${port.port}_${(port.protocol ?? 'TCP').toUpperCase()}`;
      env.set(name, url(port));
      env.set(`${name}_PROTO`, (port.protocol ?? 'TCP').toLowerCase());
      env.set(`${name}_PORT`, String(port.port));
      env.set(`${name}_ADDR`, ip);
    }
  }
}

/** The environment of a container's processes: what the runtime gives, services, envFrom, env; later ones win. */
export async function containerEnvironment(options: EnvironmentOptions): Promise<Map<string, string>> {
  const { pod, container, client } = options;
  const namespace = pod.metadata.namespace ?? '';
  const env = new Map<string, string>([
    ['PATH', defaultPath],
    ['HOSTNAME', options.hostname],
    ['HOME', '/root'],
  ]);
  await serviceVariables(options, env);
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef?.name !== undefined) {
      const map = await getOptional(client, ConfigMap, namespace, configMapRef.name);
      for (const [key, value] of Object.entries(map?.data ?? {})) env.set(`${prefix}${key}`, value);
    }
    if (secretRef?.name !== undefined) {
      const secret = await getOptional(client, Secret, namespace, secretRef.name);
      for (const [key, value] of Object.entries(secret?.data ?? {}))
        env.set(`${prefix}${key}`, decoder.decode(decodeBinary(value)));
    }
  }
  for (const { name = '', value, valueFrom } of container.env ?? []) {
    if (valueFrom === undefined) {
      env.set(name, substitute(value ?? '', env));
      continue;
    }
    const { configMapKeyRef, secretKeyRef } = valueFrom;
    if (configMapKeyRef?.name !== undefined) {
      const map = await getOptional(client, ConfigMap, namespace, configMapKeyRef.name);
      const found = map?.data?.[configMapKeyRef.key ?? ''];
      if (found !== undefined) env.set(name, found);
    } else if (secretKeyRef?.name !== undefined) {
      const secret = await getOptional(client, Secret, namespace, secretKeyRef.name);
      const found = secret?.data?.[secretKeyRef.key ?? ''];
      if (found !== undefined) env.set(name, decoder.decode(decodeBinary(found)));
    } else if (valueFrom.fieldRef !== undefined || valueFrom.resourceFieldRef !== undefined) {
      env.set(name, downward(valueFrom, options));
    }
  }
  return env;
}
