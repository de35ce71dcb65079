/** An extension API server, as its APIService names it. */
export interface ExtensionTarget {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  /** PEM bundle, base64, that its certificate is checked against. */
  readonly caBundle?: string;
  /** Its certificate is not checked. */
  readonly insecureSkipTlsVerify?: boolean;
}

export interface ExtensionRequest {
  readonly method: string;
  /** Begins with `/`, percent-encoded, without the query. */
  readonly path: string;
  readonly query: string;
  /** Of several values each is sent in a header of its own. */
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
  readonly body: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface ExtensionResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Speaks with extension API servers over HTTPS, as the API server's front proxy. */
export interface ExtensionCaller {
  /**
   * Sends a request on and resolves with the head of the answer; the body is pulled by its reader.
   * Rejects with an Error that says in Go's words why there was no answer.
   */
  request(target: ExtensionTarget, request: ExtensionRequest): Promise<ExtensionResponse>;
}
