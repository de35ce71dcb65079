import { spawn } from 'node:child_process';
import { programOf } from './cluster.ts';
import { run } from './kubectl.ts';

/** One app as a process of its own. */
export interface AppProcess {
  readonly pid: number;
  /** `host:port` of what it listens on, by name: `https`, `grpc`. */
  readonly addresses: Readonly<Record<string, string>>;
  output(): string;
  /** SIGTERM, then waits; answers the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, then waits. */
  kill(): Promise<void>;
}

/** Starts `apps/<name>` and waits for its ready line. */
export async function startApp(name: string, args: readonly string[]): Promise<AppProcess> {
  const child = spawn(process.execPath, [programOf(name), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const addresses = await new Promise<Record<string, string>>((resolve, reject) => {
    const look = (text: string): void => {
      output += text;
      const line = /^\S+ is ready(.*)$/m.exec(output)?.[1];
      if (line === undefined) return;
      resolve(Object.fromEntries([...line.matchAll(/ (\w+)=(\S+)/g)].map(([, key, value]) => [key, value])));
    };
    child.stdout.setEncoding('utf8').on('data', look);
    child.stderr.setEncoding('utf8').on('data', look);
    void exited.then((code) =>
      reject(new Error(`${name} exited with ${code} before it was ready:\n${output}`)),
    );
  });
  return {
    pid: child.pid ?? 0,
    addresses,
    output: () => output,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** `drydock certs`: writes the certificates of a cluster, and a kubeconfig for that server. */
export async function writeCertificates(dir: string, server = 'https://127.0.0.1:6443'): Promise<void> {
  const args = ['certs', '--dir', dir, '--server', server];
  const { code, stderr } = await run(process.execPath, [programOf('drydock'), ...args]);
  if (code !== 0) throw new Error(`drydock certs exited with ${code}: ${stderr}`);
}
