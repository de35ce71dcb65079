import { afterAll, describe } from 'vitest';
import {
  clusterBody,
  composeCommand,
  quickAutoscaler,
  startComposeCluster,
  type ComposeCluster,
} from '../support/index.ts';
import { backupBody } from './backup.ts';
import { faultBody } from './faults.ts';
import { readmeBody } from './readme.ts';
import { scaleBody } from './scale.ts';
import { threeBody } from './three.ts';

const docker = await composeCommand();

const env = Object.fromEntries(
  Object.entries({
    ...quickAutoscaler,
    // Short enough to wait for, and long enough for a busy machine to renew in time.
    'leader-elect-lease-duration': '8s',
    'leader-elect-renew-deadline': '6s',
    'leader-elect-retry-period': '500ms',
  }).map(([flag, value]) => [`DRYDOCK_${flag.replaceAll('-', '_').toUpperCase()}`, value]),
);

describe.skipIf(docker === undefined)('docker-compose up', () => {
  let started: Promise<ComposeCluster> | undefined;
  const shared = () =>
    (started ??= startComposeCluster({ env, overrides: ['e2e/containers/small-disk.yml'] }));
  const three = async () => (await shared()).by({ envFile: 'deploy/three.env' });
  afterAll(async () => (await started)?.stop(), 60_000);

  clusterBody('a cluster of docker-compose', async () => ({
    kubeconfig: (await shared()).kubeconfig,
    stop: () => Promise.resolve(),
  }));
  readmeBody(shared);
  scaleBody(shared);
  faultBody(shared);
  // From here on the same cluster with `--env-file deploy/three.env`.
  backupBody(shared, three);
  threeBody(three);
});
