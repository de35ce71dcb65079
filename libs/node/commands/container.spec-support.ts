import { systemClock, systemRandom } from '@drydock/base/clock';
import { concatBytes, createBytePipe, readAll, sourceOf, type ByteSource } from '@drydock/base/streams';
import { createFileSystem, file } from '../files/index.ts';
import { createInput, defaultPath, findExecutable, runProgram, type ContainerHost } from '../shell/index.ts';
import { programsOfImage } from './index.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A container's inside for tests: a file system with the programs, and a way to run them. */
export function createTestContainer(image = 'busybox') {
  const programs = programsOfImage(image);
  const fs = createFileSystem({ clock: systemClock, maxBytes: 2 * 1024 * 1024 });
  const host: ContainerHost = {
    fs,
    clock: systemClock,
    random: systemRandom,
    hostname: 'box',
    user: { uid: 0, gid: 0, groups: [0] },
    startedAtMs: systemClock.now(),
    programs,
    processes: new Map(),
    nextPid: (() => {
      let last = 1;
      return () => ++last;
    })(),
  };
  for (const name of programs.keys())
    fs.mount(name.startsWith('/') ? name : `/bin/${name}`, file('', 0, { mode: 0o755, program: name }));
  for (const path of ['/tmp', '/etc', '/root']) fs.mkdirAll(path);
  fs.mount('/dev/null', { kind: 'device', device: 'null', mode: 0o666, uid: 0, gid: 0, mtimeMs: 0 });
  fs.mount('/dev/zero', { kind: 'device', device: 'zero', mode: 0o666, uid: 0, gid: 0, mtimeMs: 0 });

  async function run(
    args: readonly string[],
    stdin: ByteSource | string = '',
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Ran> {
    const env = new Map([
      ['PATH', defaultPath],
      ['HOME', '/root'],
    ]);
    const [stdout, stderr] = [createBytePipe(), createBytePipe()];
    const outputs = Promise.all([readAll(stdout), readAll(stderr)]);
    const code = await runProgram(host, findExecutable(host, args, defaultPath, '/'), {
      args,
      env,
      cwd: '/',
      stdin: createInput(typeof stdin === 'string' ? sourceOf(encoder.encode(stdin)) : stdin),
      stdout,
      stderr,
      terminal: undefined,
      signal,
      parent: 0,
    });
    stdout.end();
    stderr.end();
    const [bytes, errors] = await outputs;
    return { code, out: decoder.decode(bytes), err: decoder.decode(errors), bytes: concatBytes([bytes]) };
  }
  return {
    fs,
    host,
    run,
    sh: (script: string, stdin: ByteSource | string = '') => run(['sh', '-c', script], stdin),
  };
}
