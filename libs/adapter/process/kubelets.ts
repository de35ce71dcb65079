import { isNotFound } from '@drydock/base/apimachinery';
import { addressAnnotation } from '@drydock/node/nodes';
import { createRemoteKubelets, type RemoteKubelets } from '@drydock/rpc';
import type { Transport } from '@drydock/port/transport';
import type { Command } from 'commander';
import { flag } from './flags.ts';
import { readPem } from './pem.ts';
import { pkiFile } from './serving-flags.ts';

/** How the API server shows itself to the processes that keep nodes. */
export interface KubeletFlags {
  /** PEM files; without an authority the connection is not encrypted. */
  readonly kubeletCertificateAuthority: string | undefined;
  readonly kubeletClientCertificate: string | undefined;
  readonly kubeletClientKey: string | undefined;
}

/** Adds the flags of `KubeletFlags`, by kube-apiserver's names. */
export function addKubeletFlags(command: Command): Command {
  return command
    .optionsGroup('Kubelets:')
    .addOption(
      flag('--kubelet-certificate-authority <file>', 'authority of the kubelets, PEM; none: no encryption'),
    )
    .addOption(flag('--kubelet-client-certificate <file>', 'certificate shown to them, PEM'))
    .addOption(flag('--kubelet-client-key <file>', 'its key, PEM'));
}

/** What the flags say; `app` names the certificate in the folder of `--pki-dir`. */
export function kubeletFlags(raw: Readonly<Record<string, unknown>>, app: string): KubeletFlags {
  const given = raw as Partial<KubeletFlags> & { pkiDir?: string };
  const { pkiDir } = given;
  return {
    kubeletCertificateAuthority: given.kubeletCertificateAuthority ?? pkiFile(pkiDir, 'ca.crt'),
    kubeletClientCertificate: given.kubeletClientCertificate ?? pkiFile(pkiDir, `${app}.crt`),
    kubeletClientKey: given.kubeletClientKey ?? pkiFile(pkiDir, `${app}.key`),
  };
}

/** Where a node is reached, read from its annotation each time. */
export const nodeAddress =
  (transport: Pick<Transport, 'get'>) =>
  async (name: string): Promise<string | undefined> => {
    try {
      const node = await transport.get({ group: '', version: 'v1', resource: 'nodes', name });
      return node.metadata.annotations?.[addressAnnotation];
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

/** Reaches the nodes that other processes keep; `address` answers where, undefined for nodes that nobody keeps. */
export function createKubelets(
  address: (nodeName: string) => Promise<string | undefined>,
  flags: Partial<KubeletFlags> = {},
): RemoteKubelets {
  const authority = flags.kubeletCertificateAuthority;
  const [certificate, key] = [flags.kubeletClientCertificate, flags.kubeletClientKey];
  if ((certificate === undefined) !== (key === undefined))
    throw new Error('--kubelet-client-certificate and --kubelet-client-key go together');
  if (authority === undefined) return createRemoteKubelets({ address });
  return createRemoteKubelets({
    address,
    tls: {
      certificateAuthority: readPem(authority, '--kubelet-certificate-authority'),
      serverName: 'kubelet-sim',
      ...(certificate === undefined || key === undefined
        ? {}
        : {
            certificate: readPem(certificate, '--kubelet-client-certificate'),
            key: readPem(key, '--kubelet-client-key'),
          }),
    },
  });
}
