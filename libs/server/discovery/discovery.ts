import { sha256 } from '@noble/hashes/sha2.js';
import type { ResourceDefinition } from '../registry/types.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** The order in which Kubernetes lists the verbs of custom resources. */
const customVerbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** Of `status` and `scale`. */
const readAndWrite = ['get', 'patch', 'update'];

function verbsOf({ custom, verbs }: ResourceDefinition): string[] {
  if (custom !== undefined) return customVerbs.filter((verb) => verbs?.includes(verb) !== false);
  return [...(verbs ?? allVerbs)].sort();
}

const hashes = new Map<string, string>();

/** Names the version in which objects are stored, for those who migrate it: eight bytes of a SHA-256. */
function storageVersionHash(definition: ResourceDefinition) {
  const { group, version, kind, storedAs, custom } = definition;
  const { virtualCreate, virtualRead, createsThrough } = definition;
  if (virtualCreate !== undefined || virtualRead !== undefined || createsThrough !== undefined) return {};
  if (custom !== undefined && custom.isStorageVersion !== true) return {};
  const stored = storedAs ?? { group, version };
  const name = `${stored.group}/${stored.version}/${kind}`;
  let hash = hashes.get(name);
  if (hash === undefined) {
    hash = btoa(String.fromCharCode(...sha256(new TextEncoder().encode(name)).subarray(0, 8)));
    hashes.set(name, hash);
  }
  return { storageVersionHash: hash };
}

/** Groups in the order in which Kubernetes lists them; unknown ones follow by name. */
const groupOrder = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
];

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface Subresource {
  readonly name: string;
  readonly responseKind: Kind;
  readonly verbs: readonly string[];
}

/** Subresources that connect to a node, and the kind of their options. */
const connected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pods: {
    attach: 'PodAttachOptions',
    exec: 'PodExecOptions',
    portforward: 'PodPortForwardOptions',
    proxy: 'PodProxyOptions',
  },
  services: { proxy: 'ServiceProxyOptions' },
  nodes: { proxy: 'NodeProxyOptions' },
};

function subresources(definition: ResourceDefinition): Subresource[] {
  const { group, version, kind } = definition;
  const own = { group, version, kind };
  const found: Subresource[] = [];
  if (definition.status === true) found.push({ name: 'status', responseKind: own, verbs: readAndWrite });
  if (definition.scale !== undefined) {
    found.push({
      name: 'scale',
      responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: readAndWrite,
    });
  }
  for (const [name, handler] of Object.entries(definition.subresources ?? {})) {
    const responseKind = {
      group: handler.group ?? group,
      version: handler.version ?? version,
      kind: handler.kind,
    };
    found.push({ name, responseKind, verbs: [...handler.verbs].sort() });
  }
  if (group === '' && definition.resource === 'pods')
    found.push({ name: 'log', responseKind: own, verbs: ['get'] });
  for (const [name, optionsKind] of Object.entries(
    group === '' ? (connected[definition.resource] ?? {}) : {},
  )) {
    const verbs = name === 'proxy' ? ['create', 'delete', 'get', 'patch', 'update'] : ['create', 'get'];
    found.push({ name, responseKind: { ...own, kind: optionsKind }, verbs });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function place(group: string): number {
  const at = groupOrder.indexOf(group);
  return at < 0 ? groupOrder.length : at;
}

const versionPattern = /^v(\d+)(?:(alpha|beta)(\d+))?$/;

/** `v2` before `v1`, stable before beta before alpha; what has no such form comes last, by name. */
function newerVersion(a: string, b: string): number {
  const rank = (version: string) => {
    const parts = versionPattern.exec(version);
    if (parts === null) return [-1, 0, 0];
    const [, major = '0', stage = '', minor = '0'] = parts;
    return [stage === '' ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor)];
  };
  const [x, y] = [rank(a), rank(b)];
  for (let at = 0; at < 3; at++) if (x[at] !== y[at]) return (y[at] ?? 0) - (x[at] ?? 0);
  return a < b ? -1 : 1;
}

interface Group {
  readonly name: string;
  readonly versions: string[];
}

function groups(definitions: readonly ResourceDefinition[]): Group[] {
  const found = new Map<string, Set<string>>();
  for (const { group, version } of definitions) {
    if (group === '') continue;
    found.set(group, (found.get(group) ?? new Set()).add(version));
  }
  return [...found]
    .map(([name, versions]) => ({ name, versions: [...versions].sort(newerVersion) }))
    .sort((a, b) => place(a.name) - place(b.name) || (a.name < b.name ? -1 : 1));
}

function apiGroup({ name, versions }: Group) {
  const listed = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: listed, preferredVersion: listed[0] };
}

const apiVersion = 'v1';

/** `/api`. */
export function apiVersions(serverAddress: string) {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `/apis`. */
export function apiGroupList(definitions: readonly ResourceDefinition[]) {
  return { kind: 'APIGroupList', apiVersion, groups: groups(definitions).map(apiGroup) };
}

/** `/apis/<group>`, or undefined. */
export function apiGroupOf(definitions: readonly ResourceDefinition[], name: string) {
  const group = groups(definitions).find((one) => one.name === name);
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion, ...apiGroup(group) };
}

/** `/api/v1` or `/apis/<group>/<version>`, or undefined. */
export function apiResourceList(definitions: readonly ResourceDefinition[], group: string, version: string) {
  const own = definitions.filter((one) => one.group === group && one.version === version);
  if (own.length === 0) return undefined;
  const resources = own
    .toSorted((a, b) => (a.resource < b.resource ? -1 : 1))
    .flatMap((definition) => {
      const { resource, singular, namespaced, kind, shortNames, categories } = definition;
      const entry = {
        name: resource,
        singularName: singular,
        namespaced,
        kind,
        verbs: verbsOf(definition),
        ...(shortNames === undefined ? {} : { shortNames }),
        ...(categories === undefined ? {} : { categories }),
        ...storageVersionHash(definition),
      };
      const below = subresources(definition).map(({ name, responseKind, verbs: can }) => ({
        name: `${resource}/${name}`,
        singularName: '',
        namespaced,
        ...(responseKind.group === group && responseKind.version === version
          ? {}
          : { group: responseKind.group, version: responseKind.version }),
        kind: responseKind.kind,
        verbs: can,
      }));
      return [entry, ...below];
    });
  return {
    kind: 'APIResourceList',
    apiVersion,
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources,
  };
}

/** The aggregated form of `/api` (only the core group) or `/apis`, in `v2` or `v2beta1`. */
export function aggregatedDiscovery(
  definitions: readonly ResourceDefinition[],
  core: boolean,
  version: string,
) {
  const chosen: Group[] = core ? [{ name: '', versions: ['v1'] }] : groups(definitions);
  const items = chosen.map((group) => ({
    metadata: group.name === '' ? {} : { name: group.name },
    versions: group.versions.map((one) => ({
      version: one,
      freshness: 'Current',
      resources: definitions
        // A group version of an extension API server may have nothing to list.
        .filter(
          (definition) =>
            definition.group === group.name && definition.version === one && definition.resource !== '',
        )
        .toSorted((a, b) => (a.resource < b.resource ? -1 : 1))
        .map((definition) => {
          const { resource, kind, namespaced, singular, shortNames, categories } = definition;
          const below = subresources(definition).map(({ name, responseKind, verbs: can }) => ({
            subresource: name,
            responseKind,
            verbs: can,
          }));
          return {
            resource,
            responseKind:
              kind === '' ? { group: '', version: '', kind: '' } : { group: group.name, version: one, kind },
            scope: namespaced ? 'Namespaced' : 'Cluster',
            singularResource: singular,
            verbs: verbsOf(definition),
            ...(shortNames === undefined ? {} : { shortNames }),
            ...(categories === undefined ? {} : { categories }),
            ...(below.length === 0 ? {} : { subresources: below }),
          };
        }),
    })),
  }));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items,
  };
}
