import type { CommittedChange } from '@drydock/port/events';

export const DEFAULT_STREAM = 'DRYDOCK_EVENTS';
const DEFAULT_PREFIX = 'drydock.events';

/** What the subjects of a stream begin with: two streams of one server must not share any. */
export const prefixOf = (stream: string): string =>
  stream === DEFAULT_STREAM ? DEFAULT_PREFIX : `${DEFAULT_PREFIX}-${stream}`;

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

/** Servers cut connections off that send longer control lines; by default 4,096 bytes, subject and inbox together. */
const MAX_SUBJECT_BYTES = 3_000;

/** Whether a subject can be sent at all. Names may be long, and each byte beyond ASCII takes three. */
export const isSendable = (subject: string): boolean => subject.length <= MAX_SUBJECT_BYTES;

/** Stands for the subject of an object whose own is too long: tells of a change of its resource, and not of which. */
export const unnamedSubject = (prefix: string, { group, resource }: { group: string; resource: string }) =>
  `${prefix}.${groupToken(group)}.${escapeToken(resource)}.${CLUSTER_SCOPED}.${CLUSTER_SCOPED}`;

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
