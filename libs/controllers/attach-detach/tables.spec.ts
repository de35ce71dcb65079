import { describe, expect, it } from 'vitest';
import { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { CSIDriver, VolumeAttachment } from '@drydock/api/storage/v1';
import { createStage, type Stage, type Write } from '../shared/stage.spec-support.ts';
import { attachmentName, mayAttachTwice, needsVolumes, uniqueVolumeName } from './decisions.ts';
import { createAttachDetachController } from './index.ts';

// The facts of kube-controller-manager's own tables about what is attached where.

const driver = 'csi.example.com';
const unique = (volume: string) => uniqueVolumeName({ driver, handle: `${volume}-handle` });
const keyOf = (volume: string, node: string) =>
  attachmentName({ driver, handle: `${volume}-handle`, volume, node });

interface NodeFacts {
  readonly managed?: string;
  readonly keepsEnded?: boolean;
  readonly ready?: boolean;
  readonly dead?: boolean;
  readonly inUse?: string[];
  readonly attached?: string[];
}
function node(name: string, facts: NodeFacts = {}): Node {
  const { managed = 'true', keepsEnded = false, ready = true, dead = false, inUse, attached } = facts;
  return {
    metadata: {
      name,
      uid: name,
      annotations: {
        ...(managed === '' ? {} : { 'volumes.kubernetes.io/controller-managed-attach-detach': managed }),
        ...(keepsEnded ? { 'volumes.kubernetes.io/keep-terminated-pod-volumes': 'true' } : {}),
      },
    },
    spec: dead ? { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } : {},
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }],
      ...(inUse === undefined ? {} : { volumesInUse: inUse.map(unique) }),
      ...(attached === undefined
        ? {}
        : { volumesAttached: attached.map((volume) => ({ name: unique(volume), devicePath: '' })) }),
    },
  };
}
function pod(
  name: string,
  nodeName: string,
  claims: string[],
  more: { namespace?: string; status?: object; metadata?: object } = {},
): Pod {
  const { namespace = 'ns1', status = { phase: 'Running' }, metadata = {} } = more;
  return {
    metadata: { name, namespace, uid: `${namespace}-${name}`, ...metadata },
    spec: {
      nodeName,
      volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    },
    status,
  } as unknown as Pod;
}
/** A volume with a claim of the same name in each namespace, which is a thing that tables have and clusters do not. */
function volume(stage: Stage, name: string, modes: string[] = ['ReadWriteOnce'], namespaces = ['ns1']): void {
  stage.put(PersistentVolume, {
    metadata: { name, uid: name },
    spec: {
      accessModes: modes,
      claimRef: { namespace: 'ns1', name, uid: `claim-${name}` },
      csi: { driver, volumeHandle: `${name}-handle` },
    },
  } as PersistentVolume);
  for (const namespace of namespaces)
    stage.put(PersistentVolumeClaim, {
      metadata: { name, namespace, uid: `claim-${name}` },
      spec: { volumeName: name },
      status: { phase: 'Bound' },
    });
}
const attachment = (of: string, on: string, status: object = { attached: true }): VolumeAttachment =>
  ({
    metadata: { name: keyOf(of, on), uid: keyOf(of, on) },
    spec: { attacher: driver, nodeName: on, source: { persistentVolumeName: of } },
    status,
  }) as VolumeAttachment;
const words = (stage: Stage, writes: readonly Write[] = stage.writes) =>
  writes.map(({ verb, resource, name, body }) => {
    if (resource !== 'nodes') {
      const all = ['v1', 'v2', 'v3'].flatMap((one) => ['n1', 'n2', 'n3'].map((on) => [one, on] as const));
      const [of, on] = all.find(([one, where]) => keyOf(one, where) === name) ?? [name, ''];
      return `${verb === 'create' ? 'attach' : 'detach'} ${of} ${on}`;
    }
    const list = (body as Node).status?.volumesAttached ?? [];
    return `tell ${name} [${list.map(({ name: one }) => one.replace(/^.*\^|-handle$/g, '')).join()}]`;
  });
const play = (stage: Stage) => stage.play(createAttachDetachController);

describe('whose volumes are needed', () => {
  const claims = ['v1'];
  it.each<[string, NodeFacts, Pod[], string[]]>([
    ['nobody', {}, [], []],
    ['a Pod', {}, [pod('p', 'n1', claims)], ['attach v1 n1']],
    ['two Pods, once', {}, [pod('p', 'n1', claims), pod('q', 'n1', claims)], ['attach v1 n1']],
    ['a Pod with two', {}, [pod('p', 'n1', ['v1', 'v2'])], ['attach v1 n1', 'attach v2 n1']],
    ['a Pod on a node that attaches by itself', { managed: '' }, [pod('p', 'n1', claims)], []],
    [
      'a Pod on a node that says so in another word',
      { managed: 'yes' },
      [pod('p', 'n1', claims)],
      ['attach v1 n1'],
    ],
    ['a Pod without node', {}, [pod('p', '', claims)], []],
    ['a Pod that ended', {}, [pod('p', 'n1', claims, { status: { phase: 'Succeeded' } })], []],
    ['a Pod that failed', {}, [pod('p', 'n1', claims, { status: { phase: 'Failed' } })], []],
    [
      'a Pod that ended on a node that keeps them',
      { keepsEnded: true },
      [pod('p', 'n1', claims, { status: { phase: 'Failed' } })],
      ['attach v1 n1'],
    ],
    ['a Pod of a claim that is not there', {}, [pod('p', 'n1', ['v9'])], []],
  ])('%s', async (_title, facts, pods, expected) => {
    const stage = createStage();
    stage.put(Node, node('n1', facts));
    for (const name of ['v1', 'v2']) volume(stage, name);
    for (const one of pods) stage.put(Pod, one);
    await play(stage);
    expect(words(stage)).toEqual(expected);
    expect(stage.errors).toEqual([]);
    await stage.stop();
  });

  const states = (...list: object[]) => ({
    phase: 'Running',
    containerStatuses: list.map((state) => ({ state })),
  });
  const leaving = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  it.each<[string, object, object, boolean]>([
    ['runs', {}, states({ running: {} }), true],
    ['is on its way out and runs', leaving, states({ running: {} }, { terminated: {} }), true],
    ['is on its way out and ran', leaving, states({ terminated: {} }, { waiting: {} }), false],
    ['is on its way out and never ran', leaving, states(), false],
    ['ended though a container runs', {}, { ...states({ running: {} }), phase: 'Failed' }, false],
  ])('a Pod that %s', (_title, metadata, status, expected) => {
    expect(needsVolumes(pod('p', 'n1', [], { metadata, status }))).toBe(expected);
  });

  it.each<[string, (stage: Stage) => void]>([
    ['a claim that is not bound', (stage) => stage.put(PersistentVolumeClaim, unbound('Pending'))],
    ['a claim whose volume is lost', (stage) => stage.put(PersistentVolumeClaim, unbound('Lost'))],
    [
      'a driver that attaches nothing',
      (stage) => stage.put(CSIDriver, { metadata: { name: driver }, spec: { attachRequired: false } }),
    ],
    [
      'a volume that is bound to another claim',
      (stage) =>
        stage.put(PersistentVolume, {
          metadata: { name: 'v1' },
          spec: { claimRef: { uid: 'another' }, csi: { driver, volumeHandle: 'v1-handle' } },
        } as PersistentVolume),
    ],
  ])('not by %s', async (_title, prepare) => {
    const stage = createStage();
    stage.put(Node, node('n1'));
    volume(stage, 'v1');
    prepare(stage);
    stage.put(Pod, pod('p', 'n1', claims));
    await play(stage);
    expect(words(stage)).toEqual([]);
    await stage.stop();
  });
  const unbound = (phase: string): PersistentVolumeClaim => ({
    metadata: { name: 'v1', namespace: 'ns1', uid: 'claim-v1' },
    spec: { volumeName: 'v1' },
    status: { phase },
  });

  it('an ephemeral volume, by the Pod whose claim it is', async () => {
    const stage = createStage();
    stage.put(Node, node('n1'));
    const own = (name: string, uid: string, claimed: string) => {
      volume(stage, claimed);
      const reference = { apiVersion: 'v1', kind: 'Pod', name, uid, controller: true };
      stage.put(PersistentVolumeClaim, {
        metadata: {
          name: `${name}-data`,
          namespace: 'ns1',
          uid: `claim-${claimed}`,
          ownerReferences: [reference],
        },
        spec: { volumeName: claimed },
        status: { phase: 'Bound' },
      });
      const made = pod(name, 'n1', []);
      stage.put(Pod, { ...made, spec: { ...made.spec, volumes: [{ name: 'data', ephemeral: {} }] } } as Pod);
    };
    own('p', 'ns1-p', 'v1');
    own('q', 'somebody', 'v2');
    await play(stage);
    expect(words(stage)).toEqual(['attach v1 n1']);
    await stage.stop();
  });
});

describe('one volume on two nodes', () => {
  async function two(modes: string[]) {
    const stage = createStage();
    for (const name of ['n1', 'n2']) stage.put(Node, node(name));
    volume(stage, 'v1', modes);
    stage.put(Pod, pod('p1', 'n1', ['v1']));
    await play(stage);
    return stage;
  }
  it.each<[string, string[], boolean]>([
    ['by many', ['ReadWriteMany'], true],
    ['by many readers', ['ReadOnlyMany', 'ReadWriteOnce'], true],
    ['by who knows whom', [], true],
    ['by one', ['ReadWriteOnce'], false],
    ['by one Pod', ['ReadWriteOncePod'], false],
  ])('used %s', async (_title, modes, both) => {
    expect(mayAttachTwice({ metadata: {}, spec: { accessModes: modes } } as PersistentVolume)).toBe(both);
    const stage = await two(modes);
    stage.put(Pod, pod('p2', 'n2', ['v1']));
    await stage.settle();
    expect(words(stage)).toEqual(both ? ['attach v1 n1', 'attach v1 n2'] : ['attach v1 n1']);
    // While it is being attached nobody is told anything.
    expect(stage.events).toEqual([]);
    await stage.stop();
  });

  it('goes from one to the other when the first is done with it', async () => {
    const stage = await two(['ReadWriteOnce']);
    stage.put(VolumeAttachment, attachment('v1', 'n1', {}));
    stage.put(Pod, pod('p2', 'n2', ['v1']));
    await stage.settle();
    stage.put(VolumeAttachment, attachment('v1', 'n1'));
    await stage.settle();
    const told = 'Multi-Attach error for volume "v1" Volume is already used by pod(s) p1';
    expect(stage.events).toEqual([
      'Normal SuccessfulAttachVolume AttachVolume.Attach succeeded for volume "v1" ',
      `Warning FailedAttachVolume ${told}`,
    ]);
    stage.put(Node, node('n1', { attached: ['v1'] }));
    stage.put(VolumeAttachment, attachment('v1', 'n1', { attached: true, attachmentMetadata: {} }));
    await stage.settle();
    expect(stage.events).toHaveLength(2);
    stage.remove(Pod, pod('p1', 'n1', ['v1']));
    await stage.settle();
    expect(words(stage)).toEqual(['attach v1 n1', 'tell n1 [v1]', 'tell n1 []', 'detach v1 n1']);
    stage.put(Node, node('n1'));
    stage.remove(VolumeAttachment, attachment('v1', 'n1'));
    await stage.settle();
    expect(words(stage).slice(4)).toEqual(['attach v1 n2']);
    await stage.stop();
  });

  it.each<[string, [pod: string, namespace: string, node: string][], string]>([
    ['nobody', [], "Volume is already exclusively attached to one node and can't be attached to another"],
    ['a Pod of the namespace', [['pod2', 'ns1', 'n2']], 'Volume is already used by pod(s) pod2'],
    [
      'two Pods of the namespace',
      [
        ['pod2', 'ns1', 'n2'],
        ['pod3', 'ns1', 'n2'],
      ],
      'Volume is already used by pod(s) pod2, pod3',
    ],
    [
      'a Pod of another namespace',
      [['pod2', 'ns2', 'n2']],
      'Volume is already used by 1 pod(s) in different namespaces',
    ],
    [
      'both',
      [
        ['pod2', 'ns2', 'n2'],
        ['pod3', 'ns1', 'n3'],
      ],
      'Volume is already used by pod(s) pod3 and 1 pod(s) in different namespaces',
    ],
  ])('its Pods are told who uses it: %s', async (_title, users, why) => {
    const stage = createStage();
    for (const name of ['n1', 'n2', 'n3']) stage.put(Node, node(name, { attached: ['v1'] }));
    volume(stage, 'v1', ['ReadWriteOnce'], ['ns1', 'ns2']);
    for (const on of ['n2', 'n3']) stage.put(VolumeAttachment, attachment('v1', on));
    for (const [name, namespace, on] of users) stage.put(Pod, pod(name, on, ['v1'], { namespace }));
    stage.put(Pod, pod('pod1', 'n1', ['v1']));
    await play(stage);
    expect(stage.events).toEqual([`Warning FailedAttachVolume Multi-Attach error for volume "v1" ${why}`]);
    expect(words(stage)).not.toContain('attach v1 n1');
    await stage.stop();
  });
});

describe('what nobody needs any more', () => {
  const minutes = (count: number) => count * 60_000;
  interface Given {
    readonly facts?: NodeFacts;
    /** What the node says when it is asked itself. */
    readonly live?: NodeFacts;
    readonly refuse?: (write: Write) => Error | undefined;
  }
  async function left({ facts = {}, live, refuse }: Given) {
    const stage = createStage(refuse === undefined ? {} : { refuse });
    stage.put(Node, node('n1', { attached: ['v1'], ...facts }));
    if (live !== undefined) stage.live(Node, 'n1', node('n1', live));
    volume(stage, 'v1');
    stage.put(VolumeAttachment, attachment('v1', 'n1'));
    await play(stage);
    return stage;
  }
  const gone = ['tell n1 []', 'detach v1 n1'];
  const forced = (reason: 'timeout' | 'out-of-service') => ({
    [`attach_detach_controller_attachdetach_controller_forced_detaches{${reason}}`]: 1,
  });

  it.each<[string, Given, string[]]>([
    ['is told and detached', {}, gone],
    ['stays while it is in use', { facts: { inUse: ['v1'] } }, []],
    ['goes though another one is in use', { facts: { inUse: ['v2'] } }, gone],
    ['stays while the node itself says so', { live: { inUse: ['v1'] } }, []],
    ['goes from a node that is declared dead', { facts: { inUse: ['v1'], dead: true, ready: false } }, gone],
    [
      'stays when the node cannot be told',
      { refuse: ({ resource }) => (resource === 'nodes' ? new Error('no') : undefined) },
      ['tell n1 []'],
    ],
    ['of somebody else stays', { facts: { managed: '' } }, ['detach v1 n1']],
  ])('%s', async (_title, given, expected) => {
    const stage = await left(given);
    expect(words(stage)).toEqual(expected);
    expect(stage.counted).toEqual(given.facts?.dead === true ? forced('out-of-service') : {});
    await stage.stop();
  });

  it.each<[string, NodeFacts, string[]]>([
    ['from a node that is not ready', { inUse: ['v1'], ready: false }, gone],
    ['never from one that is ready', { inUse: ['v1'] }, []],
  ])('goes after six minutes though in use: %s', async (_title, facts, expected) => {
    const stage = await left({ facts });
    await stage.clock.advance(minutes(6) - 1);
    await stage.settle();
    expect(words(stage)).toEqual([]);
    await stage.clock.advance(1);
    await stage.settle();
    expect(words(stage)).toEqual(expected);
    expect(stage.counted).toEqual(expected === gone ? forced('timeout') : {});
    await stage.stop();
  });

  it('stays on a node that is ready and itself says that it is in use, for however long', async () => {
    const stage = await left({ live: { inUse: ['v1'] } });
    await stage.clock.advance(minutes(20));
    await stage.settle();
    expect(words(stage)).toEqual([]);
    expect(stage.counted).toEqual({});
    await stage.stop();
  });

  it('goes when the node says that it is not in use', async () => {
    const stage = await left({ facts: { inUse: ['v1'] } });
    expect(words(stage)).toEqual([]);
    stage.put(Node, node('n1', { attached: ['v1'] }));
    await stage.settle();
    expect(words(stage)).toEqual(gone);
    await stage.stop();
  });

  it('stays on a node that is gone as long as its Pods are there, or six minutes where it was in use', async () => {
    const stage = createStage();
    const one = node('n1', { attached: ['v1'], inUse: ['v1'] });
    stage.put(Node, one);
    volume(stage, 'v1');
    stage.put(VolumeAttachment, attachment('v1', 'n1'));
    stage.put(Pod, pod('p', 'n1', ['v1']));
    await play(stage);
    stage.remove(Node, one);
    await stage.settle();
    await stage.clock.advance(minutes(9));
    await stage.settle();
    expect(words(stage)).toEqual([]);
    stage.remove(Pod, pod('p', 'n1', ['v1']));
    await stage.settle();
    expect(words(stage)).toEqual([]);
    await stage.clock.advance(minutes(6));
    await stage.settle();
    expect(words(stage)).toEqual(['detach v1 n1']);
    await stage.stop();
  });

  it('is not touched where it is none of ours', async () => {
    const stage = createStage();
    stage.put(Node, node('n1'));
    stage.put(VolumeAttachment, {
      ...attachment('v1', 'n1'),
      metadata: { name: 'by-hand', uid: 'by-hand' },
    });
    await play(stage);
    expect(words(stage)).toEqual([]);
    await stage.stop();
  });

  it('comes back into use: the six minutes begin anew', async () => {
    const stage = await left({ facts: { inUse: ['v1'], ready: false } });
    await stage.clock.advance(minutes(5));
    stage.put(Pod, pod('p', 'n1', ['v1']));
    await stage.settle();
    stage.remove(Pod, pod('p', 'n1', ['v1']));
    await stage.settle();
    await stage.clock.advance(minutes(5));
    await stage.settle();
    expect(words(stage)).toEqual([]);
    await stage.stop();
  });
});

it('a failure of the attacher is told, each once', async () => {
  const stage = createStage();
  stage.put(Node, node('n1'));
  volume(stage, 'v1');
  for (const name of ['p', 'q']) stage.put(Pod, pod(name, 'n1', ['v1']));
  const failed = (time: string) => attachment('v1', 'n1', { attachError: { time, message: 'no such disk' } });
  stage.put(VolumeAttachment, failed('2026-01-01T00:00:00Z'));
  await play(stage);
  const message = 'Warning FailedAttachVolume AttachVolume.Attach failed for volume "v1" : no such disk';
  expect(stage.events).toEqual([message, message]);
  stage.put(VolumeAttachment, failed('2026-01-01T00:00:00Z'));
  await stage.settle();
  expect(stage.events).toHaveLength(2);
  await stage.stop();
});

it('volumes are counted by their drivers', async () => {
  const stage = createStage();
  for (const name of ['n1', 'n2']) stage.put(Node, node(name));
  stage.put(Node, node('n3', { managed: '' }));
  for (const name of ['v1', 'v2']) volume(stage, name, ['ReadWriteMany']);
  stage.put(VolumeAttachment, attachment('v1', 'n1'));
  stage.put(VolumeAttachment, attachment('v2', 'n2', { attached: false }));
  stage.put(Pod, pod('p', 'n1', ['v1', 'v2']));
  stage.put(Pod, pod('q', 'n1', ['v1']));
  stage.put(Pod, pod('r', 'n2', ['v2', 'none']));
  stage.put(Pod, pod('s', 'n2', ['v1'], { status: { phase: 'Failed' } }));
  stage.put(Pod, pod('t', 'n3', ['v1']));
  stage.put(Pod, pod('u', '', ['v1']));
  await play(stage);
  const plugin = `kubernetes.io/csi:${driver}`;
  const totals = (wanted: number, attached: number) => ({
    [`attachdetach_controller_total_volumes{${plugin},desired_state_of_world}`]: wanted,
    [`attachdetach_controller_total_volumes{${plugin},actual_state_of_world}`]: attached,
  });
  const inUse = (on: string) => `storage_count_attachable_volumes_in_use{${on},${plugin}}`;
  expect(stage.measured()).toEqual({
    ...totals(3, 1),
    [inUse('n1')]: 3,
    [inUse('n2')]: 2,
    [inUse('n3')]: 1,
  });
  stage.remove(Pod, pod('t', 'n3', ['v1']));
  stage.remove(Pod, pod('q', 'n1', ['v1']));
  await stage.settle();
  expect(stage.measured()).toEqual({ ...totals(3, 1), [inUse('n1')]: 2, [inUse('n2')]: 2 });
  await stage.stop();
});
