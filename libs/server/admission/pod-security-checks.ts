import type { Container, Pod, PodSpec, SecurityContext, Volume } from '@drydock/api/core/v1';
import { goQuote } from '@drydock/base/apimachinery';

/** A reason why a Pod is not of a level, and what of the Pod it is about. */
export interface SecurityViolation {
  readonly reason: string;
  readonly detail: string;
}

type Meta = Pod['metadata'] | undefined;
type Check = (spec: PodSpec, metadata: Meta) => SecurityViolation | undefined;

const quoted = (items: readonly string[]): string => items.map(goQuote).join(', ');
const plural = (word: string, count: number): string => (count === 1 ? word : `${word}s`);

function containersOf(spec: PodSpec): Container[] {
  return [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...((spec.ephemeralContainers ?? []) as Container[]),
  ];
}

function names(spec: PodSpec, wrong: (container: Container, context: SecurityContext) => boolean): string[] {
  return containersOf(spec)
    .filter((one) => wrong(one, one.securityContext ?? {}))
    .map(({ name = '' }) => name);
}

function about(containers: readonly string[]): string {
  return `${plural('container', containers.length)} ${quoted(containers)}`;
}

const isWindows = ({ os }: PodSpec): boolean => os?.name === 'windows';

/** What containers may be given beyond what they have, at the baseline. */
const baselineCapabilities = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);
const safeSysctls = new Set([
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start'],
  ...['net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_local_reserved_ports'],
  ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl'],
  ...['net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
]);
const restrictedVolumes = new Set([
  ...[
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ],
  'image',
]);
const seLinuxTypes = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

const hostNamespaces: Check = ({ hostNetwork, hostPID, hostIPC }) => {
  const set = Object.entries({ hostNetwork, hostPID, hostIPC }).filter(([, value]) => value === true);
  if (set.length === 0) return undefined;
  return { reason: 'host namespaces', detail: set.map(([name]) => `${name}=true`).join(', ') };
};

const privileged: Check = (spec) => {
  const bad = names(spec, (_one, context) => context.privileged === true);
  return bad.length === 0
    ? undefined
    : { reason: 'privileged', detail: `${about(bad)} must not set securityContext.privileged=true` };
};

const baselineAdds: Check = (spec) => {
  const odd = new Set<string>();
  const bad = names(spec, (_one, { capabilities }) => {
    const added = (capabilities?.add ?? []).filter((name) => !baselineCapabilities.has(name));
    for (const name of added) odd.add(name);
    return added.length > 0;
  });
  if (bad.length === 0) return undefined;
  const detail = `${about(bad)} must not include ${quoted([...odd].sort())} in securityContext.capabilities.add`;
  return { reason: 'non-default capabilities', detail };
};

const hostPath: Check = ({ volumes = [] }) => {
  const bad = volumes.filter((one) => one.hostPath !== undefined).map(({ name = '' }) => name);
  if (bad.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${plural('volume', bad.length)} ${quoted(bad)}` };
};

const hostPorts: Check = (spec) => {
  const ports = new Set<number>();
  const bad = names(spec, ({ ports: own = [] }) => {
    const used = own.flatMap(({ hostPort }) => (hostPort ? [hostPort] : []));
    for (const port of used) ports.add(port);
    return used.length > 0;
  });
  if (bad.length === 0) return undefined;
  const list = [...ports].map(String).sort().join(', ');
  return {
    reason: 'hostPort',
    detail: `${about(bad)} ${bad.length === 1 ? 'uses' : 'use'} ${plural('hostPort', ports.size)} ${list}`,
  };
};

const hostProbes: Check = (spec) => {
  const bad = names(spec, (one) =>
    [
      one.livenessProbe,
      one.readinessProbe,
      one.startupProbe,
      one.lifecycle?.postStart,
      one.lifecycle?.preStop,
    ].some((probe) => Boolean(probe?.httpGet?.host) || Boolean(probe?.tcpSocket?.host)),
  );
  return bad.length === 0
    ? undefined
    : {
        reason: 'probe or lifecycle host',
        detail: `${about(bad)} ${bad.length === 1 ? 'uses' : 'use'} probe or lifecycle hosts`,
      };
};

const appArmor: Check = (spec, metadata) => {
  const set: string[] = [];
  const forbidden: string[] = [];
  const allowed = (type: string | undefined) => type !== 'Unconfined';
  if (!allowed(spec.securityContext?.appArmorProfile?.type)) set.push('pod');
  const bad = names(spec, (_one, context) => !allowed(context.appArmorProfile?.type));
  if (bad.length > 0) set.push(about(bad));
  if (set.length > 0)
    forbidden.push(`${set.join(' and ')} must not set AppArmor profile type to "Unconfined"`);
  const annotations = Object.entries(metadata?.annotations ?? {})
    .filter(
      ([key, value]) => key.startsWith(appArmorPrefix) && !/^($|runtime\/default$|localhost\/)/.test(value),
    )
    .map(([key, value]) => `${key}=${goQuote(value)}`)
    .sort();
  if (annotations.length > 0)
    forbidden.push(`${plural('annotation', annotations.length)} ${annotations.map(goQuote).join(', ')}`);
  return forbidden.length === 0
    ? undefined
    : { reason: plural('forbidden AppArmor profile', forbidden.length), detail: forbidden.join(', ') };
};

const seLinux: Check = (spec) => {
  const wrong = (options: SecurityContext['seLinuxOptions']) =>
    options !== undefined &&
    (!seLinuxTypes.has(options.type ?? '') || Boolean(options.user) || Boolean(options.role));
  const who = wrong(spec.securityContext?.seLinuxOptions) ? ['pod'] : [];
  const bad = names(spec, (_one, context) => wrong(context.seLinuxOptions));
  if (bad.length > 0) who.push(about(bad));
  return who.length === 0
    ? undefined
    : {
        reason: 'seLinuxOptions',
        detail: `${who.join(' and ')} set forbidden securityContext.seLinuxOptions`,
      };
};

const procMount: Check = (spec) => {
  const bad = names(spec, (_one, { procMount: type }) => type !== undefined && type !== 'Default');
  return bad.length === 0
    ? undefined
    : { reason: 'procMount', detail: `${about(bad)} must not set securityContext.procMount to "Unmasked"` };
};

const baselineSeccomp: Check = (spec) => {
  const who = spec.securityContext?.seccompProfile?.type === 'Unconfined' ? ['pod'] : [];
  const bad = names(spec, (_one, context) => context.seccompProfile?.type === 'Unconfined');
  if (bad.length > 0) who.push(about(bad));
  if (who.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `${who.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined"`,
  };
};

const sysctls: Check = ({ securityContext }) => {
  const bad = (securityContext?.sysctls ?? [])
    .map(({ name = '' }) => name)
    .filter((name) => !safeSysctls.has(name));
  return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.sort().join(', ') };
};

const windowsHost: Check = (spec) => {
  const wrong = (context: SecurityContext | undefined) => context?.windowsOptions?.hostProcess === true;
  const who = wrong(spec.securityContext as SecurityContext | undefined) ? ['pod'] : [];
  const bad = names(spec, (_one, context) => wrong(context));
  if (bad.length > 0) who.push(about(bad));
  return who.length === 0
    ? undefined
    : {
        reason: 'hostProcess',
        detail: `${who.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`,
      };
};

const escalation: Check = (spec) => {
  if (isWindows(spec)) return undefined;
  const bad = names(spec, (_one, context) => context.allowPrivilegeEscalation !== false);
  return bad.length === 0
    ? undefined
    : {
        reason: 'allowPrivilegeEscalation != false',
        detail: `${about(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      };
};

const restrictedCapabilities: Check = (spec) => {
  if (isWindows(spec)) return undefined;
  const odd = new Set<string>();
  const keeping = names(spec, (_one, { capabilities }) => !(capabilities?.drop ?? []).includes('ALL'));
  const adding = names(spec, (_one, { capabilities }) => {
    const added = (capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
    for (const name of added) odd.add(name);
    return added.length > 0;
  });
  const details: string[] = [];
  if (keeping.length > 0)
    details.push(`${about(keeping)} must set securityContext.capabilities.drop=["ALL"]`);
  if (adding.length > 0) {
    details.push(
      `${about(adding)} must not include ${quoted([...odd].sort())} in securityContext.capabilities.add`,
    );
  }
  return details.length === 0
    ? undefined
    : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

function volumeType(volume: Volume): string {
  return (
    Object.keys(volume).find((key) => key !== 'name' && (volume as never)[key] !== undefined) ?? 'emptyDir'
  );
}

const volumeTypes: Check = ({ volumes = [] }) => {
  const bad = volumes.filter((one) => !restrictedVolumes.has(volumeType(one)));
  if (bad.length === 0) return undefined;
  const types = [...new Set(bad.map(volumeType))].sort();
  const which = `${plural('volume', bad.length)} ${quoted(bad.map(({ name = '' }) => name))}`;
  const verb = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'restricted volume types',
    detail: `${which} ${verb} restricted volume ${plural('type', types.length)} ${quoted(types)}`,
  };
};

const nonRoot: Check = (spec) => {
  const pod = spec.securityContext?.runAsNonRoot;
  const refusing = names(spec, (_one, context) => context.runAsNonRoot === false);
  const silent = names(spec, (_one, context) => context.runAsNonRoot === undefined);
  const who: string[] = [];
  if (pod === false) who.push('pod');
  if (refusing.length > 0) who.push(about(refusing));
  if (who.length > 0)
    return {
      reason: 'runAsNonRoot != true',
      detail: `${who.join(' and ')} must not set securityContext.runAsNonRoot=false`,
    };
  if (pod === true || silent.length === 0) return undefined;
  return {
    reason: 'runAsNonRoot != true',
    detail: `pod or ${about(silent)} must set securityContext.runAsNonRoot=true`,
  };
};

const runAsUser: Check = (spec) => {
  const who = spec.securityContext?.runAsUser === 0 ? ['pod'] : [];
  const bad = names(spec, (_one, context) => context.runAsUser === 0);
  if (bad.length > 0) who.push(about(bad));
  return who.length === 0
    ? undefined
    : { reason: 'runAsUser=0', detail: `${who.join(' and ')} must not set runAsUser=0` };
};

const restrictedSeccomp: Check = (spec) => {
  if (isWindows(spec)) return undefined;
  const good = (type: string | undefined) => type === 'RuntimeDefault' || type === 'Localhost';
  const pod = spec.securityContext?.seccompProfile?.type;
  const who = pod !== undefined && !good(pod) ? ['pod'] : [];
  const bad = names(
    spec,
    (_one, { seccompProfile }) => seccompProfile !== undefined && !good(seccompProfile.type),
  );
  if (bad.length > 0) who.push(about(bad));
  if (who.length > 0) {
    const detail = `${who.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined"`;
    return { reason: 'seccompProfile', detail };
  }
  const silent = names(spec, (_one, { seccompProfile }) => seccompProfile === undefined);
  if (good(pod) || silent.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${about(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
};

const baseline: readonly Check[] = [
  ...[appArmor, baselineAdds, hostNamespaces, hostPath, hostPorts, hostProbes],
  ...[privileged, procMount, seLinux, baselineSeccomp, sysctls, windowsHost],
];
/** What the restricted level says more strictly takes the place of what the baseline says. */
const restricted: readonly Check[] = [
  ...[
    appArmor,
    hostNamespaces,
    hostPath,
    hostPorts,
    hostProbes,
    privileged,
    procMount,
    seLinux,
    sysctls,
    windowsHost,
  ],
  ...[escalation, restrictedCapabilities, volumeTypes, nonRoot, runAsUser, restrictedSeccomp],
];

export type SecurityLevel = 'privileged' | 'baseline' | 'restricted';

/** Why a Pod is not of a level of the Pod Security Standards; empty when it is. */
export function securityViolations(
  level: SecurityLevel,
  spec: PodSpec | undefined,
  metadata: Meta,
): readonly SecurityViolation[] {
  if (spec === undefined || level === 'privileged') return [];
  return (level === 'baseline' ? baseline : restricted)
    .map((check) => check(spec, metadata))
    .filter((one) => one !== undefined);
}
