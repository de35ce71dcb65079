import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { StoreEntry, StoreSnapshot } from '@drydock/port/store';

/**
 * A snapshot's file: a line of JSON (`format`, `revision`, `entries`, `sha256` of the rest), then, gzipped, for each entry the
 * lengths of key and value and its revision (4, 4 and 8 bytes, big-endian), the key and the value.
 */
const format = 'drydock-snapshot-1';
const headBytes = 16;

interface Header {
  readonly format: string;
  readonly revision: number;
  readonly entries: number;
  /** Hexadecimal, of the gzipped body. */
  readonly sha256: string;
}

function encodeEntry({ key, value, revision }: StoreEntry): readonly Uint8Array[] {
  const name = Buffer.from(key);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(name.length, 0);
  head.writeUInt32BE(value.length, 4);
  head.writeBigUInt64BE(BigInt(revision), 8);
  return [head, name, value];
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Writes the file whole or not at all, readable to its owner only: it holds the cluster's secrets. */
export function writeSnapshot(file: string, { entries, revision }: StoreSnapshot): void {
  const body = gzipSync(Buffer.concat(entries.flatMap(encodeEntry)), { level: 3 });
  const header: Header = { format, revision, entries: entries.length, sha256: sha256(body) };
  const draft = `${file}.${process.pid}.part`;
  try {
    const to = openSync(draft, 'w', 0o600);
    try {
      for (const part of [Buffer.from(`${JSON.stringify(header)}\n`), body])
        for (let at = 0; at < part.length;) at += writeSync(to, part, at);
      fsyncSync(to);
    } finally {
      closeSync(to);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function parseHeader(line: string): Header | undefined {
  try {
    const header = JSON.parse(line) as Partial<Header>;
    return header.format === format ? (header as Header) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a file back; throws an Error with one line for people when it is not a snapshot, or not a whole one. */
export function readSnapshotFile(file: string): StoreSnapshot {
  const bytes = readFileSync(file);
  const end = bytes.indexOf('\n');
  const header = end < 0 ? undefined : parseHeader(bytes.subarray(0, end).toString());
  if (header === undefined) throw new Error(`${file} is no snapshot of Drydock`);
  const packed = bytes.subarray(end + 1);
  if (sha256(packed) !== header.sha256)
    throw new Error(`${file} is damaged: its checksum is not that of its contents`);
  const body = gunzipSync(packed);
  const entries: StoreEntry[] = [];
  for (let at = 0; at < body.length;) {
    const keyEnd = at + headBytes + body.readUInt32BE(at);
    const valueEnd = keyEnd + body.readUInt32BE(at + 4);
    entries.push({
      key: body.toString('utf8', at + headBytes, keyEnd),
      value: new Uint8Array(body.subarray(keyEnd, valueEnd)),
      revision: Number(body.readBigUInt64BE(at + 8)),
    });
    at = valueEnd;
  }
  if (entries.length !== header.entries)
    throw new Error(`${file} is damaged: it has ${entries.length} of ${header.entries} entries`);
  return { entries, revision: header.revision };
}
