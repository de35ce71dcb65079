import { validateDns1123Label, validateDns1123Subdomain } from '@drydock/base/apimachinery';
import { library, type Library } from '../library.ts';
import type { Type } from '../types.ts';
import { CelError, Opaque, type Value } from '../values.ts';

/** What an expression asks leave for. */
export interface AccessRequest {
  /** Who is asked about; undefined: who sent the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  readonly path?: string;
  readonly resource?: CheckedResource;
}

interface CheckedResource {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Why it could not be decided; '' when it could. */
  readonly error: string;
}

export type AccessCheck = (request: AccessRequest) => AccessDecision;

const names = {
  authorizer: 'kubernetes.authorization.Authorizer',
  path: 'kubernetes.authorization.PathCheck',
  group: 'kubernetes.authorization.GroupCheck',
  resource: 'kubernetes.authorization.ResourceCheck',
  decision: 'kubernetes.authorization.Decision',
} as const;

/** The type of the variable `authorizer`. */
export const authorizerType: Type = { kind: 'opaque', name: names.authorizer };
/** The type of the variable `authorizer.requestResource`. */
export const resourceCheckType: Type = { kind: 'opaque', name: names.resource };

interface Asked extends Omit<AccessRequest, 'verb'> {
  readonly check: AccessCheck;
}

function asked(type: string, content: Asked): Opaque {
  return new Opaque(
    type,
    content,
    (other) => other === content,
    () => type,
  );
}

function contentOf(value: Opaque): Asked {
  return value.content as Asked;
}

/** The variable `authorizer`: asks `check`. */
export function authorizerValue(check: AccessCheck): Opaque {
  return asked(names.authorizer, { check });
}

/** The variable `authorizer.requestResource`: asks about what the request is for. */
export function resourceCheckValue(check: AccessCheck, resource: CheckedResource): Opaque {
  return asked(names.resource, { check, resource });
}

function withResource(value: Opaque, part: Partial<CheckedResource>): Opaque {
  const content = contentOf(value);
  const whole = { group: '', resource: '', subresource: '', namespace: '', name: '', ...content.resource };
  return asked(names.resource, { ...content, resource: { ...whole, ...part } });
}

function serviceAccount(value: Opaque, namespace: string, name: string): Opaque {
  if (validateDns1123Subdomain(name).length > 0) throw new CelError('Invalid service account name');
  if (validateDns1123Label(namespace).length > 0) throw new CelError('Invalid service account namespace');
  return asked(names.authorizer, { ...contentOf(value), serviceAccount: { namespace, name } });
}

function ask(value: Opaque, verb: string): Opaque {
  const { check, ...request } = contentOf(value);
  const decision = check({ ...request, verb });
  return new Opaque(
    names.decision,
    decision,
    (other) => other === decision,
    () => names.decision,
  );
}

function path(value: Opaque, text: string): Opaque {
  if (text === '') throw new CelError('path must not be empty');
  return asked(names.path, { ...contentOf(value), path: text });
}

function decided(part: (decision: AccessDecision) => Value): (value: Opaque) => Value {
  return (value) => part(value.content as AccessDecision);
}

/** Which variable the selectors of a check go to: they narrow nothing where nobody authorizes by them. */
const selector = (value: Opaque): Opaque => value;

/** Kubernetes' authorizer: expressions may ask who may do what. */
export const authorizationLibrary: Library = library([
  ['path', `${names.authorizer}.(string) ${names.path}`, path],
  [
    'group',
    `${names.authorizer}.(string) ${names.group}`,
    (value: Opaque, group: string) => asked(names.group, contentOf(withResource(value, { group }))),
  ],
  ['serviceAccount', `${names.authorizer}.(string, string) ${names.authorizer}`, serviceAccount],
  [
    'resource',
    `${names.group}.(string) ${names.resource}`,
    (value: Opaque, resource: string) => withResource(value, { resource }),
  ],
  [
    'subresource',
    `${names.resource}.(string) ${names.resource}`,
    (value: Opaque, subresource: string) => withResource(value, { subresource }),
  ],
  [
    'namespace',
    `${names.resource}.(string) ${names.resource}`,
    (value: Opaque, namespace: string) => withResource(value, { namespace }),
  ],
  [
    'name',
    `${names.resource}.(string) ${names.resource}`,
    (value: Opaque, name: string) => withResource(value, { name }),
  ],
  ['fieldSelector', `${names.resource}.(string) ${names.resource}`, selector],
  ['labelSelector', `${names.resource}.(string) ${names.resource}`, selector],
  ['check', `${names.path}.(string) ${names.decision}`, ask],
  ['check', `${names.resource}.(string) ${names.decision}`, ask],
  ['allowed', `${names.decision}.() bool`, decided(({ allowed }) => allowed)],
  ['reason', `${names.decision}.() string`, decided(({ reason }) => reason)],
  ['errored', `${names.decision}.() bool`, decided(({ error }) => error !== '')],
  ['error', `${names.decision}.() string`, decided(({ error }) => error)],
]);
