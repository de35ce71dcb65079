/** Where one call of a scheduler extender goes. */
export interface ExtenderEndpoint {
  /** `http://host:port/prefix/verb`, or https. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly tls?: ExtenderTls;
}

export interface ExtenderTls {
  /** Take any certificate. */
  readonly insecure?: boolean;
  /** The name that the certificate must be for. Default: that of the URL. */
  readonly serverName?: string;
  /** PEM: of the authority, and the client's own. */
  readonly ca?: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
}

/** Calls scheduler extenders over HTTP. */
export interface ExtenderCaller {
  /**
   * Posts a JSON body and gives the parsed answer. Rejects with an Error that says what went wrong as kube-scheduler
   * does: `Post "http://…": dial tcp …` where there was no connection, `failed <verb> with extender at URL <url>,
   * code <status>` where the status is not 200.
   */
  post(endpoint: ExtenderEndpoint, verb: string, body: unknown): Promise<unknown>;
}
