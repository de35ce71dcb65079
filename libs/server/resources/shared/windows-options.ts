import {
  byteLength,
  invalidValue,
  validateDns1123Subdomain,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { PodSpec, WindowsSecurityContextOptions } from '@drydock/api/core/v1';
import { textErrors } from '../common/index.ts';

const maxSpecKib = 64;
const maxDomainBytes = 256;
const maxUserBytes = 104;
const control = /[\u0000-\u001f\u007f]/;
/** A domain by its NetBIOS name: 15 characters at most, no dot in front. */
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const dnsName = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);
const badUser = /["/\\:;|=,+*?<>@[\]]/;
const dotsAndSpaces = /^[. ]+$/;

/** What is wrong with a user's name: `user` or `DOMAIN\user`. */
function userMessages(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (control.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const messages: string[] = [];
  if (domain !== undefined && byteLength(domain) >= maxDomainBytes)
    messages.push(`runAsUserName's Domain length must be under ${maxDomainBytes} characters`);
  if (domain !== undefined && !netBios.test(domain) && !dnsName.test(domain))
    messages.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') messages.push("runAsUserName's User cannot be empty");
  else if (byteLength(user) > maxUserBytes)
    messages.push(`runAsUserName's User length must not be longer than ${maxUserBytes} characters`);
  if (dotsAndSpaces.test(user)) messages.push("runAsUserName's User cannot contain only periods or spaces");
  if (badUser.test(user))
    messages.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  return messages;
}

function specMessages(spec: string): string[] {
  if (spec === '') return ['gmsaCredentialSpec cannot be an empty string'];
  return byteLength(spec) > maxSpecKib * 1024
    ? [`gmsaCredentialSpec size must be under ${maxSpecKib} KiB`]
    : [];
}

/** Who a container of Windows runs as. */
export function windowsOptionErrors(
  options: WindowsSecurityContextOptions | undefined,
  where: FieldPath,
): FieldError[] {
  const checks = {
    gmsaCredentialSpecName: validateDns1123Subdomain,
    gmsaCredentialSpec: specMessages,
    runAsUserName: userMessages,
  } as const;
  return (Object.keys(checks) as (keyof typeof checks)[]).flatMap((field) => {
    const value = options?.[field] ?? undefined;
    return value === undefined ? [] : textErrors(checks[field](value), value, where.child(field));
  });
}

/** Containers that are processes of the node: all of a Pod or none, and in the node's network. */
export function hostProcessErrors(spec: PodSpec, where: FieldPath): FieldError[] {
  const whole = spec.securityContext?.windowsOptions?.hostProcess ?? undefined;
  const errors: FieldError[] = [];
  let containers = 0;
  let processes = 0;
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    spec[list]?.forEach(({ securityContext }, index) => {
      const own = securityContext?.windowsOptions?.hostProcess ?? undefined;
      containers += 1;
      if (whole !== undefined && own !== undefined && whole !== own) {
        const at = where.child(list).index(index).child('securityContext', 'windowsOptions', 'hostProcess');
        const detail = `pod hostProcess value must be identical if both are specified, was ${whole}`;
        errors.push(invalidValue(at, own, detail));
      }
      if (own ?? whole ?? false) processes += 1;
    });
  }
  if (processes === 0) return errors;
  if (processes !== containers) {
    const detail =
      'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.push(invalidValue(where, '', detail));
  }
  if (spec.hostNetwork !== true) {
    const detail = 'hostNetwork must be true if pod contains any hostProcess containers';
    errors.push(invalidValue(where.child('hostNetwork'), false, detail));
  }
  return errors;
}
