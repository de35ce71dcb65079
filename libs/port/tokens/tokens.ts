/** A public key as a JSON Web Key (RFC 7517), with its `kid`, `alg` and `use`. */
export interface PublicJwk {
  readonly kid: string;
  readonly alg: string;
  readonly use: 'sig';
  readonly kty: string;
  readonly [member: string]: unknown;
}

/** The keys of the JSON Web Tokens that the cluster gives to service accounts. */
export interface TokenKeys {
  /** A compact JWS over these claims, by the present key. */
  sign(claims: Readonly<Record<string, unknown>>): string;
  /** The claims of a token whose signature one of the keys made; undefined for any other text. Dates are not looked at. */
  verify(token: string): Readonly<Record<string, unknown>> | undefined;
  /** All keys whose tokens are accepted. */
  publicKeys(): readonly PublicJwk[];
}
