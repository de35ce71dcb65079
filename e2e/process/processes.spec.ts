import { describe } from 'vitest';
import {
  clusterBody,
  hasProgram,
  quickAutoscaler,
  startProcessCluster,
  type ProcessClusterOptions,
} from '../support/index.ts';

const flags = (names: readonly string[]) =>
  names.flatMap((name) => [`--${name}`, quickAutoscaler[name] ?? '']);
const quickLease = [
  ...['--leader-elect-lease-duration', '3s'],
  ...['--leader-elect-renew-deadline', '2s'],
  ...['--leader-elect-retry-period', '300ms'],
];
const args: ProcessClusterOptions['args'] = {
  'controller-manager': [
    ...flags(['horizontal-pod-autoscaler-sync-period', 'horizontal-pod-autoscaler-downscale-stabilization']),
    ...quickLease,
  ],
  scheduler: quickLease,
  'metrics-server': flags(['metric-resolution']),
};

const wanted = process.env['CI'] === 'true';
const outside = hasProgram('nats-server') && hasProgram('etcd');
if (!outside && !wanted) process.stderr.write('skipped: no nats-server or no etcd on this machine\n');

clusterBody('separate processes, lmdb and gRPC events', async () => {
  const cluster = await startProcessCluster({ args });
  return { kubeconfig: cluster.kubeconfig, stop: () => cluster.stop() };
});

describe.skipIf(!outside && !wanted)('on etcd and NATS', () => {
  clusterBody('separate processes, etcd and NATS', async () => {
    const cluster = await startProcessCluster({ args, store: 'etcd', eventBus: 'nats' });
    return { kubeconfig: cluster.kubeconfig, stop: () => cluster.stop() };
  });
});
