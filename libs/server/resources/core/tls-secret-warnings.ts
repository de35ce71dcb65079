import { binaryOfBase64, pemBlocksOf } from '../common/index.ts';

const isKey = (label: string): boolean => label === 'PRIVATE KEY' || label.endsWith(' PRIVATE KEY');

function listed(labels: readonly string[]): string {
  return `[${labels.join(' ')}]`;
}

function certificateProblem(labels: readonly string[]): string | undefined {
  if (labels.includes('CERTIFICATE')) return undefined;
  if (labels.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (labels.length === 1 && isKey(labels[0] ?? ''))
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${listed(labels)}`;
}

function keyProblem(labels: readonly string[]): string | undefined {
  if (labels.some(isKey)) return undefined;
  if (labels.length === 0) return 'tls: failed to find any PEM data in key input';
  if (labels.length === 1 && labels[0] === 'CERTIFICATE')
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${listed(labels)}`;
}

/**
 * Advice on a Secret for TLS whose certificate or key is no PEM text of that kind, in the words of Go's crypto/tls.
 * Whether the two belong together is not looked at.
 */
export function tlsSecretWarnings(data: Readonly<Record<string, string>> | undefined): string[] {
  const labels = (key: string): string[] =>
    pemBlocksOf(binaryOfBase64(data?.[key]) ?? '').map(({ label }) => label);
  const problem = certificateProblem(labels('tls.crt')) ?? keyProblem(labels('tls.key'));
  return problem === undefined ? [] : [problem];
}
