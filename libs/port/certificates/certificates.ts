/** What a PKCS#10 signing request asks for. */
export interface SigningRequestContent {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export interface SigningOptions {
  /** As certificates.k8s.io names them: `client auth`, `digital signature`, … */
  readonly usages: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Milliseconds since the epoch. The certificate ends earlier where its authority does. */
  readonly notAfterMs: number;
}

/** Looks into certificates. */
export interface CertificateReader {
  /**
   * When the first certificate of a PEM text ends, milliseconds since the epoch.
   * @throws Error when there is none that can be read
   */
  endMs(pem: string): number;
}

/** A certificate authority that signs what others ask for. */
export interface CertificateSigner {
  /**
   * What a request (PEM) asks for, its own signature checked.
   * @throws Error when it cannot be read or is not signed by its key
   */
  read(request: string): Promise<SigningRequestContent>;
  /** The certificate, PEM. @throws Error as `read` */
  sign(request: string, options: SigningOptions): Promise<string>;
}
