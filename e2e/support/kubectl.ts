import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export interface KubectlBinary {
  /** `1.30` */
  readonly version: string;
  readonly path: string;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The kubectl on the PATH and any `kubectl.1.NN` beside the file it links to, oldest first. */
export function findKubectls(): KubectlBinary[] {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const link = join(folder, 'kubectl');
    if (!executable(link)) continue;
    const home = dirname(realpathSync(link));
    const versioned = readdirSync(home)
      .map((file) => ({ file, version: /^kubectl\.(1\.\d+)$/.exec(file)?.[1] }))
      .flatMap(({ file, version }) => (version === undefined ? [] : [{ version, path: join(home, file) }]))
      .sort((a, b) => Number(a.version.slice(2)) - Number(b.version.slice(2)));
    return versioned.length > 0 ? versioned : [{ version: 'default', path: link }];
  }
  return [];
}

/**
 * The versions that the suites run with: 1.27, 1.30 and 1.33 where they are there, else whatever is.
 * Without any kubectl the suites are skipped with one line; under CI that is a failure.
 */
export function kubectlsToTest(): KubectlBinary[] {
  const all = findKubectls();
  const wanted = all.filter(({ version }) => ['1.27', '1.30', '1.33'].includes(version));
  const chosen = wanted.length > 0 ? wanted : all.slice(-1);
  if (chosen.length === 0) {
    if (process.env['CI'] === 'true') throw new Error('kubectl is missing, and CI must not skip its tests');
    process.stderr.write('skipped: kubectl is not on the PATH\n');
  }
  return chosen;
}

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Kills the command after this long. Default 60,000. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
}

/** Runs a program to its end. Never rejects for an exit code. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
  });
}

/** A program that goes on until it is stopped: `get -w`, `logs -f`, `port-forward`. */
export interface RunningProcess {
  /** All of its standard output so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when it has ended, by itself or stopped. */
  readonly ended: Promise<RunResult>;
  /** Ends it as Ctrl-C does (SIGINT to its process group) and answers what it printed. */
  stop(): Promise<RunResult>;
}

/** Starts a program and leaves it running; the caller stops it. */
export function runInBackground(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): RunningProcess {
  // A process group of its own, as a terminal gives it: what it starts ends with it.
  const child = spawn(file, args, {
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended by itself.
    }
  };
  const timer = setTimeout(() => signal('SIGKILL'), options.timeoutMs ?? 60_000);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = new Promise<RunResult>((resolve) => {
    child.on('error', (error) => resolve({ code: null, stdout, stderr: stderr + error.message }));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  }).finally(() => clearTimeout(timer));
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    ended: closed,
    stop() {
      signal('SIGINT');
      return closed;
    },
  };
}

export interface Kubectl {
  readonly version: string;
  readonly path: string;
  /** Runs kubectl and answers whatever came out. */
  try(args: readonly string[] | string, options?: RunOptions): Promise<RunResult>;
  /** Starts kubectl and leaves it running. */
  start(args: readonly string[] | string, options?: RunOptions): RunningProcess;
  /** Runs kubectl, throws when it fails, answers its standard output. */
  (args: readonly string[] | string, options?: RunOptions): Promise<string>;
}

function words(args: readonly string[] | string): readonly string[] {
  return typeof args === 'string' ? args.split(/\s+/).filter((word) => word !== '') : args;
}

/** A kubectl of one version bound to one kubeconfig. Arguments may be given as one string split at blanks. */
export function createKubectl(binary: KubectlBinary, kubeconfig: string): Kubectl {
  // A command is over before collecting garbage would pay: that is up to a third of its work.
  const settings = (options: RunOptions): RunOptions => ({
    ...options,
    env: { KUBECONFIG: kubeconfig, HOME: dirname(kubeconfig), GOGC: '800', ...options.env },
  });
  const attempt = (args: readonly string[] | string, options: RunOptions = {}) =>
    run(binary.path, words(args), settings(options));
  const start = (args: readonly string[] | string, options: RunOptions = {}) =>
    runInBackground(binary.path, words(args), settings(options));
  const kubectl = async (args: readonly string[] | string, options: RunOptions = {}) => {
    const result = await attempt(args, options);
    if (result.code !== 0) {
      throw new Error(
        `kubectl ${words(args).join(' ')} exited with ${result.code}\n${result.stderr}${result.stdout}`,
      );
    }
    return result.stdout;
  };
  return Object.assign(kubectl, { version: binary.version, path: binary.path, try: attempt, start });
}

/** Objects as one text for `kubectl … -f -`. */
export function listOf(items: readonly unknown[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
