import { X509Certificate } from 'node:crypto';

const dayMs = 86_400_000;

/** Whether a certificate is still good for at least a month, and covers `hosts`. */
export function certificateCovers(cert: string, hosts: readonly string[], nowMs: number): boolean {
  try {
    const parsed = new X509Certificate(cert);
    if (Date.parse(parsed.validTo) < nowMs + 30 * dayMs) return false;
    return hosts.every(
      (host) => (/^[\d.]+$|:/.test(host) ? parsed.checkIP(host) : parsed.checkHost(host)) !== undefined,
    );
  } catch {
    return false;
  }
}
