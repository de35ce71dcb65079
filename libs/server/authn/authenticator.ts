import type { ClientCertificate, HttpRequest } from '@drydock/port/http';
import type { UserInfo } from '../registry/types.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';

/** Says who sent a request. `undefined`: nobody known (anonymous); `'rejected'`: credentials that are wrong. */
export type Authenticator = (request: HttpRequest) => UserInfo | 'rejected' | undefined;

/** One line of CSV: commas separate, double quotes hold commas, doubled quotes inside quotes stand for one. */
function csvFields(line: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? '';
    if (quoted) {
      if (character !== '"') field += character;
      else if (line[at + 1] === '"') {
        field += '"';
        at++;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      fields.push(field.trim());
      field = '';
    } else field += character;
  }
  fields.push(field.trim());
  return fields;
}

/**
 * Reads kube-apiserver's static token file: `token,user,uid[,"group1,group2"]` a line.
 * @throws Error naming the line that is short of a column
 */
export function parseTokenFile(text: string): Map<string, UserInfo> {
  const tokens = new Map<string, UserInfo>();
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return;
    const [token = '', name = '', uid = '', groups = ''] = csvFields(line);
    if (line.split(',').length < 3 || token === '') {
      throw new Error(`line ${index + 1} must have at least three columns: token, user name, user uid`);
    }
    tokens.set(token, {
      name,
      uid,
      groups: [...groups.split(',').filter((group) => group !== ''), 'system:authenticated'],
    });
  });
  return tokens;
}

/** Browsers cannot send headers with a WebSocket: they put the token, in base64url, among the subprotocols. */
export const bearerProtocolPrefix = 'base64url.bearer.authorization.k8s.io.';

/** The token among the subprotocols; undefined when there is none, '' when there is none that is good. */
function tokenOfProtocols(header: string | undefined): string | undefined {
  const offered = (header ?? '').split(',').map((name) => name.trim());
  const [found, ...more] = offered.filter((name) => name.startsWith(bearerProtocolPrefix));
  if (found === undefined) return undefined;
  // One token, and a protocol that is spoken besides.
  if (more.length > 0 || offered.length < 2) return '';
  const text = found.slice(bearerProtocolPrefix.length).replaceAll('-', '+').replaceAll('_', '/');
  try {
    return atob(text);
  } catch {
    return '';
  }
}

/** What a request shows of who sent it: a bearer token, or the user of a client certificate. */
export type Credentials = { readonly token: string } | { readonly user: UserInfo };

/** A connection's requests all come with the same certificate. */
const usersOfCertificates = new WeakMap<ClientCertificate, { readonly user: UserInfo }>();

function userOf(certificate: ClientCertificate): { readonly user: UserInfo } {
  let shown = usersOfCertificates.get(certificate);
  if (shown === undefined) {
    const { commonName: name, organizations } = certificate;
    shown = { user: { name, groups: [...organizations, 'system:authenticated'] } };
    usersOfCertificates.set(certificate, shown);
  }
  return shown;
}

/** `undefined`: the request shows nothing; `'rejected'`: what it shows cannot be good. */
export function credentialsOf(request: HttpRequest): Credentials | 'rejected' | undefined {
  // A certificate comes first, as in Kubernetes: whatever token is sent beside it is not looked at.
  const certificate = request.clientCertificate;
  if (certificate !== undefined && certificate.frontProxy !== true) return userOf(certificate);
  const authorization = request.header('authorization');
  if (authorization !== undefined) {
    const [scheme, token] = authorization.split(/\s+/, 2);
    if (scheme?.toLowerCase() !== 'bearer' || token === undefined) return 'rejected';
    return { token };
  }
  if (request.upgrade === 'websocket') {
    const token = tokenOfProtocols(request.header('sec-websocket-protocol'));
    if (token !== undefined) return { token };
  }
  return undefined;
}

/** Knows users by bearer token and by client certificate (common name and organizations). */
export function createAuthenticator(tokens: TokenAuthenticator): Authenticator {
  return (request) => {
    const shown = credentialsOf(request);
    if (shown === undefined || shown === 'rejected') return shown;
    if ('user' in shown) return shown.user;
    try {
      return tokens.authenticate(shown.token, [])?.user ?? 'rejected';
    } catch {
      return 'rejected';
    }
  };
}
