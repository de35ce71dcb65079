/** Tags of DER (X.690) that stand before the end of a certificate. */
const [integer, utcTime, generalizedTime, sequence, version] = [0x02, 0x17, 0x18, 0x30, 0xa0];

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** What follows. */
  readonly rest: Uint8Array;
}

function element(bytes: Uint8Array): Element {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw malformed();
  let length = first;
  let start = 2;
  if (first >= 0x80) {
    const digits = bytes.subarray(2, 2 + (first & 0x7f));
    if (digits.length === 0 || digits.length > 4) throw malformed();
    length = digits.reduce((sum, byte) => sum * 256 + byte, 0);
    start += digits.length;
  }
  if (start + length > bytes.length) throw malformed();
  return {
    tag,
    content: bytes.subarray(start, start + length),
    rest: bytes.subarray(start + length),
  };
}

function expected(bytes: Uint8Array, tag: number): Element {
  const found = element(bytes);
  if (found.tag !== tag) throw malformed();
  return found;
}

const malformed = () => new Error('unable to parse certificate data: x509: malformed certificate');

function timeOf({ tag, content }: Element): number {
  const text = String.fromCharCode(...content);
  const digits = /^\d+Z$/.test(text) ? text.slice(0, -1) : '';
  let year = digits.slice(0, -10);
  if (tag === utcTime && year.length === 2) year = `${Number(year) < 50 ? '20' : '19'}${year}`;
  else if (tag !== generalizedTime) throw malformed();
  const [month, day, hour, minute, second] = digits.slice(-10).match(/../g) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (year.length !== 4 || Number.isNaN(ms)) throw malformed();
  return ms;
}

/**
 * When the first certificate of a PEM text ends, milliseconds since the epoch.
 * @throws Error when there is none that can be read
 */
export function notAfterMs(pem: string): number {
  const block = /-----BEGIN [^-]+-----([A-Za-z0-9+/=\s]+)-----END [^-]+-----/.exec(pem)?.[1];
  if (block === undefined)
    throw new Error('expected the certificate associated with the CSR to be PEM encoded');
  const bytes = Uint8Array.from(atob(block.replace(/\s/g, '')), (char) => char.charCodeAt(0));
  let { content: left } = expected(expected(bytes, sequence).content, sequence);
  const head = element(left);
  if (head.tag === version) left = head.rest;
  // Serial number, algorithm and issuer; then both ends.
  for (const tag of [integer, sequence, sequence]) left = expected(left, tag).rest;
  const begin = element(expected(left, sequence).content);
  return timeOf(element(begin.rest));
}
