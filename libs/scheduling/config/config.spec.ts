import { TerminalError } from '@drydock/base/apimachinery';
import { describe, expect, it } from 'vitest';
import type { PluginDeps } from '../plugins/index.ts';
import type { Profile } from '../profile/index.ts';
import { buildProfiles } from './build-profiles.ts';
import { parseConfiguration } from './parse-configuration.ts';

const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const deps = {
  listers: {},
  volumes: {},
  devices: {},
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
      'DynamicResources',
    ]);
    expect(Object.fromEntries(plain.points.score.map(({ plugin, weight }) => [plugin.name, weight]))).toEqual(
      {
        TaintToleration: 3,
        NodeAffinity: 2,
        NodeResourcesFit: 1,
        PodTopologySpread: 2,
        InterPodAffinity: 2,
        DynamicResources: 2,
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

  it('keep the order of a point for what multiPoint has too, and put what only the point has last', () => {
    const custom = profile({
      multiPoint: {
        disabled: [{ name: '*' }],
        enabled: ['PrioritySort', 'NodeName', 'NodePorts', 'DefaultBinder'].map((name) => ({ name })),
      },
      filter: { enabled: [{ name: 'TaintToleration' }, { name: 'NodePorts' }] },
    });
    expect(names(custom, 'filter')).toEqual(['NodePorts', 'NodeName', 'TaintToleration']);
  });

  it('turn plugins off everywhere through multiPoint', () => {
    const custom = profile({ multiPoint: { disabled: [{ name: 'TaintToleration' }] } });
    expect([...names(custom, 'filter'), ...names(custom, 'score')]).not.toContain('TaintToleration');
  });

  it('refuse what does not work', () => {
    const where = 'initializing profiles: creating profile for scheduler name default-scheduler';
    expect(() => profile({ filter: { enabled: [{ name: 'Nope' }] } })).toThrow(
      `${where}: FilterPlugin "Nope" does not exist`,
    );
    expect(() => profile({ multiPoint: { enabled: [{ name: 'Nope' }] } })).toThrow(
      `${where}: PreFilterPlugin "Nope" does not exist`,
    );
    expect(() => profile({ filter: { enabled: [{ name: 'ImageLocality' }] } })).toThrow(
      `${where}: plugin "ImageLocality" does not extend FilterPlugin plugin`,
    );
    expect(() => profile({ filter: { enabled: [{ name: 'NodePorts' }, { name: 'NodePorts' }] } })).toThrow(
      `${where}: plugin "NodePorts" already registered as "FilterPlugin"`,
    );
    const of = 'profile with scheduler name "default-scheduler"';
    expect(() => profile({ queueSort: { disabled: [{ name: '*' }] } })).toThrow(
      `${where}: only one queue sort plugin required for ${of}, but got 0`,
    );
    expect(() => profile({ bind: { disabled: [{ name: '*' }] } })).toThrow(
      `${where}: at least one bind plugin is needed for ${of}`,
    );
  });
});

const parse = (more: object) => parseConfiguration({ ...head, ...more });
const withArgs = (name: string, args: object) => ({ profiles: [{ pluginConfig: [{ name, args }] }] });
const named = (...names: string[]) => names.map((schedulerName) => ({ schedulerName }));
const sorted = (schedulerName: string, ...names: string[]) => ({
  schedulerName,
  plugins: { queueSort: { enabled: names.map((name) => ({ name })) } },
});
const extender = { urlPrefix: 'http://127.0.0.1:8081/extender' };

describe('a configuration', () => {
  it('needs nothing but its head; a profile that is alone is the default scheduler', () => {
    expect(parse({}).profiles).toEqual([{ schedulerName: 'default-scheduler' }]);
    expect(parse({ profiles: [{ percentageOfNodesToScore: 5 }] }).profiles).toEqual([
      { schedulerName: 'default-scheduler', percentageOfNodesToScore: 5 },
    ]);
  });

  it('takes no times for the default ones, and asks nothing of an election that is off', () => {
    expect(() => parse({ leaderElection: { leaseDuration: '0s', renewDeadline: '0s' } })).not.toThrow();
    expect(() => parse({ leaderElection: { leaderElect: false, retryPeriod: '-1s' } })).not.toThrow();
  });

  it('takes args of plugins with and without their type, null for nothing, and those of plugins it does not know', () => {
    const typed = {
      apiVersion: head.apiVersion,
      kind: 'DefaultPreemptionArgs',
      minCandidateNodesPercentage: 50,
    };
    expect(() => parse(withArgs('DefaultPreemption', typed))).not.toThrow();
    const own = { foo: 'bar' };
    expect(parse(withArgs('OutOfTreePlugin', own)).profiles?.[0]?.pluginConfig?.[0]?.args).toEqual(own);
    expect(() =>
      parse({ profiles: [{ pluginConfig: [{ name: 'VolumeBinding', args: null }] }] }),
    ).not.toThrow();
  });

  it.each([
    [{ percentageOfNodeToScore: 5 }, 'unknown field "percentageOfNodeToScore"'],
    [{ profiles: [{ plugins: { filters: {} } }] }, 'unknown field "profiles[0].plugins.filters"'],
    [
      { profiles: [{ name: 'a' }, { name: 'b' }] },
      'unknown field "profiles[0].name", unknown field "profiles[1].name"',
    ],
    [{ extenders: [{ ...extender, filterverb: 'x' }] }, 'unknown field "extenders[0].filterverb"'],
    [
      withArgs('NodeResourcesFit', {
        scoringStrategy: { requestedToCapacityRatio: { shape: [{ Score: 2, Utilization: 1 }] } },
      }),
      'decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin NodeResourcesFit: ' +
        'strict decoding error: unknown field "scoringStrategy.requestedToCapacityRatio.shape[0].Score", ' +
        'unknown field "scoringStrategy.requestedToCapacityRatio.shape[0].Utilization"',
    ],
    [
      withArgs('NodeResourcesFit', { scoringStrategy: { resources: [{ Name: 'cpu', Weight: 1 }] } }),
      'decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin NodeResourcesFit: ' +
        'strict decoding error: unknown field "scoringStrategy.resources[0].Name", unknown field "scoringStrategy.resources[0].Weight"',
    ],
    [
      withArgs('NodeAffinity', { addedAffinity: { required: {} } }),
      'decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin NodeAffinity: ' +
        'strict decoding error: unknown field "addedAffinity.required"',
    ],
  ])('is decoded strictly: %j', (value, message) => {
    expect(() => parse(value)).toThrow(new TerminalError(`strict decoding error: ${message}`));
  });

  it.each([
    [
      { parallelism: 'many' },
      'json: cannot unmarshal string into Go struct field KubeSchedulerConfiguration.parallelism of type int32',
    ],
    [
      { profiles: {} },
      'json: cannot unmarshal object into Go struct field KubeSchedulerConfiguration.profiles of type []v1.KubeSchedulerProfile',
    ],
    [
      withArgs('DefaultPreemption', { apiVersion: head.apiVersion, kind: 'InterPodAffinityArgs' }),
      'decoding .profiles[0].pluginConfig[0]: args for plugin DefaultPreemption were not of type ' +
        'DefaultPreemptionArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io',
    ],
    [
      withArgs('InterPodAffinity', { hardPodAffinityWeight: 'x' }),
      'decoding .profiles[0].pluginConfig[0]: decoding args for plugin InterPodAffinity: ' +
        'json: cannot unmarshal string into Go struct field InterPodAffinityArgs.hardPodAffinityWeight of type int32',
    ],
    [{ extenders: [{ ...extender, httpTimeout: '5 s' }] }, 'time: unknown unit " s" in duration "5 s"'],
  ])('does not fit its types: %j', (value, message) => {
    expect(() => parse(value)).toThrow(new TerminalError(message));
  });

  it.each([
    [{ parallelism: 0 }, 'parallelism: Invalid value: 0: should be an integer value greater than zero'],
    [
      { percentageOfNodesToScore: 101 },
      'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
    ],
    [
      { profiles: [{ percentageOfNodesToScore: -1 }] },
      'profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]',
    ],
    [{ podInitialBackoffSeconds: 0 }, 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
    [
      { podInitialBackoffSeconds: 5, podMaxBackoffSeconds: 4 },
      'podMaxBackoffSeconds: Invalid value: 4: must be greater than or equal to PodInitialBackoffSeconds',
    ],
    [{ clientConnection: { burst: -1 } }, 'clientConnection.burst: Invalid value: -1: must be non-negative'],
    [
      { leaderElection: { resourceLock: 'configmaps' } },
      'leaderElection.resourceLock: Invalid value: "configmaps": resourceLock value must be "leases"',
    ],
    [
      { leaderElection: { renewDeadline: '-10s', retryPeriod: '-1s' } },
      '[leaderElection.renewDeadline: Invalid value: "-10s": must be greater than zero, ' +
        'leaderElection.retryPeriod: Invalid value: "-1s": must be greater than zero]',
    ],
    [
      { leaderElection: { leaseDuration: '9s' } },
      'leaderElection.leaseDuration: Invalid value: "10s": LeaseDuration must be greater than RenewDeadline',
    ],
    [{ profiles: [...named('a'), {}] }, 'profiles[1].schedulerName: Required value'],
    [
      { profiles: named('a', 'a') },
      'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"',
    ],
    [
      { profiles: [sorted('a', 'One', 'Two'), sorted('b', 'One', 'Two')] },
      'profiles[0].plugins.queueSort.Enabled: Invalid value: 2: only one queue sort plugin can be enabled',
    ],
    [
      { profiles: [sorted('a', 'One'), ...named('b')] },
      'profiles[1].plugins.queueSort: Invalid value: {"Disabled":null,"Enabled":null}: must be the same for all profiles',
    ],
    [
      { profiles: [{ pluginConfig: [{ name: 'config' }, { name: 'config' }] }] },
      'profiles[0].pluginConfig[1]: Duplicate value: "config"',
    ],
    [
      { profiles: [{ plugins: { filter: { enabled: [{ name: 'EBSLimits' }] } } }] },
      'profiles[0].plugins.filter.enabled[0]: Invalid value: "EBSLimits": was invalid in version "v1" ' +
        '(KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")',
    ],
    [
      { extenders: [{ ...extender, prioritizeVerb: 'prioritize', weight: -1 }] },
      'extenders[0].weight: Invalid value: -1: must have a positive weight applied to it',
    ],
    [
      {
        extenders: [
          { ...extender, bindVerb: 'bind' },
          { ...extender, bindVerb: 'bar' },
        ],
      },
      'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
    ],
    [
      { extenders: [{ ...extender, managedResources: [{ name: 'foo.com/bar' }, { name: 'foo.com/bar' }] }] },
      'extenders[0].managedResources[1].name: Invalid value: "foo.com/bar": duplicate extender managed resource name',
    ],
    [
      { extenders: [{ ...extender, managedResources: [{ name: 'kubernetes.io/foo' }] }] },
      'extenders[0].managedResources[0].name: Invalid value: "kubernetes.io/foo": is an invalid extended resource name',
    ],
  ])('is checked: %j', (value, message) => {
    expect(() => parse(value)).toThrow(new TerminalError(message));
  });

  const args = 'profiles[0].pluginConfig[0].args';
  const constraint = { maxSkew: 1, topologyKey: 'node', whenUnsatisfiable: 'DoNotSchedule' };
  const spread = (...defaultConstraints: object[]) => ({ defaultingType: 'List', defaultConstraints });
  const first = `${args}.defaultConstraints[0]`;
  it.each([
    [
      'DefaultPreemption',
      { minCandidateNodesPercentage: -1 },
      `${args}.minCandidateNodesPercentage: Invalid value: -1: not in valid range [0, 100]`,
    ],
    [
      'DefaultPreemption',
      { minCandidateNodesPercentage: 900 },
      `${args}.minCandidateNodesPercentage: Invalid value: 900: not in valid range [0, 100]`,
    ],
    [
      'DefaultPreemption',
      { minCandidateNodesAbsolute: -1 },
      `${args}.minCandidateNodesAbsolute: Invalid value: -1: not in valid range [0, inf)`,
    ],
    [
      'DefaultPreemption',
      { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 },
      `[${args}.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute, ` +
        `${args}.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage]`,
    ],
    [
      'InterPodAffinity',
      { hardPodAffinityWeight: 101 },
      `${args}.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]`,
    ],
    [
      'PodTopologySpread',
      spread({ ...constraint, maxSkew: -1 }),
      `${first}.maxSkew: Invalid value: -1: not in valid range (0, inf)`,
    ],
    [
      'PodTopologySpread',
      spread({ ...constraint, topologyKey: '' }),
      `${first}.topologyKey: Required value: can not be empty`,
    ],
    [
      'PodTopologySpread',
      spread({ ...constraint, whenUnsatisfiable: '' }),
      `${first}.whenUnsatisfiable: Required value: can not be empty`,
    ],
    [
      'PodTopologySpread',
      spread({ ...constraint, whenUnsatisfiable: 'unknown action' }),
      `${first}.whenUnsatisfiable: Unsupported value: "unknown action": supported values: "DoNotSchedule", "ScheduleAnyway"`,
    ],
    [
      'PodTopologySpread',
      spread(constraint, constraint),
      `${args}.defaultConstraints[1]: Duplicate value: "{node, DoNotSchedule}"`,
    ],
    [
      'PodTopologySpread',
      spread({ ...constraint, labelSelector: { matchLabels: { foo: 'bar' } } }),
      `${first}.labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod`,
    ],
    [
      'PodTopologySpread',
      { defaultConstraints: [constraint] },
      `${args}.defaultingType: Invalid value: "System": when .defaultConstraints are not empty`,
    ],
    [
      'NodeResourcesBalancedAllocation',
      {
        resources: [
          { name: 'cpu', weight: 1 },
          { name: 'cpu', weight: 1 },
        ],
      },
      `${args}.resources[1].name: Duplicate value: "cpu"`,
    ],
    [
      'NodeResourcesBalancedAllocation',
      { resources: [{ name: 'cpu', weight: 2 }] },
      `${args}.resources[0].weight: Invalid value: 2: must be 1`,
    ],
    [
      'DynamicResources',
      { filterTimeout: '-1s', bindingTimeout: '500ms' },
      `[${args}.filterTimeout: Invalid value: "-1s": must be zero or positive, ` +
        `${args}.bindingTimeout: Invalid value: "500ms": must be at least 1 second]`,
    ],
    [
      'VolumeBinding',
      { bindTimeoutSeconds: -10 },
      `${args}.bindTimeoutSeconds: Invalid value: -10: invalid BindTimeoutSeconds, should not be a negative value`,
    ],
    [
      'NodeAffinity',
      {
        addedAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'foo', operator: 'In', values: [] }] }],
          },
        },
      },
      `${args}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: ` +
        "Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    ],
  ])('checks the args of %s: %j', (name, value, message) => {
    expect(() => parse(withArgs(name, value))).toThrow(new TerminalError(message));
  });

  const ratio = (...shape: object[]) => ({
    scoringStrategy: { type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape } },
  });
  const shapePath = 'scoringStrategy.requestedToCapacityRatio.shape';
  it.each([
    [
      { ignoredResourceGroups: ['example.com/foo'] },
      "ignoredResourceGroups[0]: Invalid value: \"example.com/foo\": resource group name can't contain '/'",
    ],
    [
      { scoringStrategy: { type: 'Best' } },
      'scoringStrategy.type: Unsupported value: "Best": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    ],
    [
      { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 101 }] } },
      'scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]',
    ],
    [ratio(), `${shapePath}: Required value: at least one point must be specified`],
    [
      ratio({ utilization: 10, score: 3 }, { utilization: 10, score: 4 }),
      `${shapePath}[1].utilization: Invalid value: 10: values must be sorted in increasing order`,
    ],
    [
      ratio({ utilization: -10, score: 3 }),
      `${shapePath}[0].utilization: Invalid value: -10: not in valid range [0, 100]`,
    ],
    [
      ratio({ utilization: 10, score: 11 }),
      `${shapePath}[0].score: Invalid value: 11: not in valid range [0, 10]`,
    ],
    [
      { scoringStrategy: { type: 'LeastAllocated', requestedToCapacityRatio: { shape: [] } } },
      'scoringStrategy.requestedToCapacityRatio: Forbidden: must be nil when type is not RequestedToCapacityRatio',
    ],
  ])('checks the args of NodeResourcesFit when it makes the plugin: %j', (value, message) => {
    expect(() => parse(withArgs('NodeResourcesFit', value))).toThrow(
      `initializing profiles: creating profile for scheduler name default-scheduler: initializing plugin "NodeResourcesFit": ${message}`,
    );
  });
});
