export interface PodRef {
  namespace: string;
  name: string;
  uid: string;
  nodeName: string;
}

/** The query of `pods/log`, as Kubernetes' PodLogOptions. */
export interface LogOptions {
  container: string;
  follow?: boolean;
  previous?: boolean;
  sinceSeconds?: number;
  /** RFC 3339. */
  sinceTime?: string;
  timestamps?: boolean;
  tailLines?: number;
  limitBytes?: number;
}

/** How the API server reaches the node of a Pod. Rejects with an ApiError when the node or container is not there. */
export interface KubeletConnector {
  /** Log bytes (whole lines) in chunks; ends at the end of the log or, with `follow`, when the container is gone or `signal` aborts. */
  logs(pod: PodRef, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
