import type { FieldError, KubeObject } from '@drydock/base/apimachinery';
import { badRequest, invalid } from '@drydock/base/apimachinery';
import type {
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
  SubjectRulesReviewStatus,
} from '@drydock/api/authorization/v1';
import type { ResourceDefinition, UserInfo } from '../../registry/types.ts';
import type { AuthorizationRequest, Authorizer } from '../../authz/index.ts';
import { attributesErrors, localErrors, metadataErrors, subjectErrors } from './review-errors.ts';

const group = 'authorization.k8s.io';

function reviewDefinition<T extends KubeObject>(
  kind: string,
  namespaced: boolean,
  answer: NonNullable<ResourceDefinition<T>['virtualCreate']>,
): ResourceDefinition<T> {
  const singular = kind.toLowerCase();
  return {
    group,
    version: 'v1',
    kind,
    resource: `${singular}s`,
    singular,
    namespaced,
    verbs: ['create'],
    schema: `k8s.io.api.authorization.v1.${kind}`,
    strategy: { generation: false },
    virtualCreate: answer,
  };
}

function check(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group, kind }, '', errors);
}

interface Attributes {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

function requestOf(
  user: UserInfo,
  { resourceAttributes, nonResourceAttributes }: Attributes,
): AuthorizationRequest {
  if (resourceAttributes === undefined) {
    return { user, verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' };
  }
  const { verb = '', namespace = '', name = '', resource = '', subresource = '' } = resourceAttributes;
  const version = resourceAttributes.version ?? '*';
  const asked = { group: resourceAttributes.group ?? '', version, resource, subresource, namespace, name };
  return { user, verb, resource: asked };
}

function subjectOf({ user = '', uid, groups = [], extra }: SubjectAccessReviewSpec): UserInfo {
  return {
    name: user,
    groups,
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  };
}

async function decide(
  authorizer: Authorizer,
  request: AuthorizationRequest,
): Promise<SubjectAccessReviewStatus> {
  const { allowed, denied, reason = '', evaluationError = '' } = await authorizer.authorize(request);
  const status: SubjectAccessReviewStatus = { allowed };
  if (denied === true) status.denied = true;
  if (reason !== '') status.reason = reason;
  if (evaluationError !== '') status.evaluationError = evaluationError;
  return status;
}

function rulesStatus(rules: Awaited<ReturnType<Authorizer['rulesFor']>>): SubjectRulesReviewStatus {
  const copy = <T extends object>(rule: T): T =>
    Object.fromEntries(Object.entries(rule).map(([key, list]) => [key, [...(list as string[])]])) as T;
  const status: SubjectRulesReviewStatus = {
    resourceRules: rules.resourceRules.map((rule) => copy(rule) as { verbs: string[] }),
    nonResourceRules: rules.nonResourceRules.map((rule) => copy(rule) as { verbs: string[] }),
    incomplete: rules.incomplete,
  };
  if ((rules.evaluationError ?? '') !== '') status.evaluationError = rules.evaluationError;
  return status;
}

/** All of authorization.k8s.io/v1: reviews answered by `authorizer`. */
export function createAuthorizationDefinitions(authorizer: Authorizer): ResourceDefinition[] {
  return [
    reviewDefinition<LocalSubjectAccessReview>('LocalSubjectAccessReview', true, async (object) => {
      const { spec = {} } = object;
      check('LocalSubjectAccessReview', [
        ...attributesErrors(spec),
        ...subjectErrors(spec),
        ...metadataErrors(object, true),
        ...localErrors(spec, object.metadata.namespace ?? ''),
      ]);
      return { ...object, status: await decide(authorizer, requestOf(subjectOf(spec), spec)) };
    }),
    reviewDefinition<SelfSubjectAccessReview>('SelfSubjectAccessReview', false, async (object, { user }) => {
      const { spec = {} } = object;
      check('SelfSubjectAccessReview', [...attributesErrors(spec), ...metadataErrors(object, false)]);
      return { ...object, status: await decide(authorizer, requestOf(user, spec)) };
    }),
    reviewDefinition<SelfSubjectRulesReview>('SelfSubjectRulesReview', false, async (object, { user }) => {
      const namespace = object.spec?.namespace ?? '';
      if (namespace === '') throw badRequest('no namespace on request');
      return { ...object, status: rulesStatus(await authorizer.rulesFor(user, namespace)) };
    }),
    reviewDefinition<SubjectAccessReview>('SubjectAccessReview', false, async (object) => {
      const { spec = {} } = object;
      check('SubjectAccessReview', [
        ...attributesErrors(spec),
        ...subjectErrors(spec),
        ...metadataErrors(object, false),
      ]);
      return { ...object, status: await decide(authorizer, requestOf(subjectOf(spec), spec)) };
    }),
  ];
}
