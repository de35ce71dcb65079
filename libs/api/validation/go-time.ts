import { formatTime, goQuote, tryParseTime } from '@drydock/base/apimachinery';

/** The parts of Go's RFC 3339 layout, as its parser reads them one after another. */
const parts: readonly (readonly [layout: string, pattern: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d{2}/],
  ['-', /^-/],
  ['02', /^\d{2}/],
  ['T', /^T/],
  ['15', /^\d{2}/],
  [':', /^:/],
  ['04', /^\d{2}/],
  [':', /^:/],
  ['05', /^\d{2}([.,]\d+)?/],
  ['Z07:00', /^(Z|[+-]\d{2}:\d{2})/],
];
/** Microseconds are told with all their digits. */
const microParts: typeof parts = [
  ...parts.slice(0, -2),
  ['05', /^\d{2}/],
  ['.000000', /^[.,]\d{6}/],
  ...parts.slice(-1),
];

const secondsInUtc = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const micros = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[.,](\d{6})(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * The form in which a time is kept: UTC, whole seconds (`metav1.Time`), or six digits of fraction where `micro`
 * (`metav1.MicroTime`, which takes no other number of digits). Undefined for what is no such time.
 */
export function canonicalTime(text: string, micro: boolean): string | undefined {
  const time = tryParseTime(text);
  const fraction = micro ? micros.exec(text)?.[1] : undefined;
  if (time === undefined || (micro && fraction === undefined) || /[tz]/.test(text)) return undefined;
  if (!micro) return secondsInUtc.test(text) ? text : formatTime(time);
  return `${formatTime(time).slice(0, -1)}.${fraction}Z`;
}

/** What Go's time parser says of a text that is no RFC 3339 time. */
export function goTimeError(text: string, micro: boolean): string {
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
  const failed = `parsing time ${goQuote(text)}`;
  let rest = text;
  for (const [element, pattern] of micro ? microParts : parts) {
    const found = pattern.exec(rest);
    if (found === null) return `${failed} as "${layout}": cannot parse ${goQuote(rest)} as "${element}"`;
    rest = rest.slice(found[0].length);
  }
  if (rest !== '') return `${failed}: extra text: ${goQuote(rest)}`;
  const [, month, day, hour, minute] = /^\d+-(\d+)-(\d+)T(\d+):(\d+)/.exec(text)?.map(Number) ?? [];
  if (month === undefined || month < 1 || month > 12) return `${failed}: month out of range`;
  if (day === undefined || day < 1 || day > 31) return `${failed}: day out of range`;
  if ((hour ?? 0) > 23) return `${failed}: hour out of range`;
  if ((minute ?? 0) > 59) return `${failed}: minute out of range`;
  return `${failed}: day out of range`;
}
