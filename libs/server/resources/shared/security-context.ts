import {
  byteLength,
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooLong,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { PodSpec, SeccompProfile, SecurityContext } from '@drydock/api/core/v1';
import { optionalOneOf } from '../common/index.ts';
import { descendingPathErrors } from './paths.ts';
import { windowsOptionErrors } from './windows-options.ts';

const maxId = 2 ** 31 - 1;
const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const sysctlName = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const maxSysctlLength = 253;
const maxProfileBytes = 4095;
/** Settings of the kernel that belong to one namespace of it. */
const ofNetwork = /^net[./]/;
const ofIpc = /^(fs[./]mqueue[./]|kernel[./](shm|msg|sem))/;

/** A number of a user or group; absent passes. */
function idErrors(id: number | undefined, where: FieldPath): FieldError[] {
  return id !== undefined && (id < 0 || id > maxId)
    ? [invalidValue(where, id, `must be between 0 and ${maxId}, inclusive`)]
    : [];
}

function seccompErrors(profile: SeccompProfile | undefined, where: FieldPath): FieldError[] {
  if (profile === undefined || profile === null) return [];
  const { type = '', localhostProfile } = profile;
  const errors: FieldError[] = [];
  const at = where.child('type');
  if (type === '') errors.push(required(at, 'type is required when seccompProfile is set'));
  else if (!profileTypes.includes(type)) errors.push(notSupported(at, type, profileTypes));
  const local = where.child('localhostProfile');
  if (type === 'Localhost') {
    if (localhostProfile === undefined)
      errors.push(required(local, 'must be set when seccomp type is Localhost'));
    else errors.push(...descendingPathErrors(localhostProfile, local));
  } else if (localhostProfile !== undefined) {
    errors.push(invalidValue(local, localhostProfile, 'can only be set when seccomp type is Localhost'));
  }
  return errors;
}

function appArmorErrors(profile: SeccompProfile | undefined, where: FieldPath): FieldError[] {
  if (profile === undefined || profile === null) return [];
  const { type = '', localhostProfile } = profile;
  const local = where.child('localhostProfile');
  const set = (localhostProfile ?? undefined) !== undefined;
  switch (type) {
    case 'Localhost':
      if (!set) return [required(local, 'must be set when AppArmor type is Localhost')];
      if (localhostProfile?.trim() !== localhostProfile)
        return [invalidValue(local, localhostProfile, 'must not be padded with whitespace')];
      if (localhostProfile === '') return [required(local, 'must be set when AppArmor type is Localhost')];
      return byteLength(localhostProfile ?? '') > maxProfileBytes ? [tooLong(local, maxProfileBytes)] : [];
    case 'RuntimeDefault':
    case 'Unconfined':
      return set
        ? [invalidValue(local, localhostProfile, 'can only be set when AppArmor type is Localhost')]
        : [];
    case '':
      return [required(where.child('type'), 'type is required when appArmorProfile is set')];
    default:
      return [notSupported(where.child('type'), type, profileTypes)];
  }
}

/** What a container may do. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  where: FieldPath,
): FieldError[] {
  if (context === undefined || context === null) return [];
  const errors = [
    ...idErrors(context.runAsUser, where.child('runAsUser')),
    ...idErrors(context.runAsGroup, where.child('runAsGroup')),
    ...optionalOneOf(context.procMount, ['Default', 'Unmasked'], where.child('procMount')),
    ...seccompErrors(context.seccompProfile, where.child('seccompProfile')),
  ];
  if (context.allowPrivilegeEscalation === false) {
    const refuse = (what: string) =>
      invalidValue(where, context, `cannot set \`allowPrivilegeEscalation\` to false and ${what}`);
    if (context.privileged === true) errors.push(refuse('`privileged` to true'));
    for (const capability of context.capabilities?.add ?? [])
      if (capability === 'CAP_SYS_ADMIN') errors.push(refuse('`capabilities.Add` CAP_SYS_ADMIN'));
  }
  return [
    ...errors,
    ...windowsOptionErrors(context.windowsOptions, where.child('windowsOptions')),
    ...appArmorErrors(context.appArmorProfile, where.child('appArmorProfile')),
  ];
}

function sysctlErrors(spec: PodSpec, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  spec.securityContext?.sysctls?.forEach(({ name = '' }, index) => {
    const at = where.index(index).child('name');
    if (name === '') errors.push(required(at));
    else if (name.length > maxSysctlLength || !sysctlName.test(name)) {
      const detail = `must have at most ${maxSysctlLength} characters and match regex ${sysctlName.source}`;
      errors.push(invalidValue(at, name, detail));
    } else if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
    if (spec.hostNetwork === true && ofNetwork.test(name))
      errors.push(invalidValue(at, name, "may not be specified when 'hostNetwork' is true"));
    else if (spec.hostIPC === true && ofIpc.test(name))
      errors.push(invalidValue(at, name, "may not be specified when 'hostIPC' is true"));
  });
  return errors;
}

const sharesBoth = 'ShareProcessNamespace and HostPID cannot both be enabled';

/** What all containers of a Pod may do, and the host's namespaces it joins. */
export function validatePodSecurity(spec: PodSpec, where: FieldPath): FieldError[] {
  const context = spec.securityContext ?? {};
  const at = where.child('securityContext');
  const errors = [
    ...idErrors(context.fsGroup, at.child('fsGroup')),
    ...idErrors(context.runAsUser, at.child('runAsUser')),
    ...idErrors(context.runAsGroup, at.child('runAsGroup')),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      idErrors(group, at.child('supplementalGroups').index(index)),
    ),
    ...(spec.shareProcessNamespace === true && spec.hostPID === true
      ? [invalidValue(at.child('shareProcessNamespace'), true, sharesBoth)]
      : []),
    ...sysctlErrors(spec, at.child('sysctls')),
    ...optionalOneOf(
      context.fsGroupChangePolicy,
      ['Always', 'OnRootMismatch'],
      at.child('fsGroupChangePolicy'),
    ),
    ...seccompErrors(context.seccompProfile, at.child('seccompProfile')),
    ...windowsOptionErrors(context.windowsOptions, at.child('windowsOptions')),
    ...appArmorErrors(context.appArmorProfile, at.child('appArmorProfile')),
    ...optionalOneOf(
      context.supplementalGroupsPolicy,
      ['Merge', 'Strict'],
      at.child('supplementalGroupsPolicy'),
    ),
  ];
  return errors;
}
