import type { Container } from '@drydock/api/core/v1';
import { argumentsOf, imageName } from './image-commands.ts';

/** Ports on which the servers of agnhost listen when they are told nothing else, by the flag that tells. */
const defaults: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // Its UDP port answers to the same words.
  netexec: { 'http-port': 8080, 'udp-port': 8081 },
  'serve-hostname': { port: 9376 },
  'test-webserver': { port: 80 },
  liveness: { '': 8080 },
  nettest: { port: 8080 },
  'resource-consumer-controller': { port: 8080 },
};
/** Other servers of Kubernetes' own tests, by the names of their images. */
const others: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'resource-consumer': { port: 8080 },
};

function flag(words: readonly string[], name: string): string | undefined {
  const at = words.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  if (at < 0) return undefined;
  return words[at]!.includes('=') ? words[at]!.slice(words[at]!.indexOf('=') + 1) : words[at + 1];
}

/** A flag of a container's command. */
export function agnhostFlag(container: Container, name: string): string | undefined {
  return flag(argumentsOf(container), name);
}

/** The ports of agnhost and of other test servers; undefined for other images, and for commands that are not known. */
export function agnhostPorts(container: Container): readonly number[] | undefined {
  const image = imageName(container.image ?? '');
  const words = argumentsOf(container);
  const known = image === 'agnhost' ? defaults[words[1] ?? ''] : others[image];
  if (known === undefined) return undefined;
  return Object.entries(known).map(([name, port]) => Number(flag(words, name) ?? port));
}
