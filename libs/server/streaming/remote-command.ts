import type { Status } from '@drydock/base/apimachinery';
import type { ContainerSession, ContainerStreams } from '@drydock/port/kubelet';

/** Versions of the remote command protocol, as the field calls them. */
export type CommandVersion = 1 | 2 | 3 | 4 | 5;

/** What of a command the client wants to see, from the query of `exec` and `attach`. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** A client's streams, however they travel, and how its end is told. */
export interface CommandConnection {
  readonly streams: ContainerStreams;
  readonly version: CommandVersion;
  /** Writes to the error stream and ends it. */
  report(text: string): Promise<void>;
  readonly closed: AbortSignal;
}

type Outcome = Pick<Status, 'status' | 'reason' | 'message' | 'details' | 'code'>;

function failure(error: unknown): Outcome {
  const text = error instanceof Error ? error.message : String(error);
  return {
    status: 'Failure',
    message: `Internal error occurred: ${text}`,
    reason: 'InternalError',
    details: { causes: [{ message: text }] } as Status['details'],
    code: 500,
  };
}

function exited(exitCode: number, command: readonly string[]): Outcome {
  if (exitCode === 0) return { status: 'Success' };
  return {
    status: 'Failure',
    message: `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${exitCode}`,
    reason: 'NonZeroExitCode' as never,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] } as Status['details'],
  };
}

/** Before version 4 the error stream carries plain text, and nothing for success. */
function format(outcome: Outcome, version: CommandVersion): string {
  if (version >= 4) return JSON.stringify({ metadata: {}, ...outcome });
  return outcome.status === 'Success' ? '' : (outcome.message ?? '');
}

/** Runs a session over a client's streams and tells how it ended. Never rejects for what the client or the container does. */
export async function runCommand(
  session: ContainerSession | (() => Promise<ContainerSession>),
  command: readonly string[],
  connection: CommandConnection,
): Promise<void> {
  const { streams } = connection;
  let outcome: Outcome;
  try {
    const ready = typeof session === 'function' ? await session() : session;
    outcome = exited(await ready.run(streams, connection.closed), command);
  } catch (error) {
    outcome = failure(error);
  }
  streams.stdin?.cancel();
  streams.stdout?.end();
  streams.stderr?.end();
  await connection.report(format(outcome, connection.version)).catch(() => undefined);
}
