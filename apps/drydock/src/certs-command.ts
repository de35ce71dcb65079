import { commaSeparated, flag, type ClusterPkiOptions } from '@drydock/process';
import { Command } from 'commander';

/** `drydock certs`: writes the keys and certificates of a cluster of several processes. */
export function certsCommand(run: (options: ClusterPkiOptions) => void): Command {
  return new Command('certs')
    .description(
      'Writes all keys and certificates of a cluster of several processes, and its kubeconfig. What is there and still good stays.',
    )
    .addOption(flag('--dir <dir>', 'folder to write to', 'PKI_DIR').default('.drydock/pki'))
    .addOption(
      flag('--host <names...>', 'further names and addresses of the processes', 'HOSTS')
        .argParser((text: string, known: readonly string[]) => [...known, ...commaSeparated(text)])
        .default([] as readonly string[]),
    )
    .addOption(
      flag('--server <url>', "the aggregator's address, for the kubeconfig", 'SERVER').default(
        'https://127.0.0.1:6443',
      ),
    )
    .addOption(flag('--kubeconfig <file>', 'where to write it (default: <dir>/kubeconfig)', 'KUBECONFIG'))
    .allowExcessArguments(false)
    .action((given: { dir: string; host: readonly string[]; server: string; kubeconfig?: string }) =>
      run({ dir: given.dir, hosts: given.host, server: given.server, kubeconfig: given.kubeconfig }),
    );
}
