import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { holdsClaim } from './index.ts';

const claim = (name: string, owner?: string) =>
  ({
    metadata: {
      name,
      namespace: 'n',
      ...(owner
        ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: owner, controller: true }] }
        : {}),
    },
  }) as PersistentVolumeClaim;
const pod = (volume: object, metadata: object = {}, nodeName = 'node') =>
  ({
    metadata: { name: 'p', namespace: 'n', uid: 'u', ...metadata },
    spec: { nodeName, containers: [], volumes: [{ name: 'v', ...volume }] },
    status: { phase: 'Succeeded' },
  }) as Pod;
const named = { persistentVolumeClaim: { claimName: 'c' } };
const ephemeral = { ephemeral: {} };
const shutDown = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 };

describe('holdsClaim', () => {
  it.each<[string, Pod, PersistentVolumeClaim, boolean]>([
    ['a Pod on a node, though it has ended', pod(named), claim('c'), true],
    ['another claim', pod(named), claim('d'), false],
    ['a Pod without a node', pod(named, {}, ''), claim('c'), false],
    ['a Pod that is shut down', pod(named, shutDown), claim('c'), true],
    ['its own ephemeral claim', pod(ephemeral), claim('p-v', 'u'), true],
    ['a stranger’s claim of that name', pod(ephemeral), claim('p-v'), false],
    ['its own, shut down', pod(ephemeral, shutDown), claim('p-v', 'u'), false],
  ])('%s', (_, one, of, expected) => expect(holdsClaim(one, of)).toBe(expected));
});
