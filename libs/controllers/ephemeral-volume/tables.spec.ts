import { expect, it } from 'vitest';
import { conflict } from '@drydock/base/apimachinery';
import { PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { createStage } from '../shared/stage.spec-support.ts';
import { createEphemeralVolumeController } from './index.ts';

// The facts of kube-controller-manager's own table about the claims of Pods' ephemeral volumes.

const podWith = (volume: object, metadata: object = {}): Pod => ({
  metadata: { name: 'test-pod', namespace: 'my-namespace', uid: 'uid1', ...metadata },
  spec: { containers: [], volumes: [{ name: 'ephemeral-volume', ...volume }] },
});
const ephemeral = { ephemeral: { volumeClaimTemplate: { spec: {} } } };
const claimOf = (namespace: string, owner?: { uid: string; controller: boolean }): PersistentVolumeClaim => ({
  metadata: {
    name: 'test-pod-ephemeral-volume',
    namespace,
    ...(owner && { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'test-pod', ...owner }] }),
  },
  spec: {},
});

interface Row {
  readonly pod?: Pod;
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly refused?: boolean;
  readonly creates?: number;
  readonly failures?: number;
  readonly fails?: boolean;
}

it.each<[string, Row]>([
  ['one of a Pod is made', { pod: podWith(ephemeral), creates: 1 }],
  ['none without a Pod', {}],
  [
    'none of a Pod on its way out',
    { pod: podWith(ephemeral, { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
  ],
  ['none of other volumes', { pod: podWith({ emptyDir: {} }) }],
  [
    'one of another namespace does not matter',
    { pod: podWith(ephemeral), claims: [claimOf('not-my-namespace')], creates: 1 },
  ],
  ['one of nobody is not taken', { pod: podWith(ephemeral), claims: [claimOf('my-namespace')], fails: true }],
  [
    'nor one of another Pod',
    {
      pod: podWith(ephemeral),
      claims: [claimOf('my-namespace', { uid: 'uid2', controller: true })],
      fails: true,
    },
  ],
  [
    'nor one whose owner does not control it',
    {
      pod: podWith(ephemeral),
      claims: [claimOf('my-namespace', { uid: 'uid1', controller: false })],
      fails: true,
    },
  ],
  [
    'one that is there stays',
    { pod: podWith(ephemeral), claims: [claimOf('my-namespace', { uid: 'uid1', controller: true })] },
  ],
  ['one that is refused', { pod: podWith(ephemeral), refused: true, creates: 1, failures: 1, fails: true }],
])('%s', async (_title, row) => {
  const { creates = 0, failures = 0 } = row;
  const refusal = conflict(
    { group: '', resource: 'persistentvolumeclaims' },
    'test-pod-ephemeral-volume',
    'fake conflict',
  );
  const stage = createStage({ refuse: () => (row.refused === true ? refusal : undefined) });
  if (row.pod !== undefined) stage.put(Pod, row.pod);
  for (const claim of row.claims ?? []) stage.put(PersistentVolumeClaim, claim);
  await stage.play(createEphemeralVolumeController);
  expect(stage.told()).toEqual(
    creates === 0 ? [] : ['create persistentvolumeclaims test-pod-ephemeral-volume'],
  );
  expect(stage.counted).toEqual({
    ...(creates > 0 && { ephemeral_volume_controller_create_total: creates }),
    ...(failures > 0 && { ephemeral_volume_controller_create_failures_total: failures }),
  });
  expect(stage.errors).toHaveLength(row.fails === true ? 1 : 0);
  expect(stage.events.map((event) => event.split(' ', 2).join(' '))).toEqual(
    row.fails === true ? ['Warning FailedBinding'] : [],
  );
  await stage.stop();
});
