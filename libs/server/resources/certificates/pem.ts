/** One block of a PEM text: its label, and whether headers stand before the data. */
interface PemBlock {
  readonly label: string;
  readonly headers: boolean;
}

function decodeBase64(text: string): string | undefined {
  try {
    return atob(text);
  } catch {
    return undefined;
  }
}

function blocksOf(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const pattern = /-----BEGIN ([^-\n]*)-----\r?\n([^-]*)-----END \1-----/g;
  for (const [, label = '', body = ''] of text.matchAll(pattern)) {
    const headers = body.includes(':');
    if (headers || decodeBase64(body.replace(/\s/g, '')) !== undefined) blocks.push({ label, headers });
  }
  return blocks;
}

/** What is wrong with a base64-wrapped PEM signing request; undefined when nothing is. The signature is not checked. */
export function signingRequestProblem(base64: string | undefined): string | undefined {
  const text = decodeBase64(base64 ?? '') ?? '';
  const [block] = blocksOf(text);
  return block?.label === 'CERTIFICATE REQUEST' ? undefined : 'PEM block type must be CERTIFICATE REQUEST';
}

/** What is wrong with base64-wrapped PEM certificates; undefined when nothing is. Empty passes. */
export function certificateProblem(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64 === '') return undefined;
  const blocks = blocksOf(decodeBase64(base64) ?? '');
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { label, headers } of blocks) {
    if (label !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${label}"`;
    if (headers) return 'no PEM block headers are permitted';
  }
  return undefined;
}
