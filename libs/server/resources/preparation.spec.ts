import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import { cloneJson } from '@drydock/base/apimachinery';
import { created, now, sample, testContext } from './common/definition.spec-support.ts';
import { allDefinitions } from './index.ts';

type Loose = KubeObject & { spec?: unknown; status?: unknown } & Readonly<Record<string, unknown>>;

function definitionOf(kind: string) {
  const found = allDefinitions.find((one) => one.kind === kind && one.storedAs === undefined);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

/** The object as it is stored, and what was said of it. */
function made(kind: string, fields: object, metadata: object = {}): { object: Loose; said: string[] } {
  const definition = definitionOf(kind);
  const object = sample(definition, fields, metadata);
  const said: string[] = [];
  definition.strategy.prepareForCreate?.(object, { ...testContext(), warn: (text) => said.push(text) });
  return { object: object as Loose, said };
}

function changed(kind: string, before: object, after: object): Loose {
  const definition = definitionOf(kind);
  const object = sample(definition, after);
  definition.strategy.prepareForUpdate?.(object, sample(definition, before), testContext());
  return object as Loose;
}

describe('a claim says twice where its data comes from', () => {
  const claim = { kind: 'PersistentVolumeClaim', name: 'a' };
  const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'a' };
  const other = { apiGroup: 'example.com', kind: 'Populator', name: 'a' };
  const elsewhere = { ...claim, namespace: 'other' };
  it.each([
    [{}, {}],
    [{ dataSource: claim }, { dataSource: claim, dataSourceRef: claim }],
    [{ dataSource: snapshot }, { dataSource: snapshot, dataSourceRef: snapshot }],
    [{ dataSource: other }, {}],
    [{ dataSource: { kind: 'Pod', name: 'a' } }, {}],
    [{ dataSourceRef: other }, { dataSource: other, dataSourceRef: other }],
    [
      { dataSource: claim, dataSourceRef: snapshot },
      { dataSource: claim, dataSourceRef: snapshot },
    ],
    [{ dataSourceRef: elsewhere }, {}],
    [
      { dataSource: claim, dataSourceRef: elsewhere },
      { dataSource: claim, dataSourceRef: claim },
    ],
  ])('%j', (given, kept) => {
    expect(made('PersistentVolumeClaim', { spec: given }).object.spec).toEqual({
      ...kept,
      volumeMode: 'Filesystem',
    });
  });

  it('and keeps what it had, though the client leaves one out', () => {
    const both = { dataSource: other, dataSourceRef: other };
    expect(
      changed('PersistentVolumeClaim', { spec: both }, { spec: { dataSource: other } }).spec,
    ).toMatchObject(both);
  });
});

describe('a Pod that is created', () => {
  const labels = { app: 'a', version: '2' };
  const match = { key: 'version', operator: 'In', values: ['2'] };
  const mismatch = { key: 'app', operator: 'NotIn', values: ['a'] };

  it('has the keys of its labels in its selectors', () => {
    const keys = { matchLabelKeys: ['version', 'absent'], mismatchLabelKeys: ['app'] };
    const term = { topologyKey: 'zone', labelSelector: { matchLabels: { x: 'y' } }, ...keys };
    const blind = { topologyKey: 'zone', ...keys };
    const preferred = { weight: 1, podAffinityTerm: term };
    const affinity = {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term, blind] },
      podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred] },
    };
    const constraint = { topologyKey: 'zone', labelSelector: {}, matchLabelKeys: ['version'] };
    const spec = { affinity, topologySpreadConstraints: [constraint] };
    const merged = {
      ...term,
      labelSelector: { matchLabels: { x: 'y' }, matchExpressions: [match, mismatch] },
    };
    expect(made('Pod', { spec: cloneJson(spec as never) }, { labels }).object.spec).toMatchObject({
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [merged, blind] },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: merged }],
        },
      },
      topologySpreadConstraints: [{ ...constraint, labelSelector: { matchExpressions: [match] } }],
    });
  });

  it('has them there once, though a webhook changed it and it is prepared anew', () => {
    const labelSelector = { matchExpressions: [match] };
    const constraint = { topologyKey: 'zone', labelSelector, matchLabelKeys: ['version'] };
    expect(
      made('Pod', { spec: { topologySpreadConstraints: [constraint] } }, { labels }).object.spec,
    ).toMatchObject({
      topologySpreadConstraints: [{ labelSelector }],
    });
  });

  const key = 'container.apparmor.security.beta.kubernetes.io/c';
  const advice = `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
  it.each([
    ['unconfined', undefined, { type: 'Unconfined' }, true],
    ['runtime/default', undefined, { type: 'RuntimeDefault' }, true],
    ['localhost/p', undefined, { type: 'Localhost', localhostProfile: 'p' }, true],
    ['localhost/', undefined, undefined, true],
    ['bogus', undefined, undefined, true],
    ['runtime/default', { type: 'RuntimeDefault' }, undefined, false],
    ['unconfined', { type: 'RuntimeDefault' }, { type: 'Unconfined' }, true],
  ])(
    'takes its AppArmor profile from the annotation %s, beside %j for all',
    (profile, forAll, expected, told) => {
      const securityContext = forAll === undefined ? {} : { appArmorProfile: forAll };
      const spec = {
        securityContext,
        containers: [
          { name: 'c', image: 'i' },
          { name: 'd', image: 'i' },
        ],
      };
      const { object, said } = made('Pod', { spec }, { annotations: { [key]: profile } });
      const [container] = (
        object.spec as { containers: { securityContext?: { appArmorProfile?: unknown } }[] }
      ).containers;
      expect(container?.securityContext?.appArmorProfile).toEqual(expected);
      expect(said).toEqual(told ? [advice] : []);
    },
  );

  it('keeps a profile that its container has, whatever the annotation', () => {
    const securityContext = { appArmorProfile: { type: 'Unconfined' } };
    const spec = { containers: [{ name: 'c', image: 'i', securityContext }] };
    const { object, said } = made('Pod', { spec }, { annotations: { [key]: 'runtime/default' } });
    expect(object.spec).toMatchObject({ containers: [{ securityContext }] });
    expect(said).toEqual([]);
  });
});

describe('what cannot be written is dropped', () => {
  it('of the secrets of a ServiceAccount all but their names', () => {
    const secrets = [{ name: 'a', kind: 'Secret', namespace: 'x', uid: 'u' }];
    expect(made('ServiceAccount', { secrets }).object['secrets']).toEqual([{ name: 'a' }]);
    expect(changed('ServiceAccount', {}, { secrets })['secrets']).toEqual([{ name: 'a' }]);
  });

  it('of a Lease what coordinated leader election takes, but where it was before', () => {
    const spec = { holderIdentity: 'h', strategy: 'OldestEmulationVersion', preferredHolder: 'p' };
    expect(made('Lease', { spec }).object.spec).toEqual({ holderIdentity: 'h' });
    expect(changed('Lease', { spec: {} }, { spec }).spec).toEqual({ holderIdentity: 'h' });
    expect(changed('Lease', { spec }, { spec }).spec).toEqual(spec);
  });

  it('of an EndpointSlice the topology of the version before', () => {
    const fields = {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['1.1.1.1'], deprecatedTopology: { a: 'b' } }],
    };
    expect(made('EndpointSlice', fields).object['endpoints']).toEqual([{ addresses: ['1.1.1.1'] }]);
    expect(changed('EndpointSlice', {}, fields)['endpoints']).toEqual([{ addresses: ['1.1.1.1'] }]);
  });
});

describe('a Pod whose status is written as a whole', () => {
  it.each([
    ['keeps its class, of which the writer knows nothing', { phase: 'Running' }, 'Burstable'],
    ['has the class that the writer says, to be refused', { qosClass: 'Guaranteed' }, 'Guaranteed'],
  ])('%s', (_title, status, expected) => {
    const definition = definitionOf('Pod');
    const object = sample(definition, { status });
    const old = sample(definition, { status: { phase: 'Pending', qosClass: 'Burstable' } });
    definition.strategy.prepareForStatusUpdate?.(object, old, testContext());
    expect((object as Loose).status).toEqual({ ...status, qosClass: expected });
  });
});

describe('a PersistentVolume tells since when it is in its phase', () => {
  const moment = new Date(now).toISOString().replace('.000', '');
  const after = (before: object, status: object): unknown => {
    const definition = definitionOf('PersistentVolume');
    const object = sample(definition, { status });
    definition.strategy.prepareForStatusUpdate?.(
      object,
      sample(definition, { status: before }),
      testContext(),
    );
    return (object as Loose).status;
  };

  it('from its creation on', () => {
    const { object } = made('PersistentVolume', { status: { phase: 'Bound' } });
    expect(object.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: moment });
  });

  it('and when the phase changes, unless who changes it tells the time', () => {
    const before = { phase: 'Pending', lastPhaseTransitionTime: created };
    expect(after(before, before)).toEqual(before);
    expect(after(before, { ...before, phase: 'Available' })).toEqual({
      phase: 'Available',
      lastPhaseTransitionTime: moment,
    });
    const told = { phase: 'Available', lastPhaseTransitionTime: '2026-01-01T00:03:00Z' };
    expect(after(before, told)).toEqual(told);
  });
});
