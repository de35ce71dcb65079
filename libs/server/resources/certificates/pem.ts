import { binaryOfBase64, pemBlocksOf } from '../common/index.ts';

/** What is wrong with a base64-wrapped PEM signing request; undefined when nothing is. The signature is not checked. */
export function signingRequestProblem(base64: string | undefined): string | undefined {
  const text = binaryOfBase64(base64 ?? '') ?? '';
  const [block] = pemBlocksOf(text);
  return block?.label === 'CERTIFICATE REQUEST' ? undefined : 'PEM block type must be CERTIFICATE REQUEST';
}

/** What is wrong with base64-wrapped PEM certificates; undefined when nothing is. Empty passes. */
export function certificateProblem(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64 === '') return undefined;
  const blocks = pemBlocksOf(binaryOfBase64(base64) ?? '');
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { label, headers } of blocks) {
    if (label !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${label}"`;
    if (headers) return 'no PEM block headers are permitted';
  }
  return undefined;
}
