import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateCovers, createTokenKey, loadCertificateMaker, type CertificatePair } from '@drydock/http';

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

/** `<folder>/sa.key`, made on the first start: tokens stay good over restarts. */
function serviceAccountKey(folder: string): string {
  const file = join(folder, 'sa.key');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const key = createTokenKey();
  writeFileSync(file, key, { mode: 0o600 });
  return key;
}

function read(folder: string, name: string): CertificatePair | undefined {
  const cert = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  if (!existsSync(cert) || !existsSync(key)) return undefined;
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

function write(folder: string, name: string, pair: CertificatePair): CertificatePair {
  writeFileSync(join(folder, `${name}.crt`), pair.cert, { mode: 0o644 });
  writeFileSync(join(folder, `${name}.key`), pair.key, { mode: 0o600 });
  return pair;
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
  const folder = join(dataDir, 'pki');
  mkdirSync(folder, { recursive: true });
  const known = read(folder, 'ca');
  const authority =
    known !== undefined && certificateCovers(known.cert, [], nowMs)
      ? known
      : write(
          folder,
          'ca',
          await (await loadCertificateMaker()).createCertificateAuthority('drydock-ca', nowMs),
        );
  const leaf = async (
    name: string,
    request: Parameters<Awaited<ReturnType<typeof loadCertificateMaker>>['issueCertificate']>[1],
  ) => {
    const present = authority === known ? read(folder, name) : undefined;
    if (present !== undefined && certificateCovers(present.cert, request.hosts ?? [], nowMs)) return present;
    return write(
      folder,
      name,
      await (await loadCertificateMaker()).issueCertificate(authority, request, nowMs),
    );
  };
  const [server, admin, frontProxy, metricsServer] = await Promise.all([
    leaf('apiserver', { commonName: 'kube-apiserver', hosts, usage: 'server' }),
    leaf('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'], usage: 'client' }),
    leaf('front-proxy-client', { commonName: 'front-proxy-client', usage: 'client' }),
    leaf('metrics-server', {
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
    serviceAccountKey: serviceAccountKey(folder),
  };
}
