import { serviceUnavailable, toApiError, unauthorized } from '@drydock/base/apimachinery';
import type { APIService } from '@drydock/api/apiregistration/v1';
import type { ExtensionTarget } from '@drydock/port/extension';
import type { HttpHandler, HttpRequest, HttpResponse, Upstream } from '@drydock/port/http';
import { bearerProtocolPrefix } from '../authn/index.ts';
import { impersonated, requireAllowed, resourceRequest, type Authorizer } from '../authz/index.ts';
import type { UserInfo } from '../registry/types.ts';
import { parseResourcePath } from '../rest/resource-path.ts';
import { identityHeaders, targetOf } from './forward.ts';

export interface FrontDoorOptions {
  /** Who sent the request; `'rejected'`: credentials that are wrong; undefined: none. */
  authenticate(request: HttpRequest): Promise<UserInfo | 'rejected' | undefined>;
  /** Asked about requests for extension API servers; the API server asks for itself. */
  readonly authorizer: Pick<Authorizer, 'authorize'>;
  /** The APIService of a group version. */
  apiService(group: string, version: string): APIService | undefined;
  /** The API servers. */
  readonly apiservers: Upstream;
  /** An extension API server. */
  extension(target: ExtensionTarget): Upstream;
}

/** Headers that say who somebody is: only this server says that behind it. */
const identity = ['authorization', 'x-remote-*'];
const impersonation = ['impersonate-*'];
const publicPath = /^\/(healthz|livez|readyz|version)(\/|$)/;
const nobody: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** `/apis/<group>/<version>…` of a path; undefined for others. */
function groupVersionOf(path: string): { readonly group: string; readonly version: string } | undefined {
  const [, root, group, version] = path.split('/');
  return root === 'apis' && group && version ? { group, version } : undefined;
}

function statusAnswer(error: unknown): HttpResponse {
  const failure = toApiError(error);
  return {
    status: failure.code,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
    body: new TextEncoder().encode(JSON.stringify(failure.status)),
  };
}

/** Whether an APIService may be asked, as its condition says. */
const isAvailable = ({ status }: APIService): boolean =>
  status?.conditions?.some((one) => one.type === 'Available' && one.status === 'True') === true;

/** A WebSocket's token stays here; the protocols that are spoken go on. */
function protocolsWithoutToken(request: HttpRequest): [string, string][] {
  const offered = request.header('sec-websocket-protocol');
  if (offered?.includes(bearerProtocolPrefix) !== true) return [];
  const kept = offered
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !name.startsWith(bearerProtocolPrefix));
  return [['sec-websocket-protocol', kept.join(', ')]];
}

/**
 * The front door of a cluster: knows who asks, sends what APIServices name another server for there, and everything else to
 * the API servers, with the user's name in the headers of a front proxy.
 */
export function createFrontDoor(options: FrontDoorOptions): HttpHandler {
  const { authorizer, apiservers } = options;

  function forwardAs(user: UserInfo, request: HttpRequest, to: Upstream, without: readonly string[]) {
    const headers = new Map([...identityHeaders(user), ...protocolsWithoutToken(request)]);
    return to.forward(headers, without);
  }

  /** An extension server believes whom it is told: who asks, and whether they may, is settled here. */
  async function extend(service: APIService, request: HttpRequest, user: UserInfo): Promise<HttpResponse> {
    const target = targetOf(service);
    const actual = await impersonated(request, user, authorizer);
    const path = parseResourcePath(request.path);
    const watching = path?.watch === true || /(^|&)watch=(true|1)(&|$)/.test(request.query);
    await requireAllowed(
      authorizer,
      path === undefined
        ? { user: actual, verb: request.method.toLowerCase(), path: request.path }
        : resourceRequest(actual, request.method, path.ref, watching),
    );
    if (target === undefined || !isAvailable(service)) throw serviceUnavailable('service unavailable');
    return forwardAs(actual, request, options.extension(target), [...identity, ...impersonation]);
  }

  async function serve(request: HttpRequest): Promise<HttpResponse> {
    const known = await options.authenticate(request);
    const user = known ?? (publicPath.test(request.path) ? nobody : undefined);
    if (user === undefined || user === 'rejected') throw unauthorized();
    const named = groupVersionOf(request.path);
    const service = named === undefined ? undefined : options.apiService(named.group, named.version);
    return service?.spec?.service === undefined
      ? forwardAs(user, request, apiservers, identity)
      : extend(service, request, user);
  }

  return (request) => serve(request).catch(statusAnswer);
}
