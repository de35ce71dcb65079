import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kubeconfig, type CertificateRequest } from '@drydock/http';
import { openPkiFolder } from './pki-folder.ts';

export interface ClusterPkiOptions {
  /** Where everything is written. */
  readonly dir: string;
  /** Names and addresses under which the processes are reached, beside localhost and their own names. */
  readonly hosts: readonly string[];
  /** The aggregator's address, for the kubeconfig: `https://127.0.0.1:6443`. */
  readonly server: string;
  /** Where the administrator's kubeconfig is written. Default `<dir>/kubeconfig`. */
  readonly kubeconfig?: string | undefined;
}

const masters = 'system:masters';
const localHosts = ['localhost', '127.0.0.1'];
const serviceHosts = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];

/** Whose certificates a cluster of several processes has, all of the authority `ca`. */
const identities: Readonly<Record<string, CertificateRequest>> = {
  apiserver: { commonName: 'kube-apiserver', organizations: [masters], hosts: serviceHosts, usage: 'both' },
  aggregator: {
    commonName: 'drydock-aggregator',
    organizations: [masters],
    hosts: serviceHosts,
    usage: 'both',
  },
  'controller-manager': {
    commonName: 'system:kube-controller-manager',
    organizations: [masters],
    usage: 'both',
  },
  scheduler: { commonName: 'system:kube-scheduler', organizations: [masters], usage: 'both' },
  'kubelet-sim': {
    commonName: 'system:kubelet-sim',
    organizations: ['system:nodes', masters],
    usage: 'both',
  },
  'metrics-server': {
    commonName: 'metrics-server.kube-system.svc',
    hosts: ['metrics-server.kube-system', 'metrics-server.kube-system.svc'],
    usage: 'both',
  },
  etcd: { commonName: 'etcd', usage: 'both' },
  nats: { commonName: 'nats', usage: 'both' },
};

/**
 * Writes all keys and certificates of a cluster of several processes, and its administrator's kubeconfig. What is there and
 * still good is left alone, so that it may run before every start. Files: `ca`, `front-proxy-ca`, `front-proxy-client`,
 * `admin` and one for each process (`.crt`, `.key`), `sa.key` and `sa.pub`.
 */
export async function writeClusterPki(
  options: ClusterPkiOptions,
  nowMs: number,
): Promise<{ kubeconfig: string }> {
  const folder = openPkiFolder(options.dir, nowMs);
  const ca = await folder.authority('ca');
  await folder.authority('front-proxy-ca');
  const admin = await folder.certificate('ca', 'admin', {
    commonName: 'kubernetes-admin',
    organizations: [masters],
    usage: 'client',
  });
  await folder.certificate('front-proxy-ca', 'front-proxy-client', {
    commonName: 'front-proxy-client',
    usage: 'client',
  });
  for (const [name, request] of Object.entries(identities)) {
    const hosts = [...new Set([name, ...localHosts, ...(request.hosts ?? []), ...options.hosts])];
    await folder.certificate('ca', name, { ...request, hosts });
  }
  const publicKey = createPublicKey(folder.tokenKey('sa')).export({ type: 'spki', format: 'pem' });
  writeFileSync(join(options.dir, 'sa.pub'), publicKey);
  const file = resolve(options.kubeconfig ?? join(options.dir, 'kubeconfig'));
  writeFileSync(file, kubeconfig({ server: options.server, ca: ca.cert, ...admin, name: 'drydock' }), {
    mode: 0o600,
  });
  return { kubeconfig: file };
}
