import { isIp, isIpv6, parseDuration } from '@drydock/base/apimachinery';

type Check = (text: string) => boolean;

const email =
  /^[^\s@<>()[\],;:\\"]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
const hostLabel = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
const uuid = (version: string): RegExp =>
  new RegExp(
    version === '4' || version === '5'
      ? `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`
      : `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version === '' ? '[0-9a-f]' : version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`,
    'i',
  );
const card =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;
const rgb =
  /^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/;
const shortName = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

function matcher(pattern: RegExp): Check {
  return (text) => pattern.test(text);
}

function isHostname(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name !== '' && name.length <= 253 && name.split('.').every((label) => hostLabel.test(label));
}

function isUri(text: string): boolean {
  // As Go's url.ParseRequestURI: absolute, or a path.
  if (/[\s\x00-\x1f\x7f]/.test(text)) return false;
  if (text.startsWith('/')) return true;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) return false;
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(text)?.[1];
  return authority === undefined || /^(?:[^@]*@)?(?:\[[0-9A-Fa-f:.%]+\]|[^:[\]]*)(?::\d*)?$/.test(authority);
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

const dateTime = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?$/;

function isDateTime(text: string): boolean {
  const [, day, hours, minutes, seconds] = dateTime.exec(text) ?? [];
  return (
    day !== undefined && isDate(day) && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60
  );
}

const wordyDuration =
  /^\s*\d+(?:\.\d+)?\s*(?:ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hr|hours?|d|days?|w|wks?|weeks?)\s*$/;

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return wordyDuration.test(text);
  }
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  return (
    [...digits].reduce((sum, one, at) => sum + (10 - at) * (one === 'X' ? 10 : Number(one)), 0) % 11 === 0
  );
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  return [...digits].reduce((sum, one, at) => sum + Number(one) * (at % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (!card.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, one, at) => {
    const twice = Number(one) * (at % 2 === 0 ? 1 : 2);
    return total + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return sum % 10 === 0;
}

function isCidr(text: string): boolean {
  const [, address = '', bits = ''] = /^(.*)\/(\d{1,3})$/.exec(text) ?? [];
  return isIp(address) && String(Number(bits)) === bits && Number(bits) <= (isIpv6(address) ? 128 : 32);
}

/** By name without dashes, as Kubernetes compares them. */
const checks: Readonly<Record<string, Check>> = {
  bsonobjectid: matcher(/^[0-9a-fA-F]{24}$/),
  uri: isUri,
  email: matcher(email),
  hostname: isHostname,
  ipv4: (text) => isIp(text) && !isIpv6(text),
  ipv6: (text) => isIp(text) && isIpv6(text),
  cidr: isCidr,
  mac: matcher(
    /^(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?:(?::[0-9a-f]{2}){2}|(?::[0-9a-f]{2}){14})?|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}(?:(?:-[0-9a-f]{2}){2}|(?:-[0-9a-f]{2}){14})?|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}(?:\.[0-9a-f]{4})?)$/i,
  ),
  uuid: matcher(uuid('')),
  uuid3: matcher(uuid('3')),
  uuid4: matcher(uuid('4')),
  uuid5: matcher(uuid('5')),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matcher(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matcher(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matcher(rgb),
  byte: matcher(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && shortName.test(text),
  k8slongname: (text) => text.length <= 253 && text.split('.').every((label) => shortName.test(label)),
};

/** The check of a string format; undefined where Kubernetes knows no such format: then any text will do. */
export function stringFormat(name: string): Check | undefined {
  const normal = name.replaceAll('-', '');
  return Object.hasOwn(checks, normal) ? checks[normal] : undefined;
}
