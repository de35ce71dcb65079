import { afterEach, describe, expect, it } from 'vitest';
import { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createPersistentVolumeBinder } from './index.ts';

// The facts of kube-controller-manager's own tables about the binding of claims and volumes, where both are at rest.

let cluster: TestCluster;
afterEach(() => cluster.stop());

const completed = 'pv.kubernetes.io/bind-completed';
const ours = 'pv.kubernetes.io/bound-by-controller';

interface ClaimFacts {
  /** The name of the volume that it names: `v` or one that is not there. */
  readonly volume?: string;
  readonly phase?: string;
  readonly notes?: readonly string[];
  readonly spec?: object;
}
interface VolumeFacts {
  /** Its claimRef: by name, by name and uid, with the uid of an earlier claim, or of a claim that is not there. */
  readonly ref?: 'name' | 'uid' | 'earlier' | 'other';
  readonly phase?: string;
  readonly notes?: readonly string[];
  readonly spec?: object;
}
const annotations = (notes: readonly string[] = []) => Object.fromEntries(notes.map((note) => [note, 'yes']));
const told = (metadata: { annotations?: Record<string, string> }) =>
  Object.keys(metadata.annotations ?? {}).sort();

async function prepare(
  claimFacts: ClaimFacts | undefined,
  volumeFacts: VolumeFacts | undefined,
): Promise<void> {
  let uid = 'nobody';
  if (claimFacts !== undefined) {
    const { volume, phase = 'Pending', notes, spec } = claimFacts;
    const claims = cluster.client.resource(PersistentVolumeClaim).namespace('default');
    const made = await claims.create({
      metadata: { name: 'c', namespace: 'default', annotations: annotations(notes) },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: '',
        ...(volume === undefined ? {} : { volumeName: volume }),
        ...spec,
      },
    });
    uid = made.metadata.uid ?? '';
    await claims.updateStatus({ ...made, status: { phase } });
  }
  if (volumeFacts === undefined) return;
  const { ref, phase = 'Available', notes, spec } = volumeFacts;
  const claimRef = {
    name: { name: 'c' },
    uid: { name: 'c', uid },
    earlier: { name: 'c', uid: 'earlier' },
    other: { name: 'other', uid: 'other' },
  };
  const volumes = cluster.client.resource(PersistentVolume);
  const made = await volumes.create({
    metadata: { name: 'v', annotations: annotations(notes) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      nfs: { server: 'there', path: '/' },
      persistentVolumeReclaimPolicy: 'Retain',
      ...(ref === undefined
        ? {}
        : { claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', ...claimRef[ref] } }),
      ...spec,
    },
  } as PersistentVolume);
  await volumes.updateStatus({ ...made, status: { phase } });
}

/** `phase volume annotations` of the claim and `phase reference annotations` of the volume. */
async function outcome(): Promise<(string | undefined)[]> {
  const [claim] = await cluster.list(PersistentVolumeClaim);
  const [volume] = await cluster.list(PersistentVolume);
  const short = (notes: string[]) =>
    notes
      .map((note) => ({ [completed]: 'completed', [ours]: 'ours' })[note] ?? '')
      .filter(Boolean)
      .join('+') || '-';
  const reference = volume?.spec?.claimRef;
  const who =
    reference === undefined
      ? '-'
      : reference.uid === undefined
        ? 'name'
        : reference.uid === claim?.metadata.uid
          ? 'uid'
          : 'other';
  return [
    claim && `${claim.status?.phase} ${claim.spec?.volumeName || '-'} ${short(told(claim.metadata))}`,
    volume && `${volume.status?.phase} ${who} ${short(told(volume.metadata))}`,
  ];
}

const events = async () =>
  [...(await cluster.events('c')), ...(await cluster.events('v'))].map((event) =>
    event.split(' ', 2).join(' '),
  );
const block = { volumeMode: 'Block' };
const small = { capacity: { storage: '1Mi' } };
const gone = { persistentVolumeReclaimPolicy: 'Delete' };
const bound = ['Bound v completed+ours', 'Bound uid ours'] as const;

describe('a claim that is not bound', () => {
  it.each<
    [string, ClaimFacts, VolumeFacts | undefined, claim: string, volume: string | undefined, events: string[]]
  >([
    ['takes a volume', {}, {}, ...bound, []],
    ['finds none', { phase: 'Bound' }, undefined, 'Pending - -', undefined, ['Normal FailedBinding']],
    [
      'takes the volume that is meant for it',
      {},
      { ref: 'name' },
      'Bound v completed+ours',
      'Bound uid -',
      [],
    ],
    [
      'takes the volume that is meant for no other',
      {},
      { ref: 'uid' },
      'Bound v completed+ours',
      'Bound uid -',
      [],
    ],
    [
      'takes none of an earlier claim',
      {},
      { ref: 'earlier' },
      'Pending - -',
      'Released other -',
      ['Normal FailedBinding'],
    ],
    ['goes on after the volume was written', {}, { ref: 'uid', notes: [ours] }, ...bound, []],
    ['goes on after the volume is bound', {}, { ref: 'uid', notes: [ours], phase: 'Bound' }, ...bound, []],
    [
      'goes on after the claim was written',
      { volume: 'v', notes: [ours, completed] },
      { ref: 'uid', notes: [ours], phase: 'Bound' },
      ...bound,
      [],
    ],
    [
      'takes no volume of another mode',
      { spec: block },
      {},
      'Pending - -',
      'Available - -',
      ['Normal FailedBinding'],
    ],
    ['takes one of its mode', { spec: block }, { spec: block }, ...bound, []],
    ['waits for the volume that it names', { volume: 'v' }, undefined, 'Pending v -', undefined, []],
    [
      'waits again for the volume that it names',
      { volume: 'v', phase: 'Bound' },
      undefined,
      'Pending v -',
      undefined,
      [],
    ],
    ['takes the volume that it names', { volume: 'v' }, {}, 'Bound v completed', 'Bound uid ours', []],
    [
      'takes the volume that it names and that names it',
      { volume: 'v' },
      { ref: 'name' },
      'Bound v completed',
      'Bound uid -',
      [],
    ],
    [
      'takes the volume that it names and that is its own',
      { volume: 'v' },
      { ref: 'uid' },
      'Bound v completed',
      'Bound uid -',
      [],
    ],
    [
      'takes the volume that it names, whatever its labels',
      { volume: 'v', spec: { selector: { matchLabels: { a: 'b' } } } },
      {},
      'Bound v completed',
      'Bound uid ours',
      [],
    ],
    [
      'takes none that is too small',
      { volume: 'v' },
      { spec: small },
      'Pending v -',
      'Available - -',
      ['Warning VolumeMismatch'],
    ],
    [
      'takes none of another class',
      { volume: 'v' },
      { spec: { storageClassName: 'gold' } },
      'Pending v -',
      'Available - -',
      ['Warning VolumeMismatch'],
    ],
    [
      'takes none of another mode by name',
      { volume: 'v', spec: block },
      {},
      'Pending v -',
      'Available - -',
      ['Warning VolumeMismatch'],
    ],
    [
      'takes none of another claim',
      { volume: 'v', phase: 'Bound' },
      { ref: 'other', phase: 'Bound' },
      'Pending v -',
      'Released other -',
      ['Warning FailedBinding'],
    ],
    [
      'is left as it is where we bound it and another has the volume',
      { volume: 'v', phase: 'Bound', notes: [ours] },
      { ref: 'other', phase: 'Bound' },
      'Bound v ours',
      'Released other -',
      [],
    ],
  ])('%s', async (_title, claimFacts, volumeFacts, claim, volume, expected) => {
    cluster = await startCluster();
    await prepare(claimFacts, volumeFacts);
    cluster.run((deps) => createPersistentVolumeBinder({}, deps));
    await cluster.settle();
    expect(await outcome()).toEqual([claim, volume]);
    expect([...new Set(await events())]).toEqual(expected);
  });

  it('tells of a volume that is meant for it and is of another mode', async () => {
    cluster = await startCluster();
    await prepare({ spec: block }, { ref: 'uid' });
    cluster.run((deps) => createPersistentVolumeBinder({}, deps));
    await cluster.settle();
    expect(await outcome()).toEqual(['Pending - -', 'Available uid -']);
    expect(String(await cluster.events('v'))).toContain(
      'Warning VolumeMismatch Cannot bind PersistentVolume to requested PersistentVolumeClaim "c" due to incompatible volumeMode.',
    );
    expect(String(await cluster.events('c'))).toContain(
      'Warning VolumeMismatch Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due to incompatible volumeMode.',
    );
  });
});

describe('a claim that is bound', () => {
  const done = { notes: [completed] };
  it.each<
    [string, ClaimFacts, VolumeFacts | undefined, claim: string, volume: string | undefined, events: string[]]
  >([
    [
      'is lost without the name of its volume',
      { ...done, phase: 'Bound' },
      undefined,
      'Lost - completed',
      undefined,
      ['Warning ClaimLost'],
    ],
    [
      'is lost without its volume',
      { ...done, volume: 'v', phase: 'Bound' },
      undefined,
      'Lost v completed',
      undefined,
      ['Warning ClaimLost'],
    ],
    ['takes its volume back', { ...done, volume: 'v' }, {}, 'Bound v completed', 'Bound uid ours', []],
    [
      'is lost where the volume names it without its uid',
      { ...done, volume: 'v' },
      { ref: 'name' },
      'Lost v completed',
      'Available name -',
      ['Warning ClaimMisbound'],
    ],
    [
      'is lost where the volume is of an earlier claim',
      { ...done, volume: 'v' },
      { ref: 'earlier' },
      'Lost v completed',
      'Released other -',
      ['Warning ClaimMisbound'],
    ],
    [
      'is lost where the volume is of another claim',
      { ...done, volume: 'v' },
      { ref: 'other' },
      'Lost v completed',
      'Released other -',
      ['Warning ClaimMisbound'],
    ],
    [
      'is bound where both say so',
      { ...done, volume: 'v' },
      { ref: 'uid' },
      'Bound v completed',
      'Bound uid -',
      [],
    ],
    [
      'keeps its volume, whatever its labels',
      { ...done, volume: 'v', spec: { selector: { matchLabels: { a: 'b' } } } },
      {},
      'Bound v completed',
      'Bound uid ours',
      [],
    ],
  ])('%s', async (_title, claimFacts, volumeFacts, claim, volume, expected) => {
    cluster = await startCluster();
    await prepare(claimFacts, volumeFacts);
    cluster.run((deps) => createPersistentVolumeBinder({}, deps));
    await cluster.settle();
    expect(await outcome()).toEqual([claim, volume]);
    expect([...new Set(await events())]).toEqual(expected);
  });
});

describe('a volume', () => {
  it.each<[string, ClaimFacts | undefined, VolumeFacts, volume: string | undefined, events: string[]]>([
    ['is available', undefined, { phase: 'Pending' }, 'Available - -', []],
    [
      'is available to the one it is meant for',
      undefined,
      { phase: 'Pending', ref: 'name' },
      'Available name -',
      [],
    ],
    [
      'is released by a claim that is gone',
      undefined,
      { phase: 'Bound', ref: 'uid' },
      'Released other -',
      [],
    ],
    [
      'is let go where the claim has another one',
      { volume: 'w', phase: 'Bound' },
      { phase: 'Bound', ref: 'uid', notes: [ours] },
      'Available - -',
      [],
    ],
    [
      'is meant for the claim still where somebody said so',
      { volume: 'w', phase: 'Bound' },
      { phase: 'Bound', ref: 'uid' },
      'Available name -',
      [],
    ],
    [
      'fails where nobody can delete it',
      undefined,
      { phase: 'Bound', ref: 'uid', spec: gone },
      'Failed other -',
      ['Warning VolumeFailedDelete'],
    ],
    [
      'fails where nobody can recycle it',
      undefined,
      { phase: 'Bound', ref: 'uid', spec: { persistentVolumeReclaimPolicy: 'Recycle' } },
      'Failed other -',
      ['Warning VolumeFailedRecycle'],
    ],
    [
      'goes where it can be deleted',
      undefined,
      { phase: 'Bound', ref: 'uid', spec: { ...gone, nfs: undefined, hostPath: { path: '/tmp/x' } } },
      undefined,
      [],
    ],
    ['stays released', undefined, { phase: 'Released', ref: 'uid' }, 'Released other -', []],
    ['stays failed', undefined, { phase: 'Failed', ref: 'uid', spec: gone }, 'Failed other -', []],
  ])('%s', async (_title, claimFacts, volumeFacts, volume, expected) => {
    cluster = await startCluster();
    await prepare(claimFacts, volumeFacts);
    cluster.run((deps) => createPersistentVolumeBinder({}, deps));
    await cluster.settle();
    expect((await outcome())[1]).toBe(volume);
    expect(
      await cluster.events('v').then((all) => all.map((event) => event.split(' ', 2).join(' '))),
    ).toEqual(expected);
  });
});
