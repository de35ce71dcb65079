import type { Clock } from '@drydock/base/clock';
import type { SessionStream, StreamSession } from '@drydock/port/http';
import type { CommandConnection, CommandVersion, WantedStreams } from './remote-command.ts';
import { terminalSizes } from './terminal-size.ts';

/** In the order of preference; kubelets know no fifth over SPDY. */
export const spdyCommandProtocols: readonly { readonly name: string; readonly version: CommandVersion }[] = [
  { name: 'v4.channel.k8s.io', version: 4 },
  { name: 'v3.channel.k8s.io', version: 3 },
  { name: 'v2.channel.k8s.io', version: 2 },
  { name: 'channel.k8s.io', version: 1 },
];

const creationTimeoutMs = 30_000;
const encoder = new TextEncoder();

/** Waits for the streams that the client opens for `exec` or `attach`. Undefined when they do not come (in time). */
export async function commandOverSpdy(
  session: StreamSession,
  version: CommandVersion,
  wanted: WantedStreams,
  clock: Clock,
): Promise<CommandConnection | undefined> {
  const expected = new Set(['error']);
  for (const name of ['stdin', 'stdout', 'stderr'] as const) if (wanted[name]) expected.add(name);
  if (wanted.tty && version >= 3) expected.add('resize');
  const streams = new Map<string, SessionStream>();
  let late = false;
  const timer = clock.setTimeout(() => {
    late = true;
    void session.close();
  }, creationTimeoutMs);
  while (expected.size > 0) {
    const stream = await session.accept();
    if (stream === undefined || late) {
      timer.cancel();
      return undefined;
    }
    const type = stream.headers.get('streamtype') ?? '';
    if (expected.delete(type)) streams.set(type, stream);
    else stream.reset();
  }
  timer.cancel();
  // Only stdin and resize are read; the client's ends of the others carry nothing.
  for (const [type, stream] of streams) if (type !== 'stdin' && type !== 'resize') stream.cancel();
  const resize = streams.get('resize');
  return {
    version,
    closed: session.closed,
    streams: {
      stdin: streams.get('stdin'),
      stdout: streams.get('stdout'),
      stderr: streams.get('stderr'),
      resize: resize === undefined ? undefined : terminalSizes(resize),
    },
    async report(text) {
      const error = streams.get('error');
      if (text !== '') await error?.write(encoder.encode(text));
      error?.end();
    },
  };
}
