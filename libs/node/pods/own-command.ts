import type { Container, Probe } from '@drydock/api/core/v1';
import { agnhostPorts } from './agnhost-ports.ts';
import { argumentsOf, imageName } from './image-commands.ts';
import { probePort, type ProbeOutcome } from './probe-outcome.ts';
import { webServerOf } from './web-servers.ts';

/** Images whose containers are a shell and the usual small programs: those are built in. */
const shellImages: ReadonlySet<string> = new Set([
  'agnhost',
  'alpine',
  'bash',
  'busybox',
  'debian',
  'ubuntu',
]);

/** Commands of the image agnhost that are built in; its others are servers, which are simulated. */
export const agnhostCommands: ReadonlySet<string> = new Set([
  'entrypoint-tester',
  'logs-generator',
  'mounttest',
]);

/** What a container's own command amounts to, where it is known by the image: to be run, or nothing but a wait. */
export type OwnCommand = { readonly kind: 'run' } | Wait;

interface Wait {
  readonly kind: 'wait';
  /** Undefined: for ever. */
  readonly forMs: number | undefined;
}

const run: OwnCommand = { kind: 'run' };
const unitsMs: Readonly<Record<string, number>> = { '': 1e3, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

/** `sleep 3600`, `tail -f /dev/null` and loops of such: nothing of them is to be seen from outside. */
function waitIn(text: string): Wait | undefined {
  const line = text.trim().replace(/;$/, '').trim();
  const loop = /^while\s+(?:true|:)\s*;\s*do\s+(.+?);?\s*done$/s.exec(line)?.[1];
  if (loop !== undefined) return waitIn(loop) === undefined ? undefined : { kind: 'wait', forMs: undefined };
  const words = line.split(/\s+/).map((word) => word.replace(/^(?:\/usr)?\/bin\//, ''));
  if (words[0] === 'exec') words.shift();
  if (words.join(' ') === 'tail -f /dev/null') return { kind: 'wait', forMs: undefined };
  if (words[0] !== 'sleep' || words.length !== 2) return undefined;
  if (words[1] === 'infinity' || words[1] === 'inf') return { kind: 'wait', forMs: undefined };
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(words[1] ?? '') ?? [];
  return count === undefined ? undefined : { kind: 'wait', forMs: Number(count) * (unitsMs[unit] ?? 1e3) };
}

/** The same of a command, by itself or as the script of a shell. */
function waitOfWords(words: readonly string[]): Wait | undefined {
  const shell = /^(?:\/bin\/)?(?:sh|ash|bash|dash)$/.test(words[0] ?? '');
  if (!shell) return words.some((word) => /\s/.test(word)) ? undefined : waitIn(words.join(' '));
  return words.length === 3 && words[1] === '-c' ? waitIn(words[2] ?? '') : undefined;
}

/** Somebody looks at what goes on inside: a wait needs its process too. */
function isLookedInto(container: Container): boolean {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle, stdin } = container;
  if (stdin === true) return true;
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
  return handlers.some((handler) => handler?.exec !== undefined);
}

/**
 * Whether a container runs its own command although no annotation asks for it: one that says what it runs, of an image
 * whose programs are built in. Undefined for all others.
 */
export function ownCommand(container: Container): OwnCommand | undefined {
  const { image = '', command, args } = container;
  if ((command?.length ?? 0) + (args?.length ?? 0) === 0) return undefined;
  const name = imageName(image);
  if (!shellImages.has(name)) return undefined;
  if (name === 'agnhost' && (command?.length ?? 0) === 0 && !agnhostCommands.has(args?.[0] ?? ''))
    return undefined;
  return isLookedInto(container) ? run : (waitOfWords(argumentsOf(container)) ?? run);
}

/** Whether a container is agnhost's program, which is a server for most of its commands. */
function isAgnhost({ image = '', command = [] }: Container): boolean {
  return imageName(image) === 'agnhost' && (command.length === 0 || command[0] === '/agnhost');
}

/** Whether a container is a server whose files are known: commands may look at it though it is simulated. */
export function isKnownServer(container: Container): boolean {
  return isAgnhost(container) || webServerOf(container) !== undefined;
}

/** How long the command of a hook only waits: it does so in every container. Infinity is for ever. */
export function waitOf(command: readonly string[]): number | undefined {
  const wait = waitOfWords(command);
  return wait === undefined ? undefined : (wait.forMs ?? Number.POSITIVE_INFINITY);
}

/** What a simulated container of a known image logs at its start. */
export function knownLog(container: Container): string | undefined {
  return isAgnhost(container) && argumentsOf(container)[1] === 'pause' ? 'Paused' : undefined;
}

/** The address to which a probe is sent on; the kubelet follows only to the server itself. */
const redirection = (path: string | undefined) =>
  path?.startsWith('/redirect?loc=') === true ? decodeURIComponent(path.slice(14)) : undefined;

/** What is known of how an image's server answers a probe, as a script of outcomes. */
export function knownAnswers(container: Container, probe: Probe): string | undefined {
  const { httpGet, tcpSocket } = probe;
  const target = httpGet ?? tcpSocket;
  const ports = agnhostPorts(container);
  if (target === undefined || ports === undefined || (target.host ?? '') !== '') return undefined;
  const port = probePort(container, target.port);
  if (port !== undefined && !ports.includes(port)) return 'refused';
  if (httpGet === undefined) return undefined;
  const words = argumentsOf(container);
  const asked = redirection(httpGet.path) ?? httpGet.path ?? '/';
  // It is well for ten seconds.
  return words[1] === 'liveness' && asked === '/healthz' ? 'success,500@10s' : undefined;
}

/** What a probe finds that is sent on to another host: it is well, and the kubelet tells of it. */
export function sentElsewhere(container: Container, { httpGet }: Probe): ProbeOutcome | undefined {
  const to = redirection(httpGet?.path);
  if (to === undefined || !/^https?:\/\//.test(to) || agnhostPorts(container) === undefined) return undefined;
  const output = `Probe terminated redirects, Response body: <a href="${to}">Found</a>.\n\n`;
  return { result: 'warning', output };
}
