import type { HttpRequest } from '@drydock/port/http';
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

/** Knows users by bearer token and by client certificate (common name and organizations). */
export function createAuthenticator(tokens: TokenAuthenticator): Authenticator {
  return (request) => {
    const authorization = request.header('authorization');
    if (authorization !== undefined) {
      const [scheme, token] = authorization.split(/\s+/, 2);
      if (scheme?.toLowerCase() !== 'bearer' || token === undefined) return 'rejected';
      try {
        return tokens.authenticate(token, [])?.user ?? 'rejected';
      } catch {
        return 'rejected';
      }
    }
    const certificate = request.clientCertificate;
    if (certificate === undefined) return undefined;
    return { name: certificate.commonName, groups: [...certificate.organizations, 'system:authenticated'] };
  };
}
