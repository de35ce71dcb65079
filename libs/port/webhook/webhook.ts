/** Where a webhook is, as webhook configurations and CustomResourceDefinitions say it. */
export interface WebhookClientConfig {
  /** `https://host:port/path`; exactly one of this and `service`. */
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    /** Default '/'. */
    readonly path?: string;
    /** Default 443. */
    readonly port?: number;
  };
  /** PEM bundle, base64, that the webhook's certificate is checked against. Default: the system's authorities. */
  readonly caBundle?: string;
}

export interface WebhookCallOptions {
  readonly timeoutMs: number;
}

/** Calls webhooks over HTTPS. */
export interface WebhookCaller {
  /**
   * Posts a JSON review and gives the parsed answer. Rejects with an Error whose message says what went wrong, in the
   * words that clients are shown (`Post "https://…": …`): no connection, a bad certificate, a status other than 200, no JSON.
   */
  call(config: WebhookClientConfig, review: unknown, options: WebhookCallOptions): Promise<unknown>;
}

/** Where a Service is to be reached; undefined when nothing serves it. */
export type ServiceResolver = (
  namespace: string,
  name: string,
  port: number,
) => { readonly host: string; readonly port: number } | undefined;
