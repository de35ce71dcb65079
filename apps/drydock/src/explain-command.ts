import { Command, Option } from 'commander';
import type { ExplainOptions } from './explain.ts';
import { flag, integer } from '@drydock/process';

type Given = Omit<ExplainOptions, 'name' | 'about'>;

/** `drydock explain …`: asks a running cluster for the reasons of its decisions. */
export function explainCommand(run: (options: ExplainOptions) => void): Command {
  const about = (what: ExplainOptions['about'], text: string, limit: readonly [string, number]) =>
    new Command(what)
      .description(text)
      .argument('<name>', 'its name')
      .option('-n, --namespace <name>', 'its namespace', 'default')
      .addOption(
        new Option('-o, --output <form>', 'how to print it').choices(['text', 'json']).default('text'),
      )
      .option('--limit <n>', `${limit[0]} to show at most; 0 shows all`, integer(0, 1_000_000), limit[1])
      .addOption(
        flag('--grpc-address <host:port>', "the cluster's gRPC port", 'GRPC_ADDRESS').default(
          '127.0.0.1:7050',
        ),
      )
      .allowExcessArguments(false)
      .action((name: string, given: Given) => run({ ...given, about: what, name }));
  return new Command('explain')
    .description('Says why the cluster decided as it did.')
    .addCommand(
      about(
        'pod',
        'Why a Pod is on its node, or on none: what each node was refused for, and how the others were rated.',
        ['nodes', 20],
      ),
    )
    .addCommand(
      about(
        'hpa',
        'Why a HorizontalPodAutoscaler scaled, or did not: what it measured, each rule it applied, the outcome.',
        ['decisions', 1],
      ).alias('horizontalpodautoscaler'),
    );
}
