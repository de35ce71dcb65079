/** One block of a PEM text: its label, and whether headers stand before the data. */
export interface PemBlock {
  readonly label: string;
  readonly headers: boolean;
}

/** The bytes of a base64 text, one a character; undefined where it is none. */
export function binaryOfBase64(text = ''): string | undefined {
  try {
    return atob(text);
  } catch {
    return undefined;
  }
}

const beginning = /-----BEGIN ([^-\n]*)-----\r?\n/g;
const ending = '-----END ';

/** The blocks of a PEM text, in order. */
export function pemBlocksOf(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  // The ends are found once each, so that beginnings without an end cost nothing.
  let end = -1;
  let done = 0;
  for (const match of text.matchAll(beginning)) {
    const [whole, label = ''] = match;
    const start = match.index + whole.length;
    if (match.index < done) continue;
    if (end < start) end = text.indexOf(ending, start);
    if (end === -1) break;
    if (!text.startsWith(`${label}-----`, end + ending.length)) continue;
    const body = text.slice(start, end);
    done = end;
    const headers = body.includes(':');
    if (headers || binaryOfBase64(body.replace(/\s/g, '')) !== undefined) blocks.push({ label, headers });
  }
  return blocks;
}
