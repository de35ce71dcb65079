import type { Container } from '@drydock/api/core/v1';
import { absolutePath } from '../files/index.ts';
import { asksTheCluster, isOfTheNetwork, programsOfImage } from '../commands/index.ts';
import { agnhostCommands, argumentsOf } from '../pods/index.ts';
import { callsOnly, scriptCallsOnly, type ContainerHost } from '../shell/index.ts';

const shells = /^(?:\/bin\/)?(?:sh|ash|bash|dash)$/;
const binaries = /^(?:\/usr)?(?:\/local)?\/s?bin\/[^/]+$/;

/**
 * Whether all that a container's command calls is built in, as far as that can be told before it runs. A command that is a
 * file of its own may be: its volumes have to be looked into.
 */
export function isBuiltIn(
  container: Container,
  command: readonly string[] = argumentsOf(container),
  isAnswered: typeof asksTheCluster = asksTheCluster,
): boolean {
  const programs = programsOfImage(container.image ?? '');
  const [first = ''] = command;
  if (first.startsWith('/') && !binaries.test(first))
    return programs.has(first) ? agnhostCommands.has(command[1] ?? '') : true;
  // What the kubelet puts in before is not the shell's.
  const names = new Set<string | undefined>((container.env ?? []).map(({ name }) => name));
  const words = command.map((word) =>
    word.replace(/\$\$|\$\(([^)]*)\)/g, (all, name?: string) => (names.has(name) ? 'x' : all)),
  );
  return callsOnly(words, (program, args) => programs.has(program) && isAnswered(program, args));
}

/** The file that a command is, or that it hands to a shell. */
function scriptOf([first = '', operand = '-']: readonly string[]): string | undefined {
  const script = shells.test(first) ? operand : first;
  return script.startsWith('-') || !script.includes('/') ? undefined : script;
}

/** Whether a command can tell of a server of which nothing but its files is known. */
export function looksAtFiles(
  container: Container,
  command: readonly string[],
  host: ContainerHost,
  cwd: string,
): boolean {
  if (!isBuiltIn(container, command, (program) => !isOfTheNetwork(program))) return false;
  const script = scriptOf(command);
  // A script that is not there is one of its image.
  return (
    script === undefined || (host.fs.exists(absolutePath(cwd, script)) && scriptIsBuiltIn(command, host, cwd))
  );
}

/** The same of the script that a command is, or that it hands to a shell. */
export function scriptIsBuiltIn(command: readonly string[], host: ContainerHost, cwd: string): boolean {
  const script = scriptOf(command);
  if (script === undefined) return true;
  const path = absolutePath(cwd, script);
  if (!host.fs.exists(path)) return true;
  const node = host.fs.stat(path);
  if (node.kind !== 'file' || node.program !== undefined) return true;
  return scriptCallsOnly(
    new TextDecoder().decode(host.fs.readFile(path)),
    (name, args) => host.programs.has(name) && asksTheCluster(name, args),
  );
}
