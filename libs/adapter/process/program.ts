import { Command, CommanderError } from 'commander';
import { addServingFlags, servingOptions, type ServingOptions } from './serving-flags.ts';

/** The command line of one process. */
export interface ProcessProgram<T> {
  /** `apiserver`, `controller-manager`, …: also the name of its certificate. */
  readonly name: string;
  readonly description: string;
  /** Default of `--secure-port`. */
  readonly securePort: number;
  /** Adds the flags of its own. */
  flags(command: Command): void;
  /** What the flags say; throws an Error with one line for people. */
  options(raw: Readonly<Record<string, unknown>>): T;
}

/** What the command line asks for: a run, or an exit (help, version and errors are printed). */
export type ProcessInvocation<T> =
  | { readonly kind: 'run'; readonly options: ServingOptions & T }
  | { readonly kind: 'exit'; readonly code: number };

export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** Reads the arguments after the program's name, and the environment twins of the flags. */
export function parseProcessArguments<T>(
  program: ProcessProgram<T>,
  argv: readonly string[],
  output: Output,
): ProcessInvocation<T> {
  let options: (ServingOptions & T) | undefined;
  const command = new Command(program.name).description(program.description).version('0.1.0');
  addServingFlags(command, program.securePort);
  program.flags(command);
  command
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: output.out,
      writeErr: output.err,
      outputError: (text, write) =>
        write(text.replace(/^error: /, `${program.name}: `).replace(/\n(?=.)/g, ' ')),
    })
    .action((raw: Record<string, unknown>) => {
      try {
        options = { ...servingOptions(raw, program.name), ...program.options(raw) };
      } catch (error) {
        command.error(`error: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return { kind: 'exit', code: error.exitCode };
    throw error;
  }
  return options === undefined ? { kind: 'exit', code: 1 } : { kind: 'run', options };
}
