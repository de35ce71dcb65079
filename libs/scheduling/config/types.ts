/** KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1), as it is written; what is absent has Kubernetes' default. */
export interface KubeSchedulerConfiguration {
  readonly apiVersion: string;
  readonly kind: string;
  /** 0..100; 0 and absent: by the size of the cluster. */
  readonly percentageOfNodesToScore?: number;
  /** Default 1. */
  readonly podInitialBackoffSeconds?: number;
  /** Default 10. */
  readonly podMaxBackoffSeconds?: number;
  readonly profiles?: readonly KubeSchedulerProfile[];
  /** HTTP services that have a say in every profile. */
  readonly extenders?: readonly ExtenderConfiguration[];
  /** Checked, and without a meaning here: decisions are made one after another. Default 16. */
  readonly parallelism?: number;
  /** For processes of several; flags that say something else count more. */
  readonly leaderElection?: LeaderElectionConfiguration;
  readonly clientConnection?: { readonly burst?: number };
}

export interface LeaderElectionConfiguration {
  readonly leaderElect?: boolean;
  readonly leaseDuration?: string;
  readonly renewDeadline?: string;
  readonly retryPeriod?: string;
  readonly resourceLock?: string;
  readonly resourceName?: string;
  readonly resourceNamespace?: string;
}

export interface KubeSchedulerProfile {
  /** Default `default-scheduler`, for a profile that is alone. */
  readonly schedulerName?: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: Readonly<Record<string, PluginSet | undefined>>;
  readonly pluginConfig?: readonly PluginConfig[];
}

export interface PluginConfig {
  readonly name: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface PluginSet {
  readonly enabled?: readonly { readonly name: string; readonly weight?: number }[];
  readonly disabled?: readonly { readonly name: string }[];
}

/** How a scheduler extender is called. A verb that is not given is a call that it does not take. */
export interface ExtenderConfiguration {
  readonly urlPrefix: string;
  readonly filterVerb?: string;
  readonly preemptVerb?: string;
  readonly prioritizeVerb?: string;
  /** What its ratings count. */
  readonly weight?: number;
  readonly bindVerb?: string;
  readonly enableHTTPS?: boolean;
  readonly tlsConfig?: ExtenderTlsConfiguration;
  /** Default 5 s. */
  readonly httpTimeout?: string;
  /** It knows the nodes by itself: their names are enough. */
  readonly nodeCacheCapable?: boolean;
  /** It is asked only about Pods that want one of these; [] and absent: about all. */
  readonly managedResources?: readonly { readonly name: string; readonly ignoredByScheduler?: boolean }[];
  /** Its errors do not fail the attempt. */
  readonly ignorable?: boolean;
}

export interface ExtenderTlsConfiguration {
  readonly insecure?: boolean;
  readonly serverName?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly caFile?: string;
  /** PEM, base64; before the files. */
  readonly certData?: string;
  readonly keyData?: string;
  readonly caData?: string;
}
