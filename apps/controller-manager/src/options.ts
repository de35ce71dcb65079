import {
  addClusterFlags,
  addGrpcFlag,
  clusterOptions,
  flag,
  pkiFile,
  type ClusterOptions,
  type ProcessProgram,
} from '@drydock/process';
import { addLeaderFlags, leaderOptions, type LeaderOptions } from '@drydock/process/leadership';
import { addLoopFlags, loopOptions, type LoopOptions } from '@drydock/process/loops';

export interface ControllerManagerProcessOptions extends ClusterOptions, LeaderOptions, LoopOptions {
  readonly grpcPort: number;
  /** PEM: the authority that every namespace gets in `kube-root-ca.crt`. */
  readonly rootCaFile: string | undefined;
  /** PEM: signs the tokens of ServiceAccounts' Secrets. */
  readonly serviceAccountPrivateKeyFile: string | undefined;
  /** PEM: signs the certificates that are asked for. */
  readonly clusterSigningCertFile: string | undefined;
  readonly clusterSigningKeyFile: string | undefined;
}

export const program: ProcessProgram<ControllerManagerProcessOptions> = {
  name: 'controller-manager',
  description: 'Runs the control loops of a Drydock cluster.',
  securePort: 10257,
  flags(command) {
    addGrpcFlag(command, 7051);
    addClusterFlags(command);
    addLeaderFlags(command, 'kube-controller-manager');
    addLoopFlags(command);
    command
      .optionsGroup('Certificates and tokens:')
      .addOption(flag('--root-ca-file <file>', 'authority published in every namespace, PEM'))
      .addOption(flag('--service-account-private-key-file <file>', 'signs tokens in Secrets, PEM'))
      .addOption(flag('--cluster-signing-cert-file <file>', 'authority that signs requests, PEM'))
      .addOption(flag('--cluster-signing-key-file <file>', 'its key, PEM'));
  },
  options(raw) {
    const given = raw as Partial<ControllerManagerProcessOptions> & { pkiDir?: string; grpcPort: number };
    const { pkiDir, clusterSigningCertFile, clusterSigningKeyFile } = given;
    if ((clusterSigningCertFile === undefined) !== (clusterSigningKeyFile === undefined))
      throw new Error('--cluster-signing-cert-file and --cluster-signing-key-file go together');
    return {
      ...clusterOptions(raw, 'controller-manager'),
      ...leaderOptions(raw),
      ...loopOptions(raw),
      grpcPort: given.grpcPort,
      rootCaFile: given.rootCaFile ?? pkiFile(pkiDir, 'ca.crt'),
      serviceAccountPrivateKeyFile: given.serviceAccountPrivateKeyFile ?? pkiFile(pkiDir, 'sa.key'),
      clusterSigningCertFile: clusterSigningCertFile ?? pkiFile(pkiDir, 'ca.crt'),
      clusterSigningKeyFile: clusterSigningKeyFile ?? pkiFile(pkiDir, 'ca.key'),
    };
  },
};
