import {
  addClusterFlags,
  addGrpcFlag,
  clusterOptions,
  flag,
  integer,
  type ClusterOptions,
  type ProcessProgram,
} from '@drydock/process';

export interface KubeletSimProcessOptions extends ClusterOptions {
  readonly grpcPort: number;
  /** How many nodes this process keeps. */
  readonly nodes: number;
  /** The first is `node-<firstNode>`; `auto`: as many as that after those of the other processes that take theirs so. */
  readonly firstNode: number | 'auto';
  /** Where API servers reach this process's gRPC port; undefined for where it listens. */
  readonly advertiseAddress: string | undefined;
  /** Whether Node IPAM gives the nodes the ranges of their Pods. */
  readonly allocateNodeCidrs: boolean;
}

export const program: ProcessProgram<KubeletSimProcessOptions> = {
  name: 'kubelet-sim',
  description: 'Keeps simulated nodes of a Drydock cluster alive and runs their Pods.',
  securePort: 10250,
  flags(command) {
    addGrpcFlag(command, 7052);
    command
      .addOption(
        flag(
          '--advertise-address <host>',
          'where API servers reach this process (default: where it listens)',
        ),
      )
      .optionsGroup('Nodes:')
      .addOption(flag('--nodes <n>', 'simulated nodes').argParser(integer(0, 100_000)).default(3))
      .addOption(
        flag(
          '--first-node <i>',
          'number of the first: processes share a cluster by it; auto: nodes that no other process has',
        )
          .argParser((text) => (text === 'auto' ? text : integer(0, 100_000)(text)))
          .default(0),
      )
      .addOption(
        flag('--allocate-node-cidrs', "the controller-manager gives nodes their Pods' ranges").default(false),
      );
    addClusterFlags(command);
  },
  options(raw) {
    const given = raw as Partial<KubeletSimProcessOptions> & { grpcPort: number };
    return {
      ...clusterOptions(raw, 'kubelet-sim'),
      grpcPort: given.grpcPort,
      nodes: given.nodes ?? 3,
      firstNode: given.firstNode ?? 0,
      advertiseAddress: given.advertiseAddress,
      allocateNodeCidrs: given.allocateNodeCidrs === true,
    };
  },
};
