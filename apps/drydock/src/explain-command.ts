import { Command, Option } from 'commander';
import type { ExplainOptions } from './explain.ts';
import { flag, integer } from '@drydock/process';

/** `drydock explain …`: asks a running cluster for the reasons of its decisions. */
export function explainCommand(run: (options: ExplainOptions) => void): Command {
  const pod = new Command('pod')
    .description(
      'Why a Pod is on its node, or on none: what each node was refused for, and how the others were rated.',
    )
    .argument('<name>', 'the Pod')
    .option('-n, --namespace <name>', 'its namespace', 'default')
    .addOption(new Option('-o, --output <form>', 'how to print it').choices(['text', 'json']).default('text'))
    .option('--limit <n>', 'nodes to show at most; 0 shows all', integer(0, 1_000_000), 20)
    .addOption(
      flag('--grpc-address <host:port>', "the cluster's gRPC port", 'GRPC_ADDRESS').default('127.0.0.1:7050'),
    )
    .allowExcessArguments(false)
    .action((name: string, given: Omit<ExplainOptions, 'name'>) => run({ ...given, name }));
  return new Command('explain').description('Says why the cluster decided as it did.').addCommand(pod);
}
