import { expect, it } from 'vitest';
import { conflict } from '@drydock/base/apimachinery';
import { Pod } from '@drydock/api/core/v1';
import { ResourceClaim, ResourceClaimTemplate } from '@drydock/api/resource/v1';
import { createStage, type Write } from '../shared/stage.spec-support.ts';
import { createResourceClaimController } from './index.ts';

// The facts of kube-controller-manager's own table about claims and the Pods that use them.

const entry = 'acme-resource';
const finalizer = 'resource.kubernetes.io/delete-protection';
const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
interface PodFacts {
  readonly uid?: string;
  readonly phase?: string;
  readonly node?: string;
  readonly metadata?: object;
  /** What it was told that its claim is called. */
  readonly told?: string;
  readonly bare?: boolean;
}
function pod({ uid = 'uidpod1', phase = 'Pending', node, metadata, told, bare = false }: PodFacts = {}): Pod {
  return {
    metadata: { name: 'test-pod', namespace: 'home', uid, ...metadata },
    spec: {
      ...(bare ? {} : { resourceClaims: [{ name: entry, resourceClaimTemplateName: 'my-template' }] }),
      ...(node === undefined ? {} : { nodeName: node }),
    },
    status: {
      phase,
      ...(told === undefined ? {} : { resourceClaimStatuses: [{ name: entry, resourceClaimName: told }] }),
    },
  } as unknown as Pod;
}
const template: ResourceClaimTemplate = {
  metadata: { name: 'my-template', namespace: 'home' },
  spec: { spec: {} },
} as ResourceClaimTemplate;
const owner = {
  apiVersion: 'v1',
  kind: 'Pod',
  name: 'test-pod',
  uid: 'uidpod1',
  controller: true,
  blockOwnerDeletion: true,
};
interface ClaimFacts {
  readonly namespace?: string;
  readonly owned?: boolean;
  readonly generated?: boolean;
  readonly allocated?: boolean;
  readonly reserved?: string[];
  readonly held?: boolean;
  readonly metadata?: object;
}
function claim(facts: ClaimFacts = {}): ResourceClaim {
  const {
    namespace = 'home',
    owned = true,
    generated = false,
    allocated = false,
    reserved = [],
    held,
  } = facts;
  return {
    metadata: {
      name: 'the-claim',
      namespace,
      uid: 'claim',
      ...(owned ? { ownerReferences: [owner] } : {}),
      ...(generated ? { annotations: { 'resource.kubernetes.io/pod-claim-name': entry } } : {}),
      ...(held === true ? { finalizers: [finalizer] } : {}),
      ...facts.metadata,
    },
    spec: {},
    status: {
      ...(allocated ? { allocation: { devices: {} } } : {}),
      ...(reserved.length === 0
        ? {}
        : { reservedFor: reserved.map((uid) => ({ resource: 'pods', name: nameOf(uid), uid })) }),
    },
  } as unknown as ResourceClaim;
}
const nameOf = (uid: string) => (uid === 'uidpod1' ? 'test-pod' : `pod-of-${uid}`);

/** Writes in words: what a claim is left with, and what a Pod is told. */
function words({ verb, resource, subresource, body }: Write): string {
  if (resource === 'pods') {
    const names = (body as Pod).status?.resourceClaimStatuses ?? [];
    return `tell ${names.map((one) => (one.resourceClaimName === 'the-claim' ? 'the-claim' : 'new')).join()}`;
  }
  if (verb !== 'update') return verb;
  const { metadata, status } = body as ResourceClaim;
  if (subresource !== 'status') return `finalizers [${metadata.finalizers?.join() ?? ''}]`;
  const users = status?.reservedFor?.map(({ uid }) => uid).join() ?? '';
  return `users [${users}]${status?.allocation === undefined ? '' : ' devices'}`;
}
const missing = 'resourceclaimtemplate.resource.k8s.io "my-template" not found';
const reserved = { allocated: true, reserved: ['uidpod1'] };

it.each<
  [
    string,
    { pods?: Pod[]; later?: Pod[]; claims?: ResourceClaim[]; templates?: boolean; refuse?: boolean },
    string[],
    event?: string,
  ]
>([
  ['is made', { pods: [pod()], templates: true }, ['create', 'tell new']],
  [
    'is there, and the Pod knows',
    { pods: [pod({ told: 'the-claim' })], claims: [claim({ generated: true })], templates: true },
    [],
  ],
  [
    'is gone: it is made again',
    { pods: [pod({ told: 'the-claim' })], templates: true },
    ['create', 'tell new'],
  ],
  ['has no template', { pods: [pod()] }, [], missing],
  [
    'is there, and the Pod does not know',
    { pods: [pod()], claims: [claim({ generated: true })] },
    ['tell the-claim'],
  ],
  ['has no Pod', {}, []],
  ['has a Pod on its way out', { pods: [pod({ metadata: going })], templates: true }, []],
  ['is not asked for', { pods: [pod({ bare: true })], templates: true }, []],
  [
    'has a namesake elsewhere',
    { pods: [pod()], claims: [claim({ namespace: 'away', owned: false })], templates: true },
    ['create', 'tell new'],
  ],
  ['has a namesake that is nobody’s', { pods: [pod()], claims: [claim({ owned: false })] }, [], missing],
  ['cannot be made', { pods: [pod()], templates: true, refuse: true }, ['create'], 'create ResourceClaim : '],
  ['stays reserved', { pods: [pod({ told: 'the-claim' })], claims: [claim(reserved)] }, []],
  ['stays reserved for a Pod that nobody has seen', { later: [pod()], claims: [claim(reserved)] }, []],
  [
    'loses its last user, and its devices',
    { claims: [claim({ ...reserved, held: true })] },
    ['users []', 'finalizers []'],
  ],
  [
    'loses a user and keeps another, and its devices',
    {
      pods: [pod({ told: 'the-claim' })],
      claims: [claim({ allocated: true, reserved: ['uidpod1', 'other'], held: true })],
    },
    ['users [uidpod1] devices'],
  ],
  [
    'loses its last user as it is deleted',
    { claims: [claim({ ...reserved, held: true, metadata: going })] },
    ['users []', 'finalizers []'],
  ],
  [
    'is deleted with devices and no user',
    { claims: [claim({ allocated: true, held: true, metadata: going })] },
    ['users []', 'finalizers []'],
  ],
  [
    'loses a user that has ended; nobody protected its devices',
    { pods: [pod({ phase: 'Succeeded' })], claims: [claim({ ...reserved, owned: false })] },
    ['users [] devices'],
  ],
  [
    'loses one of two users',
    {
      pods: [pod({ bare: true })],
      claims: [claim({ allocated: true, reserved: ['uidpod1', 'other'] })],
    },
    ['users [uidpod1] devices'],
  ],
  [
    'goes with its Pod that has ended',
    { pods: [pod({ phase: 'Succeeded' })], claims: [claim(reserved)] },
    ['users [] devices', 'delete'],
  ],
  [
    'is reserved for a Pod that somebody gave a node',
    {
      pods: [pod({ node: 'worker', told: 'the-claim' })],
      claims: [claim({ allocated: true, generated: true })],
      templates: true,
    },
    ['users [uidpod1] devices'],
  ],
])('a claim %s', async (_title, given, expected, event) => {
  const { pods = [], later = [], claims = [], templates = false, refuse = false } = given;
  const what = { group: 'resource.k8s.io', resource: 'resourceclaims' };
  const stage = createStage({
    refuse: ({ verb }) => (refuse && verb === 'create' ? conflict(what, 'x', 'fake conflict') : undefined),
  });
  for (const one of pods) stage.put(Pod, one);
  for (const one of claims) stage.put(ResourceClaim, one);
  if (templates) stage.put(ResourceClaimTemplate, template);
  for (const one of later) stage.live(Pod, one.metadata.name ?? '', one);
  await stage.play(createResourceClaimController);
  // On a stage nothing shows of what was written: what follows it is told again.
  expect([...new Set(stage.writes.map(words))]).toEqual(expected);
  expect(stage.events.map((one) => (event !== undefined && one.includes(event) ? event : one))).toEqual(
    event === undefined ? [] : [event],
  );
  expect(Object.keys(stage.counted)).toEqual(
    expected.includes('create')
      ? [`resourceclaim_controller_creates_total{${refuse ? 'failure' : 'success'},false}`]
      : [],
  );
  await stage.stop();
});

it('claims are counted as they come, are allocated, and go', async () => {
  const stage = createStage();
  await stage.play(createResourceClaimController);
  const of = (labels: string) => `resourceclaim_controller_resource_claims{${labels}}`;
  const named = (name: string, allocated = false, annotations: object = {}): ResourceClaim =>
    claim({ allocated, owned: false, metadata: { name, uid: name, annotations } });
  const steps: [step: () => void, Record<string, number>][] = [
    [() => stage.put(ResourceClaim, named('a')), { [of('false,false,')]: 1 }],
    [() => stage.put(ResourceClaim, named('a', false, { foo: 'bar' })), { [of('false,false,')]: 1 }],
    [() => stage.put(ResourceClaim, named('a', true)), { [of('true,false,')]: 1 }],
    [() => stage.put(ResourceClaim, named('b', true)), { [of('true,false,')]: 2 }],
    [() => stage.put(ResourceClaim, named('a')), { [of('true,false,')]: 1, [of('false,false,')]: 1 }],
    [() => stage.remove(ResourceClaim, named('a')), { [of('true,false,')]: 1 }],
    [() => stage.remove(ResourceClaim, named('b', true)), {}],
    [
      () =>
        stage.put(ResourceClaim, {
          ...named('c', false, { 'resource.kubernetes.io/pod-claim-name': entry }),
          spec: {
            devices: {
              requests: [{ name: 'r', exactly: { deviceClassName: 'c', adminAccess: true } }],
            },
          },
        }),
      { [of('false,true,resource_claim_template')]: 1 },
    ],
    [
      () =>
        stage.put(
          ResourceClaim,
          named('c', true, { 'resource.kubernetes.io/extended-resource-claim': 'true' }),
        ),
      { [of('true,false,extended_resource')]: 1 },
    ],
  ];
  for (const [step, expected] of steps) {
    step();
    await stage.settle();
    expect(stage.measured()).toEqual(expected);
  }
  await stage.stop();
});
