import { FileError, type FileNode } from '../files/index.ts';
import { parseDuration } from '@drydock/base/apimachinery';
import { ProgramError, type Process, type Program } from '../shell/index.ts';
import { decoder, encoder, out, pathOf } from './io.ts';

const firstContent = 'mount-tester new file\n';
const loopMs = 2_000;

/** `--name=value`, `--name value`; `-x value` by its long name. */
function flagsOf(args: readonly string[], short: Readonly<Record<string, string>> = {}): Map<string, string> {
  const flags = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const [name = '', ...value] = (args[at] ?? '').split('=');
    if (!name.startsWith('-')) continue;
    const long = name.startsWith('--') ? name.slice(2) : (short[name.slice(1)] ?? name.slice(1));
    flags.set(long, value.length > 0 ? value.join('=') : (args[++at] ?? ''));
  }
  return flags;
}

/** Go's words for what libc says. */
const because = (error: FileError) => error.message.toLowerCase();

/** Tells of volumes as Kubernetes' own test image does: their medium, modes, owners and contents. */
async function mounttest(process: Process, args: readonly string[]): Promise<number> {
  const { fs, clock } = process.host;
  const flags = flagsOf(args);
  let failed = false;
  const told = async (
    flag: string,
    tell: (path: string) => string,
    fault: (path: string, why: string) => string,
  ) => {
    const path = flags.get(flag) ?? '';
    if (path === '') return;
    try {
      await out(process, tell(path));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      failed = true;
      await out(process, fault(path, because(error)));
    }
  };
  const node = (path: string): FileNode => fs.stat(pathOf(process, path));
  const content = (path: string) =>
    `content of file ${JSON.stringify(path)}: ${decoder.decode(fs.readFile(pathOf(process, path)))}\n`;
  const unreadable = (path: string, why: string) =>
    `error reading file content for ${JSON.stringify(path)}: open ${path}: ${why}\n`;
  const stat = (what: string, call: string) => (path: string, why: string) =>
    `error from ${what}(${JSON.stringify(path)}): ${call === '' ? '' : `${call} ${path}: `}${why}\n`;

  await told(
    'fs_type',
    (path) => {
      const found = fs.stat(pathOf(process, path));
      const tmpfs = found.kind === 'directory' && found.inMemory === true;
      return `mount type of ${JSON.stringify(path)}: ${tmpfs ? 'tmpfs' : 61267}\n`;
    },
    stat('statfs', ''),
  );
  for (const mode of [0o644, 0o666, 0o660, 0o777]) {
    const write = (path: string) => {
      fs.writeFile(pathOf(process, path), encoder.encode(firstContent), mode);
      return content(path);
    };
    const refused = (path: string, why: string) =>
      `error writing new file ${JSON.stringify(path)}: open ${path}: ${why}\n`;
    await told(`new_file_0${mode.toString(8)}`, write, refused);
  }
  const quoted = (path: string) => JSON.stringify(path);
  await told(
    'file_mode',
    (path) => `mode of file ${quoted(path)}: ${goMode(node(path))}\n`,
    stat('Stat', 'stat'),
  );
  const permissions = (path: string) => `-${goMode(node(path)).slice(-9)}`;
  await told(
    'file_perm',
    (path) => `perms of file ${quoted(path)}: ${permissions(path)}\n`,
    stat('Stat', 'stat'),
  );
  const owners = (path: string) => {
    const { uid, gid } = node(path);
    return `owner UID of ${quoted(path)}: ${uid}\nowner GID of ${quoted(path)}: ${gid}\n`;
  };
  await told('file_owner', owners, stat('stat', ''));
  await told('file_content', content, unreadable);

  const path = flags.get('file_content_in_loop') ?? '';
  if (path !== '') {
    const endMs = clock.now() + Number(flags.get('retry_time') ?? 180) * 1000;
    const once = flags.get('break_on_expected_content') !== 'false';
    failed = true;
    for (; clock.now() < endMs; await clock.sleep(loopMs, process.signal)) {
      try {
        const text = content(path);
        failed = false;
        await out(process, text);
        if (once && text.endsWith(`: ${firstContent}\n`)) break;
        if (once) await out(process, `Unexpected content. Expected: ${firstContent}. Retrying`);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        failed = true;
        await out(process, `Error reading file ${path}: open ${path}: ${because(error)}, retrying\n`);
      }
    }
  }
  return failed ? 1 : 0;
}

const goKinds = { directory: 'd', link: 'L', device: 'Dc', file: '' } as const;

/** A mode as Go prints it. */
function goMode(node: FileNode): string {
  const bit = (mask: number, letter: string) => ((node.mode & mask) === 0 ? '' : letter);
  const letters = goKinds[node.kind] + bit(0o4000, 'u') + bit(0o2000, 'g') + bit(0o1000, 't');
  const permissions = [...'rwxrwxrwx'].map((letter, at) => bit(0o400 >> at, letter) || '-');
  return `${letters || '-'}${permissions.join('')}`;
}

/** Lines like an API server's, evenly over a time. */
async function logsGenerator(process: Process, args: readonly string[]): Promise<number> {
  const { random, clock } = process.host;
  const flags = flagsOf(args, { t: 'log-lines-total', d: 'run-duration' });
  const total = Number(flags.get('log-lines-total') ?? 0);
  const spanMs = parseDuration(flags.get('run-duration') ?? '0s');
  if (!(total > 0)) throw new ProgramError(`Invalid total number of lines: ${total}`, 255);
  if (spanMs <= 0) throw new ProgramError('Invalid duration: 0s', 255);
  const pick = <T>(list: readonly T[]) => list[random.int(list.length)]!;
  for (let at = 0; at < total; at++) {
    const stamp = new Date(clock.now()).toISOString();
    const time = `I${stamp.slice(5, 7)}${stamp.slice(8, 10)} ${stamp.slice(11, 23)}000`;
    const url = `/api/v1/namespaces/${pick(['kube-system', 'default', 'ns'])}/pods/${random.uuid().slice(0, 4)}`;
    const line = `${at} ${pick(['GET', 'POST', 'PUT'])} ${url} ${200 + random.int(400)}`;
    await process.stderr.write(encoder.encode(`${time}       1 logs_generator.go:76] ${line}\n`));
    await clock.sleep(spanMs / total, process.signal);
  }
  return 0;
}

/** What is built in of `agnhost`, the image that Kubernetes' own tests run. */
export const agnhost: Program = async (process) => {
  const [name = '', command = 'pause', ...args] = process.args;
  switch (command) {
    case 'mounttest':
      return mounttest(process, args);
    case 'logs-generator':
      return logsGenerator(process, args);
    case 'entrypoint-tester':
      await out(process, `[${[name, command, ...args].join(' ')}]\n`);
      return 0;
    default:
      throw new ProgramError(`unknown command ${JSON.stringify(command)} for "app"`);
  }
};
