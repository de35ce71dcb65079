import { join } from 'node:path';
import type { CertificatePair } from '@drydock/http';
import { openPkiFolder } from '@drydock/process';

export interface Credentials {
  readonly authority: CertificatePair;
  readonly server: CertificatePair;
  /** Client certificate of the cluster's administrator, in group system:masters. */
  readonly admin: CertificatePair;
  /** Client certificate with which the API server speaks to extension API servers. */
  readonly frontProxy: CertificatePair;
  /** Of the metrics-server, as the cluster's Service calls it. */
  readonly metricsServer: CertificatePair;
  /** Private key of the service accounts' tokens, PEM. */
  readonly serviceAccountKey: string;
}

/**
 * The cluster's certificates, kept in `<dataDir>/pki` so that a kubeconfig stays good over restarts; made on the first
 * start, and anew when they are about to expire or do not cover `hosts`.
 */
export async function loadCredentials(
  dataDir: string,
  hosts: readonly string[],
  nowMs: number,
): Promise<Credentials> {
  const folder = openPkiFolder(join(dataDir, 'pki'), nowMs);
  const [authority, server, admin, frontProxy, metricsServer] = await Promise.all([
    folder.authority('ca'),
    folder.certificate('ca', 'apiserver', { commonName: 'kube-apiserver', hosts, usage: 'server' }),
    folder.certificate('ca', 'admin', {
      commonName: 'kubernetes-admin',
      organizations: ['system:masters'],
      usage: 'client',
    }),
    folder.certificate('ca', 'front-proxy-client', { commonName: 'front-proxy-client', usage: 'client' }),
    folder.certificate('ca', 'metrics-server', {
      commonName: 'metrics-server.kube-system.svc',
      hosts: ['metrics-server.kube-system.svc', 'metrics-server.kube-system', '127.0.0.1'],
      usage: 'server',
    }),
  ]);
  return {
    authority,
    server,
    admin,
    frontProxy,
    metricsServer,
    serviceAccountKey: folder.tokenKey('sa'),
  };
}
