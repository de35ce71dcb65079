import type { TokenRequest, TokenRequestSpec } from '@drydock/api/authentication/v1';
import type { Pod, ServiceAccount } from '@drydock/api/core/v1';
import type { FieldError, KubeObject } from '@drydock/base/apimachinery';
import {
  badRequest,
  cloneJson,
  conflict,
  fieldPath,
  formatTime,
  invalid,
  invalidValue,
  notFound,
} from '@drydock/base/apimachinery';
import type { BoundObject, ServiceAccountTokens } from '../../authn/index.ts';
import type { SubresourceHandler, SubresourceRequest } from '../../registry/types.ts';

const defaultSeconds = 3_600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;
/** What kubelets ask for. Such tokens last a year, and clients that do not renew them in time are told. */
const kubeletSeconds = 3_607;
const extendedSeconds = 365 * 86_400;
const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

function durationErrors(seconds: number): FieldError[] {
  const at = fieldPath('spec', 'expirationSeconds');
  if (seconds < minSeconds)
    return [invalidValue(at, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > maxSeconds
    ? [invalidValue(at, seconds, 'may not specify a duration larger than 2^32 seconds')]
    : [];
}

/** Refuses a body that speaks of another account than the path. */
function requireSame(request: SubresourceRequest, { metadata }: KubeObject): void {
  if (!metadata.name || metadata.name === request.name) return;
  throw invalid(kind, request.name, [
    invalidValue(fieldPath('metadata', 'name'), metadata.name, 'must match the service account name'),
  ]);
}

/** What the token is bound to, the node of a bound Pod included. */
function boundObjects(request: SubresourceRequest, spec: TokenRequestSpec): BoundObject[] {
  const wanted = spec.boundObjectRef;
  if (wanted === undefined) return [];
  const { context, namespace = '' } = request;
  const { kind: what = '', apiVersion = '', name = '' } = wanted;
  const resource =
    apiVersion === 'v1' ? ({ Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const)[what] : undefined;
  if (resource === undefined) {
    const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    throw badRequest(`cannot bind token to object of type ${group}/${version ?? ''}, Kind=${what}`);
  }
  const found = context.lookup('', resource, resource === 'nodes' ? name : `${namespace}/${name}`);
  if (found === undefined) throw notFound({ group: '', resource }, name);
  if (resource === 'pods' && (found as Pod).spec?.serviceAccountName !== request.name) {
    throw badRequest(
      `cannot bind token for serviceaccount "${request.name}" to pod running with different serviceaccount name.`,
    );
  }
  const uid = found.metadata.uid;
  if (wanted.uid !== undefined && wanted.uid !== '' && wanted.uid !== uid) {
    throw conflict(
      { group: '', resource: what },
      name,
      `the UID in the bound object reference (${wanted.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  const bound: BoundObject[] = [{ resource, name, uid }];
  const nodeName = resource === 'pods' ? (found as Pod).spec?.nodeName : undefined;
  if (nodeName) {
    bound.push({
      resource: 'nodes',
      name: nodeName,
      uid: context.lookup('', 'nodes', nodeName)?.metadata.uid,
    });
  }
  return bound;
}

/** `serviceaccounts/token`: answers a TokenRequest with a token of the account. Without `tokens` nothing is there to ask. */
export function createTokenRequest(
  tokens: Pick<ServiceAccountTokens, 'issue' | 'audiences'> | undefined,
): SubresourceHandler {
  return {
    kind: 'TokenRequest',
    group: 'authentication.k8s.io',
    version: 'v1',
    schema: 'k8s.io.api.authentication.v1.TokenRequest',
    verbs: ['create'],
    async create(request, body) {
      const account = (await request.parent()) as ServiceAccount;
      const wanted = body as KubeObject & TokenRequest;
      requireSame(request, wanted);
      const spec: TokenRequestSpec = { ...wanted.spec };
      spec.expirationSeconds ??= defaultSeconds;
      const audiences = spec.audiences?.length ? spec.audiences : [...(tokens?.audiences ?? [])];
      spec.audiences = audiences;
      const errors = durationErrors(spec.expirationSeconds);
      if (errors.length > 0) throw invalid(kind, wanted.metadata.name ?? '', errors);
      const bound = boundObjects(request, spec);
      if (tokens === undefined)
        throw notFound({ group: '', resource: 'serviceaccounts/token' }, request.name);
      const ofKubelet =
        spec.expirationSeconds === kubeletSeconds &&
        bound[0]?.resource === 'pods' &&
        audiences.every((one) => tokens.audiences.includes(one));
      const expires = request.context.clock.now() + spec.expirationSeconds * 1_000;
      const token = tokens.issue({
        account,
        audiences,
        bound,
        expirationSeconds: ofKubelet ? extendedSeconds : spec.expirationSeconds,
        ...(ofKubelet ? { warnAfterSeconds: spec.expirationSeconds } : {}),
      });
      const answer = {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {
          ...cloneJson(wanted.metadata),
          ...{ name: account.metadata.name, namespace: account.metadata.namespace },
          creationTimestamp: formatTime(request.context.clock.now()),
        },
        spec,
        status: { token, expirationTimestamp: formatTime(expires) },
      };
      return answer as unknown as KubeObject;
    },
  };
}
