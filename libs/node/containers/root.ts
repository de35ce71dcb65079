import { type Pod } from '@drydock/api/core/v1';
import {
  baseName,
  device,
  directory,
  file,
  link,
  splitPath,
  type Directory,
  type FileNode,
  type FileSystem,
} from '../files/index.ts';
import { webServerOf, welcomePage } from '../pods/index.ts';
import type { ContainerHost } from '../shell/index.ts';
import { hostsOfNode, openVolume, type MountedVolume, type Shared } from './volumes.ts';
import { substitute, type EnvironmentOptions } from './environment.ts';

const osRelease = `NAME="Drydock"
ID=drydock
PRETTY_NAME="Drydock simulated container"
VERSION_ID="1"
`;

/** Name servers as the kubelet writes them for Pods that use the cluster's. */
function resolverConfig(pod: Pod, clusterDns: string): string {
  const { dnsPolicy = 'ClusterFirst', dnsConfig } = pod.spec ?? {};
  const cluster = dnsPolicy.startsWith('ClusterFirst');
  const namespace = pod.metadata.namespace ?? 'default';
  const servers = [
    ...(cluster ? [clusterDns] : dnsPolicy === 'None' ? [] : ['1.1.1.1']),
    ...(dnsConfig?.nameservers ?? []),
  ];
  const searches = [
    ...(cluster ? [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local'] : []),
    ...(dnsConfig?.searches ?? []),
  ];
  const options = [
    ...(cluster ? ['ndots:5'] : []),
    ...(dnsConfig?.options ?? []).map(({ name, value }) => (value === undefined ? name : `${name}:${value}`)),
  ];
  const lines: string[] = [];
  if (searches.length > 0) lines.push(`search ${searches.join(' ')}`);
  lines.push(...servers.map((server) => `nameserver ${server}`));
  if (options.length > 0) lines.push(`options ${options.join(' ')}`);
  return `${lines.join('\n')}\n`;
}

function hostsFile({ pod, podIp, hostname }: EnvironmentOptions): string {
  const subdomain = pod.spec?.subdomain ?? '';
  const qualified =
    subdomain === ''
      ? ''
      : `${hostname}.${subdomain}.${pod.metadata.namespace ?? 'default'}.svc.cluster.local\t`;
  const aliases = (pod.spec?.hostAliases ?? []).map(
    ({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}\n`,
  );
  const { hostNetwork } = pod.spec ?? {};
  if (hostNetwork === true)
    return `# Kubernetes-managed hosts file (host network).\n${hostsOfNode}${aliases.join('')}`;
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${podIp}\t${qualified}${hostname}
${aliases.length === 0 ? '' : `\n# Entries added by HostAliases.\n${aliases.join('')}`}`;
}

function seedProc(fs: FileSystem, host: ContainerHost, command: readonly string[], nowMs: number): void {
  const generated = (path: string, generate: () => string) =>
    fs.mount(path, file('', nowMs, { mode: 0o444, generate }));
  const upSeconds = () => ((host.clock.now() - host.startedAtMs) / 1000).toFixed(2);
  generated('/proc/uptime', () => `${upSeconds()} ${upSeconds()}\n`);
  generated('/proc/loadavg', () => `0.00 0.00 0.00 1/${host.processes.size} 1\n`);
  generated(
    '/proc/meminfo',
    () => 'MemTotal:       33554432 kB\nMemFree:        25165824 kB\nMemAvailable:   29360128 kB\n',
  );
  generated('/proc/cpuinfo', () =>
    Array.from({ length: 8 }, (_, at) => `processor\t: ${at}\nmodel name\t: Drydock\n\n`).join(''),
  );
  generated('/proc/version', () => 'Linux version 6.12.0-drydock\n');
  generated(
    '/proc/mounts',
    () => 'overlay / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n',
  );
  generated('/proc/filesystems', () => 'nodev\tproc\nnodev\ttmpfs\nnodev\toverlay\n');
  generated('/proc/1/cmdline', () => `${command.join('\0')}\0`);
  generated('/proc/1/comm', () => `${baseName(command[0] ?? 'pause')}\n`);
  generated('/proc/1/cgroup', () => '0::/\n');
  fs.mount('/proc/self', link('1', nowMs));
}

function seedPrograms(fs: FileSystem, host: ContainerHost, nowMs: number): void {
  for (const name of host.programs.keys()) {
    const path = name.startsWith('/') ? name : `/bin/${name}`;
    fs.mount(path, file('', nowMs, { mode: 0o755, program: name }));
  }
  fs.mount('/usr/bin/env', file('', nowMs, { mode: 0o755, program: 'env' }));
}

export interface RootOptions extends EnvironmentOptions {
  readonly fs: FileSystem;
  readonly host: ContainerHost;
  readonly command: readonly string[];
  /** Of its processes: paths into volumes may be made of it. */
  readonly env: ReadonlyMap<string, string>;
  readonly clusterDns: string;
  readonly shared: Shared;
}

function subPath(root: Directory, path: string, nowMs: number): FileNode {
  let current: FileNode = root;
  for (const part of splitPath(path)) {
    if (part === '..' || current.kind !== 'directory') break;
    const next: FileNode = current.entries.get(part) ?? directory(nowMs, 0o777);
    current.entries.set(part, next);
    current = next;
  }
  return current;
}

/** A mount is a view of the same entries, in which others may write what it may not. */
function mounted(node: FileNode, readOnly: boolean): FileNode {
  if (node.kind === 'directory') return { ...node, readOnly };
  return node.kind === 'file' && readOnly ? { ...node, readOnly } : node;
}

/** Fills a container's file system; answers its volumes that may be read again. */
export async function seedRoot(options: RootOptions): Promise<MountedVolume[]> {
  const { fs, host, pod, container } = options;
  const nowMs = host.clock.now();
  for (const path of [
    '/bin',
    '/usr/bin',
    '/usr/local/bin',
    '/etc',
    '/home',
    '/opt',
    '/root',
    '/run',
    '/srv',
    '/sys',
    '/var/log',
    '/var/run',
  ])
    fs.mkdirAll(path);
  fs.mount('/tmp', directory(nowMs, 0o1777));
  fs.mount('/var/tmp', directory(nowMs, 0o1777));
  seedPrograms(fs, host, nowMs);
  for (const path of ['/dev', '/dev/shm', '/proc'])
    fs.mount(path, mounted(directory(nowMs, path === '/dev/shm' ? 0o1777 : 0o755), false));
  for (const name of ['null', 'zero', 'random', 'tty', 'stdin', 'stdout', 'stderr'] as const)
    fs.mount(`/dev/${name}`, device(name, nowMs));
  fs.mount('/dev/urandom', device('random', nowMs));
  const text = (path: string, content: string, mode = 0o644) =>
    fs.mount(path, file(content, nowMs, { mode }));
  text('/etc/hostname', `${host.hostname}\n`);
  text('/etc/hosts', hostsFile(options));
  text('/etc/resolv.conf', resolverConfig(pod, options.clusterDns));
  text('/etc/os-release', osRelease);
  text('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  text('/etc/group', 'root:x:0:\nnobody:x:65534:\n');
  text('/etc/nsswitch.conf', 'hosts: files dns\n');
  const page = welcomePage(container);
  if (page !== undefined) text(page, '<html><body><h1>It works!</h1></body></html>\n');
  for (const path of webServerOf(container)?.files ?? []) text(path, path.endsWith('.pid') ? '1\n' : '');
  seedProc(fs, host, options.command, nowMs);
  if (container.workingDir !== undefined && container.workingDir !== '') fs.mkdirAll(container.workingDir);
  const terminationLog = file('', nowMs, { mode: 0o666 });
  terminationLog.readOnly = false;
  fs.mount(container.terminationMessagePath || '/dev/termination-log', terminationLog);

  const volumes: MountedVolume[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name);
    if (volume === undefined || mount.mountPath === undefined) continue;
    const opened = await openVolume(volume, options, options.shared, () => host.clock.now());
    volumes.push(opened);
    const { root } = opened;
    const inside = mount.subPathExpr ? substitute(mount.subPathExpr, options.env) : mount.subPath;
    const node = inside && root.kind === 'directory' ? subPath(root, inside, nowMs) : root;
    const sealed = root.kind === 'directory' && root.readOnly === true;
    fs.mount(mount.mountPath, mounted(node, mount.readOnly === true || sealed));
  }
  if (container.securityContext?.readOnlyRootFilesystem === true) fs.root.readOnly = true;
  return volumes;
}
