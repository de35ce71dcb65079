import { concatBytes } from '@drydock/base/streams';
import { decoder, encoder } from './io.ts';

/** One member of an archive (POSIX ustar, with pax and GNU long names). */
export interface TarHeader {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'hard-link' | 'other';
  readonly mode: number;
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkName: string;
}

export class TarError extends Error {
  override readonly name = 'TarError';
}

export const blockBytes = 512;
const maxMetadataBytes = 1024 * 1024;

const typeFlags: Readonly<Record<TarHeader['kind'], string>> = {
  file: '0',
  'hard-link': '1',
  link: '2',
  directory: '5',
  other: '0',
};

export function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function rawHeader(header: TarHeader, flag: string, name: Uint8Array, linkName: Uint8Array): Uint8Array {
  const block = new Uint8Array(blockBytes);
  const octal = (value: number, at: number, length: number) =>
    block.set(
      encoder.encode(
        Math.max(0, Math.floor(value))
          .toString(8)
          .padStart(length - 1, '0'),
      ),
      at,
    );
  block.set(name.subarray(0, 100), 0);
  octal(header.mode & 0o7777, 100, 8);
  octal(header.uid, 108, 8);
  octal(header.gid, 116, 8);
  octal(header.size, 124, 12);
  octal(header.mtimeSeconds, 136, 12);
  block.fill(32, 148, 156);
  block[156] = flag.charCodeAt(0);
  block.set(linkName.subarray(0, 100), 157);
  block.set(encoder.encode('ustar\u000000'), 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(encoder.encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return block;
}

function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  const bytes = encoder.encode(body).length;
  let length = bytes + String(bytes).length;
  if (String(length).length !== String(bytes).length) length = bytes + String(length).length;
  return `${length}${body}`;
}

/** The header of a member; a pax header goes before it where a name does not fit. */
export function formatTarHeader(header: TarHeader): Uint8Array {
  const name = encoder.encode(header.name);
  const linkName = encoder.encode(header.linkName);
  const records =
    (name.length > 100 ? paxRecord('path', header.name) : '') +
    (linkName.length > 100 ? paxRecord('linkpath', header.linkName) : '');
  const parts: Uint8Array[] = [];
  if (records !== '') {
    const bytes = encoder.encode(records);
    const extended: TarHeader = { ...header, size: bytes.length, kind: 'file', mode: 0o644 };
    parts.push(rawHeader(extended, 'x', encoder.encode('././@PaxHeader'), new Uint8Array()), bytes);
    parts.push(new Uint8Array(padding(bytes.length)));
  }
  parts.push(rawHeader(header, typeFlags[header.kind], name, linkName));
  return concatBytes(parts);
}

function text(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

function number(block: Uint8Array, at: number, length: number): number {
  // Large values are in base 256, marked by the first bit.
  if ((block[at]! & 0x80) !== 0) {
    let value = 0;
    for (let index = 1; index < length; index++) value = value * 256 + block[at + index]!;
    return value;
  }
  const digits = text(block, at, length).trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw new TarError('invalid tar header');
  return Number.parseInt(digits, 8);
}

export interface TarReader {
  /** The next member; undefined at the end. What is left of the last one's content is skipped. */
  next(): Promise<TarHeader | undefined>;
  /** The next piece of the member's content; undefined when it is all read. */
  content(): Promise<Uint8Array | undefined>;
}

function paxValues(bytes: Uint8Array): Map<string, string> {
  const values = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(32, at);
    const length = space < 0 ? 0 : Number(decoder.decode(bytes.subarray(at, space)));
    if (!(length > 0) || at + length > bytes.length) break;
    const record = decoder.decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    values.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return values;
}

/** Reads an archive as it comes. */
export function createTarReader(read: () => Promise<Uint8Array | undefined>): TarReader {
  let buffer: Uint8Array = new Uint8Array();
  let left = 0;
  let pad = 0;

  async function fill(): Promise<boolean> {
    const bytes = await read();
    if (bytes === undefined) return false;
    buffer = buffer.length === 0 ? bytes : concatBytes([buffer, bytes]);
    return true;
  }
  async function exactly(count: number): Promise<Uint8Array | undefined> {
    while (buffer.length < count) if (!(await fill())) return undefined;
    const part = buffer.subarray(0, count);
    buffer = buffer.subarray(count);
    return part;
  }

  const reader: TarReader = {
    async content() {
      if (left === 0) return undefined;
      if (buffer.length === 0 && !(await fill())) throw new TarError('short read');
      const part = buffer.subarray(0, left);
      buffer = buffer.subarray(part.length);
      left -= part.length;
      return part;
    },
    async next() {
      while ((await reader.content()) !== undefined);
      if (pad > 0) await exactly(pad);
      pad = 0;
      let extended = new Map<string, string>();
      for (;;) {
        const block = await exactly(blockBytes);
        if (block === undefined) {
          if (buffer.length > 0) throw new TarError('short read');
          return undefined;
        }
        if (block.every((byte) => byte === 0)) {
          // The rest is padding: it is taken so that its writer does not break.
          buffer = new Uint8Array();
          while ((await read()) !== undefined);
          return undefined;
        }
        const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
        if (number(block, 148, 8) !== sum) throw new TarError('invalid tar header checksum');
        const size = number(block, 124, 12);
        const flag = String.fromCharCode(block[156]!);
        if ('xgLK'.includes(flag)) {
          if (size > maxMetadataBytes) throw new TarError('invalid tar header');
          const data = await exactly(size + padding(size));
          if (data === undefined) throw new TarError('short read');
          const value = data.subarray(0, size);
          if (flag === 'x') extended = new Map([...extended, ...paxValues(value)]);
          else if (flag === 'L') extended.set('path', decoder.decode(value).replace(/\0+$/, ''));
          else if (flag === 'K') extended.set('linkpath', decoder.decode(value).replace(/\0+$/, ''));
          continue;
        }
        const prefix = text(block, 257, 5) === 'ustar' && block[262] === 0 ? text(block, 345, 155) : '';
        const short = text(block, 0, 100);
        const name = extended.get('path') ?? (prefix === '' ? short : `${prefix}/${short}`);
        const kinds: Readonly<Record<string, TarHeader['kind']>> = {
          '0': 'file',
          '\0': 'file',
          '7': 'file',
          '1': 'hard-link',
          '2': 'link',
          '5': 'directory',
        };
        let kind = kinds[flag] ?? 'other';
        if (kind === 'file' && name.endsWith('/')) kind = 'directory';
        left = kind === 'file' || kind === 'other' ? Number(extended.get('size') ?? size) : 0;
        pad = padding(left);
        return {
          name,
          kind,
          mode: number(block, 100, 8) & 0o7777,
          size: left,
          mtimeSeconds: Number(extended.get('mtime') ?? number(block, 136, 12)),
          uid: number(block, 108, 8),
          gid: number(block, 116, 8),
          linkName: extended.get('linkpath') ?? text(block, 157, 100),
        };
      }
    },
  };
  return reader;
}
