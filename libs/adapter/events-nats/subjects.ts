import type { CommittedChange } from '@drydock/port/events';

export const DEFAULT_PREFIX = 'drydock.events';

/** Stands for an absent namespace; no namespace is named so. */
const CLUSTER_SCOPED = '_';

/** A name as one token of a subject: readable, and reversible with `decodeURIComponent`. */
export const escapeToken = (name: string): string =>
  encodeURIComponent(name).replaceAll('.', '%2E').replaceAll('*', '%2A');

export const unescapeToken = (token: string): string => decodeURIComponent(token);

const groupToken = (group: string): string => (group === '' ? 'core' : escapeToken(group));

/** `<prefix>.<group>.<resource>.<namespace>.<name>` */
export function subjectOf(
  prefix: string,
  { group, resource, namespace, name }: Pick<CommittedChange, 'group' | 'resource' | 'namespace' | 'name'>,
): string {
  const place = namespace === '' ? CLUSTER_SCOPED : escapeToken(namespace);
  return `${prefix}.${groupToken(group)}.${escapeToken(resource)}.${place}.${escapeToken(name)}`;
}

/** All objects of one resource. */
export const resourceFilter = (prefix: string, { group, resource }: { group: string; resource: string }) =>
  `${prefix}.${groupToken(group)}.${escapeToken(resource)}.>`;

/** Where a publisher says how far it is; no group is named so. */
export const progressSubject = (prefix: string): string => `${prefix}._progress`;

/** Namespace and name of a change's subject. */
export function namesOf(subject: string): { namespace: string; name: string } {
  const tokens = subject.split('.');
  const place = tokens.at(-2) ?? CLUSTER_SCOPED;
  return {
    namespace: place === CLUSTER_SCOPED ? '' : unescapeToken(place),
    name: unescapeToken(tokens.at(-1) ?? ''),
  };
}
