/** The part of KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) that has a meaning here. */
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
}

export interface KubeSchedulerProfile {
  /** Default `default-scheduler`. */
  readonly schedulerName?: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: Readonly<Record<string, PluginSet | undefined>>;
  readonly pluginConfig?: readonly {
    readonly name: string;
    readonly args?: Readonly<Record<string, unknown>>;
  }[];
}

export interface PluginSet {
  readonly enabled?: readonly { readonly name: string; readonly weight?: number }[];
  readonly disabled?: readonly { readonly name: string }[];
}
