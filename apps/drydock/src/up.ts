import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { systemClock } from '@drydock/base/clock';
import type { UpOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { wire } from './wire.ts';

/** How long a stop may take before it is cut short. */
const stopLimitMs = 900;

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? text;
}

/**
 * Runs a cluster until SIGINT or SIGTERM, or until the process that forked it has ended; answers the exit code. A failed
 * start is one line and 1. Who forked it gets one message, `{ server, grpc, kubeconfig }`, when it is ready.
 */
export async function up(options: UpOptions, host: NodeJS.Process): Promise<number> {
  const startedMs = systemClock.monotonicMs();
  const elapsedMs = () => systemClock.monotonicMs() - startedMs;
  const progress = createProgress(host.stdout, elapsedMs);
  const interrupted = Promise.race([
    once(host, 'SIGINT'),
    once(host, 'SIGTERM'),
    // Whoever forked this process has ended.
    ...(host.connected ? [once(host, 'disconnect')] : []),
  ]);
  host.on('unhandledRejection', (error) => host.stderr.write(`drydock: unexpected: ${reasonOf(error)}\n`));

  let cluster: Awaited<ReturnType<typeof wire>> | undefined;
  try {
    mkdirSync(options.dataDir, { recursive: true });
    cluster = await wire(options, (text) => progress.step(text));
    const stopped = await Promise.race([cluster.start().then(() => false), interrupted.then(() => true)]);
    if (stopped) {
      await cluster.stop();
      return 0;
    }
    const file = resolve(options.kubeconfig);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, cluster.kubeconfig(), { mode: 0o600 });
    progress.done();
    const server = cluster.server();
    const grpc = `${options.bindAddress}:${cluster.grpcPort()}`;
    host.stdout.write(banner(options, server, grpc, file, elapsedMs()));
    // To who forked it.
    host.send?.({ server, grpc, kubeconfig: file });
  } catch (error) {
    progress.done();
    host.stderr.write(`drydock: ${reasonOf(error)}\n`);
    await cluster?.stop().catch(() => undefined);
    return 1;
  }
  // Kept alive by its sockets; a cluster without any would have none.
  const alive = setInterval(() => undefined, 1 << 30);
  await interrupted;
  clearInterval(alive);
  await Promise.race([cluster.stop(), systemClock.sleep(stopLimitMs)]);
  return 0;
}

function banner(
  options: UpOptions,
  server: string,
  grpc: string,
  kubeconfig: string,
  elapsedMs: number,
): string {
  const file = relative(process.cwd(), kubeconfig).startsWith('..')
    ? kubeconfig
    : relative(process.cwd(), kubeconfig);
  const nodes = options.components.has('kubelet-sim') ? options.nodes : 0;
  return `Drydock is ready in ${Math.round(elapsedMs)} ms: ${server} (${nodes} nodes, gRPC ${grpc})

  export KUBECONFIG=${file}

Try:
  kubectl get nodes
  kubectl create deployment web --image=nginx --replicas=3
  kubectl get pods -o wide -w

`;
}
