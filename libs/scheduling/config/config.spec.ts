import { describe, expect, it } from 'vitest';
import type { PluginDeps } from '../plugins/index.ts';
import type { Profile } from '../profile/index.ts';
import { buildProfiles } from './build-profiles.ts';
import { parseConfiguration } from './parse-configuration.ts';

const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const deps = {
  listers: {},
  volumes: {},
  bind: () => Promise.resolve(),
  preemption: {},
} as unknown as PluginDeps;
const profile = (plugins: object, more: object = {}): Profile => {
  const found = buildProfiles(parseConfiguration({ ...head, profiles: [{ plugins, ...more }] }), deps).get(
    'default-scheduler',
  );
  if (found === undefined) throw new Error('no profile');
  return found;
};
const names = ({ points }: Profile, point: keyof Profile['points']) =>
  points[point].map(({ plugin }) => plugin.name);

describe('profiles', () => {
  it("have kube-scheduler's defaults and weights", () => {
    const plain = profile({});
    expect(names(plain, 'filter')).toEqual([
      'NodeUnschedulable',
      'NodeName',
      'TaintToleration',
      'NodeAffinity',
      'NodePorts',
      'NodeResourcesFit',
      'VolumeRestrictions',
      'NodeVolumeLimits',
      'VolumeBinding',
      'VolumeZone',
      'PodTopologySpread',
      'InterPodAffinity',
    ]);
    expect(Object.fromEntries(plain.points.score.map(({ plugin, weight }) => [plugin.name, weight]))).toEqual(
      {
        TaintToleration: 3,
        NodeAffinity: 2,
        NodeResourcesFit: 1,
        PodTopologySpread: 2,
        InterPodAffinity: 2,
        NodeResourcesBalancedAllocation: 1,
        ImageLocality: 1,
      },
    );
  });

  it('turn plugins off and on at a point, with a weight', () => {
    const custom = profile({
      score: { disabled: [{ name: '*' }], enabled: [{ name: 'ImageLocality', weight: 9 }] },
    });
    expect(custom.points.score.map(({ plugin, weight }) => [plugin.name, weight])).toEqual([
      ['ImageLocality', 9],
    ]);
    expect(names(custom, 'filter')).toContain('NodeResourcesFit');
  });

  it('put what is named at a point first, the rest of multiPoint after it', () => {
    const custom = profile({ filter: { enabled: [{ name: 'NodePorts' }] } });
    expect(names(custom, 'filter').slice(0, 2)).toEqual(['NodePorts', 'NodeUnschedulable']);
  });

  it('turn plugins off everywhere through multiPoint', () => {
    const custom = profile({ multiPoint: { disabled: [{ name: 'TaintToleration' }] } });
    expect([...names(custom, 'filter'), ...names(custom, 'score')]).not.toContain('TaintToleration');
  });

  it('refuse what does not work', () => {
    const where = 'initializing profiles: creating profile for scheduler name default-scheduler';
    expect(() => profile({ filter: { enabled: [{ name: 'Nope' }] } })).toThrow(
      `${where}: plugin "Nope" does not exist`,
    );
    expect(() => profile({ filter: { enabled: [{ name: 'ImageLocality' }] } })).toThrow(
      'does not extend filter plugin',
    );
    expect(() => profile({ queueSort: { disabled: [{ name: '*' }] } })).toThrow(
      'no queue sort plugin is enabled',
    );
  });
});

describe('a configuration', () => {
  it.each([
    [{ apiVersion: 'v1', kind: 'Pod' }, 'no kind "Pod" is registered for version "v1"'],
    [
      { ...head, percentageOfNodesToScore: 101 },
      'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
    ],
    [{ ...head, profiles: [{}, {}] }, 'profiles[1].schedulerName: Duplicate value: "default-scheduler"'],
    [
      { ...head, profiles: [{ plugins: { filters: {} } }] },
      'profiles[0].plugins.filters: Unsupported value: "filters"',
    ],
    [
      {
        ...head,
        profiles: [
          {
            pluginConfig: [
              {
                name: 'PodTopologySpread',
                args: {
                  defaultingType: 'List',
                  defaultConstraints: [
                    { maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' },
                  ],
                },
              },
            ],
          },
        ],
      },
      'profiles[0].pluginConfig[0].args.defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf)',
    ],
  ])('is checked: %j', (value, message) => {
    expect(() => parseConfiguration(value)).toThrow(message);
  });
});
