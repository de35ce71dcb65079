import type { Container, HTTPGetAction } from '@drydock/api/core/v1';
import type { Clock } from '@drydock/base/clock';
import { createBytePipe, readAll } from '@drydock/base/streams';
import type { PodSandbox } from '../containers/index.ts';
import {
  execTimeout,
  probePort,
  probeSucceeds,
  type ContainerRuntime,
  type ProbeOutcome,
} from '../pods/index.ts';
import type { PodNetwork } from '../shell/index.ts';

const decoder = new TextDecoder();
/** The kubelet reads no more of what a probe prints. */
const maxOutputBytes = 10 * 1024;

export interface ProbeRun {
  readonly command: readonly string[];
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  /** It is run whatever is known of the container. */
  readonly isToRun: boolean;
}

/**
 * Runs the command of a probe inside its container. A container of which the command can tell nothing is well; a command that
 * cannot be started says nothing of it.
 */
export async function runProbe(
  sandbox: PodSandbox,
  container: ContainerRuntime,
  { command, timeoutSeconds, clock, isToRun }: ProbeRun,
): Promise<ProbeOutcome> {
  if (!isToRun && !(await sandbox.examines(container, command))) return probeSucceeds;
  const stop = new AbortController();
  let late = false;
  const timer = clock.setTimeout(() => {
    late = true;
    stop.abort();
  }, timeoutSeconds * 1000);
  const printed = createBytePipe({ highWaterBytes: 1024 * 1024 });
  try {
    const session = await sandbox.exec(container, {
      container: container.name,
      command,
      tty: false,
    });
    const output = readAll(printed);
    const code = await session.run({ stdout: printed, stderr: printed }, stop.signal);
    printed.end();
    if (late) return execTimeout(command, timeoutSeconds);
    if (code === 0) return probeSucceeds;
    return { result: 'failure', output: decoder.decode((await output).subarray(0, maxOutputBytes)) };
  } catch (error) {
    if (late) return execTimeout(command, timeoutSeconds);
    const words = error instanceof Error ? error.message : String(error);
    return {
      result: 'error',
      output: `rpc error: code = Unknown desc = ${words.replace(/^error executing command in container: /, '')}`,
    };
  } finally {
    timer.cancel();
  }
}

/** Asks a web server for its page, as a probe over HTTP does. */
export async function askPage(
  sandbox: PodSandbox,
  container: ContainerRuntime,
  page: string,
): Promise<ProbeOutcome> {
  if (await sandbox.hasFile(container, page)) return probeSucceeds;
  return { result: 'failure', output: 'HTTP probe failed with statuscode: 404' };
}

/** Makes the request of a hook, to what went wrong. */
export async function askHook(
  { host = '', port, path = '/', httpHeaders = [] }: HTTPGetAction,
  container: Container,
  network: PodNetwork,
): Promise<string | undefined> {
  const number = probePort(container, port);
  if (number === undefined) return `unable to get port ${String(port)}`;
  const [where = '/', query = ''] = (path.startsWith('/') ? path : `/${path}`).split('?');
  try {
    const headers = new Map(httpHeaders.map(({ name = '', value = '' }) => [name.toLowerCase(), value]));
    const request = { method: 'GET', path: where, query, headers, body: new Uint8Array() };
    const { status } = await network.request(host, number, request);
    return status >= 400 ? `HTTP status ${status}` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Runs the command of a hook inside its container, to what went wrong. A container that does not run its own is not asked. */
export async function runHook(
  sandbox: PodSandbox,
  container: ContainerRuntime,
  command: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!(await sandbox.examines(container, command))) return undefined;
  try {
    const session = await sandbox.exec(container, { container: container.name, command, tty: false });
    const code = await session.run({}, signal);
    return code === 0 ? undefined : `command '${command.join(' ')}' exited with ${code}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
