import {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  ServiceAccount,
  type KeyToPath,
  type Pod,
  type Volume,
} from '@drydock/api/core/v1';
import { directory, file, splitPath, type Directory, type FileNode } from '../files/index.ts';
import { decodeBinary, downward, getOptional, type EnvironmentOptions } from './environment.ts';

const encoder = new TextEncoder();

/** Directories that outlive a container. */
export interface SharedDirectories {
  /** The directory of that name, made when it is not there yet. */
  get(name: string): Directory;
}

export interface Shared {
  /** Volumes that live with their Pod. */
  readonly pod: SharedDirectories;
  /** Paths of the node. */
  readonly node: SharedDirectories;
  /** Persistent volumes, wherever they are mounted. */
  readonly volumes: SharedDirectories;
}

export function createSharedDirectories(nowMs: () => number): SharedDirectories {
  const directories = new Map<string, Directory>();
  return {
    get(name) {
      let found = directories.get(name);
      if (found === undefined) {
        found = directory(nowMs(), 0o777);
        directories.set(name, found);
      }
      return found;
    },
  };
}

type Items = Map<string, { data: Uint8Array; mode: number; uid?: number | undefined }>;

function choose(
  data: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  defaultMode: number,
  into: Items,
): void {
  if (items === undefined || items.length === 0) {
    for (const [key, bytes] of data) into.set(key, { data: bytes, mode: defaultMode });
    return;
  }
  for (const { key = '', path = '', mode } of items) {
    const bytes = data.get(key);
    if (bytes !== undefined) into.set(path, { data: bytes, mode: mode ?? defaultMode });
  }
}

async function configMapData(options: EnvironmentOptions, name: string): Promise<Map<string, Uint8Array>> {
  const map = await getOptional(options.client, ConfigMap, options.pod.metadata.namespace ?? '', name);
  return new Map([
    ...Object.entries(map?.data ?? {}).map(([key, value]) => [key, encoder.encode(value)] as const),
    ...Object.entries(map?.binaryData ?? {}).map(([key, value]) => [key, decodeBinary(value)] as const),
  ]);
}

async function secretData(options: EnvironmentOptions, name: string): Promise<Map<string, Uint8Array>> {
  const secret = await getOptional(options.client, Secret, options.pod.metadata.namespace ?? '', name);
  return new Map(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, decodeBinary(value)]));
}

async function token(
  options: EnvironmentOptions,
  audience: string | undefined,
  seconds: number,
): Promise<string> {
  const { pod, client } = options;
  const account = pod.spec?.serviceAccountName ?? 'default';
  try {
    const answer = (await client
      .resource(ServiceAccount)
      .namespace(pod.metadata.namespace ?? '')
      .createSubresource(account, 'token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: {},
        spec: {
          audiences: audience === undefined || audience === '' ? [] : [audience],
          expirationSeconds: seconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
        },
      } as never)) as unknown as { status?: { token?: string } };
    return answer.status?.token ?? '';
  } catch {
    // An account that is not there has no token; the file is empty then.
    return '';
  }
}

/** The one user whom all containers of a Pod run as, where each says so; undefined otherwise. */
function onlyUser({ spec }: Pod): number | undefined {
  const users = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(
    ({ securityContext }) => securityContext?.runAsUser ?? spec?.securityContext?.runAsUser,
  );
  const [user] = new Set(users.map((one) => (one === undefined ? undefined : Number(one))));
  return users.every((one) => one !== undefined && Number(one) === user) ? user : undefined;
}

/** A token that is made anew, as kubelets do, when four fifths of its life are over. */
type HeldTokens = Map<string, { readonly text: string; readonly renewMs: number }>;

async function gather(
  volume: Volume,
  options: EnvironmentOptions,
  held: HeldTokens,
  nowMs: number,
): Promise<Items | undefined> {
  const items: Items = new Map();
  const { configMap, secret, projected, downwardAPI } = volume;
  const describe = (fields: readonly { path?: string; mode?: number }[] | undefined, defaultMode: number) => {
    for (const field of fields ?? []) {
      const data = encoder.encode(downward(field as never, options));
      items.set(field.path ?? '', { data, mode: field.mode ?? defaultMode });
    }
  };
  if (configMap !== undefined)
    choose(
      await configMapData(options, configMap.name ?? ''),
      configMap.items,
      configMap.defaultMode ?? 0o644,
      items,
    );
  else if (secret !== undefined)
    choose(
      await secretData(options, secret.secretName ?? ''),
      secret.items,
      secret.defaultMode ?? 0o644,
      items,
    );
  else if (downwardAPI !== undefined) describe(downwardAPI.items, downwardAPI.defaultMode ?? 0o644);
  else if (projected !== undefined) {
    const mode = projected.defaultMode ?? 0o644;
    for (const source of projected.sources ?? []) {
      if (source.configMap !== undefined)
        choose(
          await configMapData(options, source.configMap.name ?? ''),
          source.configMap.items,
          mode,
          items,
        );
      if (source.secret !== undefined)
        choose(await secretData(options, source.secret.name ?? ''), source.secret.items, mode, items);
      describe(source.downwardAPI?.items, mode);
      const wanted = source.serviceAccountToken;
      if (wanted !== undefined) {
        const { audience, expirationSeconds = 3_600, path = 'token' } = wanted;
        const before = held.get(path);
        const fresh = before !== undefined && before.text !== '' && nowMs < before.renewMs;
        const text = fresh ? before.text : await token(options, audience, expirationSeconds);
        if (!fresh) held.set(path, { text, renewMs: nowMs + expirationSeconds * 800 });
        // Where it is known who reads the token, nobody else may: the user owns it, or the group is let in later.
        const uid = onlyUser(options.pod);
        const guarded = uid !== undefined || options.pod.spec?.securityContext?.fsGroup !== undefined;
        items.set(path, { data: encoder.encode(text), mode: guarded ? 0o600 : mode, uid });
      }
    }
  } else return undefined;
  return items;
}

/** Puts items into a directory, replacing what it held. */
function fill(target: Directory, items: Items, nowMs: number): void {
  const before = new Map(target.entries);
  target.entries.clear();
  for (const [path, { data, mode, uid }] of items) {
    const parts = splitPath(path);
    const name = parts.pop();
    if (name === undefined || parts.includes('..')) continue;
    let folder = target;
    for (const part of parts) {
      const present: FileNode | undefined = folder.entries.get(part);
      const next = present?.kind === 'directory' ? present : directory(nowMs);
      folder.entries.set(part, next);
      folder = next;
    }
    const old = before.get(name);
    const same =
      old?.kind === 'file' && old.size === data.length && old.data.every((byte, at) => byte === data[at]);
    folder.entries.set(name, same ? old : file(data, nowMs, { mode, ...(uid === undefined ? {} : { uid }) }));
  }
}

/** Gives a volume to the group that the Pod's processes share, as kubelets do. */
function giveToGroup(node: FileNode, gid: number, readOnly: boolean): void {
  if (node.kind === 'link' || node.kind === 'device') return;
  node.gid = gid;
  node.mode |= readOnly ? 0o440 : 0o660;
  if (node.kind !== 'directory') return;
  node.mode |= 0o2110;
  for (const child of node.entries.values()) giveToGroup(child, gid, readOnly);
}

export const hostsOfNode = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n';

/** A directory or file of the simulated node itself; its few files are made when it is first looked into. */
function hostDirectory(
  node: SharedDirectories,
  path: string,
  { pod }: EnvironmentOptions,
  nowMs: number,
): FileNode {
  const root = node.get('host');
  if (root.entries.size === 0) {
    for (const name of ['bin', 'etc', 'home', 'opt', 'proc', 'root', 'run', 'tmp', 'usr', 'var'])
      root.entries.set(name, directory(nowMs));
    const etc = root.entries.get('etc');
    if (etc?.kind === 'directory') {
      etc.entries.set('hosts', file(hostsOfNode, nowMs));
      etc.entries.set('hostname', file(`${pod.spec?.nodeName ?? ''}\n`, nowMs));
      etc.entries.set(
        'os-release',
        file('NAME="Drydock"\nID=drydock\nPRETTY_NAME="Drydock (simulated)"\n', nowMs),
      );
    }
  }
  let current = root;
  for (const part of splitPath(path)) {
    const present = current.entries.get(part);
    if (present?.kind === 'file') return present;
    const next = present?.kind === 'directory' ? present : directory(nowMs);
    if (present === undefined) current.entries.set(part, next);
    current = next;
  }
  return current;
}

/** What the volume holds that a claim is bound to: a claim of the same name that comes later has another one. */
async function claimed(
  name: string,
  options: EnvironmentOptions,
  shared: Shared,
  nowMs: number,
): Promise<FileNode> {
  const { client } = options;
  const namespace = options.pod.metadata.namespace ?? '';
  const claim = await getOptional(client, PersistentVolumeClaim, namespace, name);
  const volumeName = claim?.spec?.volumeName ?? '';
  if (volumeName === '') return shared.volumes.get(`claim ${namespace}/${name}`);
  const volume = await getOptional(client, PersistentVolume, '', volumeName);
  const path = volume?.spec?.hostPath?.path ?? volume?.spec?.local?.path;
  return path === undefined
    ? shared.volumes.get(volumeName)
    : hostDirectory(shared.node, path, options, nowMs);
}

export interface MountedVolume {
  /** A file where it is one of the node. */
  readonly root: FileNode;
  /** Reads its sources again, for the Pod as it is now; absent where there are none. */
  refresh?(pod: Pod): Promise<void>;
}

/** What a container sees of a volume. */
export async function openVolume(
  volume: Volume,
  options: EnvironmentOptions,
  shared: Shared,
  nowMs: () => number,
): Promise<MountedVolume> {
  const { name = '', hostPath, persistentVolumeClaim } = volume;
  if (hostPath !== undefined)
    return { root: hostDirectory(shared.node, hostPath.path ?? '/', options, nowMs()) };
  if (persistentVolumeClaim !== undefined) {
    const root = await claimed(persistentVolumeClaim.claimName ?? '', options, shared, nowMs());
    const sealed = persistentVolumeClaim.readOnly === true && root.kind === 'directory';
    return { root: sealed ? { ...root, readOnly: true } : root };
  }
  const tokens: HeldTokens = new Map();
  const items = await gather(volume, options, tokens, nowMs());
  const root = shared.pod.get(name);
  root.inMemory =
    volume.emptyDir?.medium === 'Memory' || (items !== undefined && volume.configMap === undefined);
  const group = options.pod.spec?.securityContext?.fsGroup;
  const share = () => group !== undefined && giveToGroup(root, Number(group), items !== undefined);
  if (items === undefined) {
    share();
    return { root };
  }
  root.mode = 0o755;
  root.readOnly = true;
  fill(root, items, nowMs());
  share();
  return {
    root,
    async refresh(pod) {
      fill(root, (await gather(volume, { ...options, pod }, tokens, nowMs())) ?? new Map(), nowMs());
      share();
    },
  };
}
