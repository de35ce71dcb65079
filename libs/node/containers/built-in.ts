import type { Container } from '@drydock/api/core/v1';
import { absolutePath } from '../files/index.ts';
import { asksTheCluster, programsOfImage } from '../commands/index.ts';
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
  return callsOnly(words, (program, args) => programs.has(program) && asksTheCluster(program, args));
}

/** The same of the script that a command is, or that it hands to a shell. */
export function scriptIsBuiltIn(command: readonly string[], host: ContainerHost, cwd: string): boolean {
  const [first = '', operand = '-'] = command;
  const script = shells.test(first) ? operand : first;
  if (script.startsWith('-') || !script.includes('/')) return true;
  const path = absolutePath(cwd, script);
  if (!host.fs.exists(path)) return true;
  const node = host.fs.stat(path);
  if (node.kind !== 'file' || node.program !== undefined) return true;
  return scriptCallsOnly(
    new TextDecoder().decode(host.fs.readFile(path)),
    (name, args) => host.programs.has(name) && asksTheCluster(name, args),
  );
}
