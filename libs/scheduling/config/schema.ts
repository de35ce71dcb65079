/** What a value of the configuration may be. */
export type Shape =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'float32'
  /** A Go duration, as text. */
  | 'duration'
  /** Anything. */
  | 'any'
  | { readonly list: Shape }
  /** A message of the API. */
  | { readonly message: string }
  /** An object of these fields; `type` is its name in Kubernetes' sources, which messages tell. */
  | { readonly type: string; readonly fields: Readonly<Record<string, Shape>> };

const strings: Shape = { list: 'string' };
const resources: Shape = {
  list: { type: 'ResourceSpec', fields: { name: 'string', weight: 'int64' } },
};
const shape: Shape = {
  list: { type: 'UtilizationShapePoint', fields: { utilization: 'int32', score: 'int32' } },
};
const plugin: Shape = { list: { type: 'Plugin', fields: { name: 'string', weight: 'int32' } } };
const pluginSet: Shape = { type: 'PluginSet', fields: { enabled: plugin, disabled: plugin } };
const typeMeta = { apiVersion: 'string', kind: 'string' } as const;

/** The `args` of the plugins that have any. */
export const pluginArgs: Readonly<Record<string, Shape>> = {
  DefaultPreemption: {
    type: 'DefaultPreemptionArgs',
    fields: { ...typeMeta, minCandidateNodesPercentage: 'int32', minCandidateNodesAbsolute: 'int32' },
  },
  DynamicResources: {
    type: 'DynamicResourcesArgs',
    fields: { ...typeMeta, filterTimeout: 'duration', bindingTimeout: 'duration' },
  },
  InterPodAffinity: {
    type: 'InterPodAffinityArgs',
    fields: { ...typeMeta, hardPodAffinityWeight: 'int32', ignorePreferredTermsOfExistingPods: 'bool' },
  },
  NodeAffinity: {
    type: 'NodeAffinityArgs',
    fields: { ...typeMeta, addedAffinity: { message: 'k8s.io.api.core.v1.NodeAffinity' } },
  },
  NodeResourcesBalancedAllocation: {
    type: 'NodeResourcesBalancedAllocationArgs',
    fields: { ...typeMeta, resources },
  },
  NodeResourcesFit: {
    type: 'NodeResourcesFitArgs',
    fields: {
      ...typeMeta,
      ignoredResources: strings,
      ignoredResourceGroups: strings,
      scoringStrategy: {
        type: 'ScoringStrategy',
        fields: {
          type: 'string',
          resources,
          requestedToCapacityRatio: { type: 'RequestedToCapacityRatioParam', fields: { shape } },
        },
      },
    },
  },
  PodTopologySpread: {
    type: 'PodTopologySpreadArgs',
    fields: {
      ...typeMeta,
      defaultConstraints: { list: { message: 'k8s.io.api.core.v1.TopologySpreadConstraint' } },
      defaultingType: 'string',
    },
  },
  VolumeBinding: {
    type: 'VolumeBindingArgs',
    fields: { ...typeMeta, bindTimeoutSeconds: 'int64', shape },
  },
};

const points = [
  ...['preEnqueue', 'queueSort', 'preFilter', 'filter', 'postFilter', 'preScore', 'score'],
  ...['reserve', 'permit', 'preBind', 'bind', 'postBind', 'multiPoint'],
];

export const configurationShape: Shape = {
  type: 'KubeSchedulerConfiguration',
  fields: {
    ...typeMeta,
    parallelism: 'int32',
    leaderElection: {
      type: 'LeaderElectionConfiguration',
      fields: {
        leaderElect: 'bool',
        leaseDuration: 'duration',
        renewDeadline: 'duration',
        retryPeriod: 'duration',
        resourceLock: 'string',
        resourceName: 'string',
        resourceNamespace: 'string',
      },
    },
    clientConnection: {
      type: 'ClientConnectionConfiguration',
      fields: {
        kubeconfig: 'string',
        acceptContentTypes: 'string',
        contentType: 'string',
        qps: 'float32',
        burst: 'int32',
      },
    },
    enableProfiling: 'bool',
    enableContentionProfiling: 'bool',
    percentageOfNodesToScore: 'int32',
    podInitialBackoffSeconds: 'int64',
    podMaxBackoffSeconds: 'int64',
    profiles: {
      list: {
        type: 'KubeSchedulerProfile',
        fields: {
          schedulerName: 'string',
          percentageOfNodesToScore: 'int32',
          plugins: {
            type: 'Plugins',
            fields: Object.fromEntries(points.map((point) => [point, pluginSet])),
          },
          pluginConfig: { list: { type: 'PluginConfig', fields: { name: 'string', args: 'any' } } },
        },
      },
    },
    extenders: {
      list: {
        type: 'Extender',
        fields: {
          urlPrefix: 'string',
          filterVerb: 'string',
          preemptVerb: 'string',
          prioritizeVerb: 'string',
          weight: 'int64',
          bindVerb: 'string',
          enableHTTPS: 'bool',
          tlsConfig: {
            type: 'ExtenderTLSConfig',
            fields: {
              insecure: 'bool',
              ...{ serverName: 'string', certFile: 'string', keyFile: 'string', caFile: 'string' },
              ...{ certData: 'string', keyData: 'string', caData: 'string' },
            },
          },
          httpTimeout: 'duration',
          nodeCacheCapable: 'bool',
          managedResources: {
            list: {
              type: 'ExtenderManagedResource',
              fields: { name: 'string', ignoredByScheduler: 'bool' },
            },
          },
          ignorable: 'bool',
        },
      },
    },
    delayCacheUntilActive: 'bool',
  },
};
