import type { Authenticator } from './authenticator.ts';

/** Whom front proxies may name, and where: kube-apiserver's `--requestheader-*` flags. */
export interface FrontProxyOptions {
  /** Common names of the proxies' certificates; none allows every certificate of their authority. */
  readonly allowedNames: readonly string[];
  /** Header names, lower case; the first that is there counts. */
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

export const frontProxyDefaults: FrontProxyOptions = {
  allowedNames: [],
  usernameHeaders: ['x-remote-user'],
  uidHeaders: ['x-remote-uid'],
  groupHeaders: ['x-remote-group'],
  extraHeaderPrefixes: ['x-remote-extra-'],
};

/** What is no percent-encoding is taken as it is. */
function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/**
 * Believes front proxies, which have shown a certificate of their authority, who sent the request; asks `other` about
 * requests that come from elsewhere.
 */
export function createFrontProxyAuthenticator(
  options: FrontProxyOptions,
  other: Authenticator,
): Authenticator {
  return (request) => {
    const certificate = request.clientCertificate;
    if (certificate?.frontProxy !== true) return other(request);
    const { allowedNames } = options;
    if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName)) return 'rejected';
    const first = (names: readonly string[]) =>
      names.map((name) => request.header(name)).find((value) => value !== undefined && value !== '');
    const name = first(options.usernameHeaders);
    // The proxy asks for itself, or on behalf of nobody.
    if (name === undefined) return other(request);
    const uid = first(options.uidHeaders);
    const groups = options.groupHeaders.flatMap((header) => request.headerValues(header));
    const extra: Record<string, readonly string[]> = {};
    for (const header of request.headers?.keys() ?? []) {
      const prefix = options.extraHeaderPrefixes.find((one) => header.startsWith(one));
      if (prefix !== undefined)
        extra[unescapeKey(header.slice(prefix.length))] = request.headerValues(header);
    }
    const anonymous = name === 'system:anonymous';
    return {
      name,
      ...(uid === undefined ? {} : { uid }),
      groups:
        anonymous || groups.includes('system:authenticated') ? groups : [...groups, 'system:authenticated'],
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    };
  };
}
