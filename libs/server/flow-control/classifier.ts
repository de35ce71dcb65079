import type { FlowSchema, PriorityLevelConfiguration } from '@drydock/api/flowcontrol/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { AuthorizationRequest } from '../authz/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import { priorityLevels, type Limiter, type PriorityLevel } from './limiter.ts';
import { compareFlowSchemas, matchesFlowSchema } from './matching.ts';

const group = 'flowcontrol.apiserver.k8s.io';
export const flowSchemas = { group, resource: 'flowschemas' };

/** Under which FlowSchema and priority level a request is served. */
export interface FlowClass {
  readonly flowSchemaUid: string;
  readonly priorityLevelUid: string;
  readonly flowSchema: string;
  /** Where the request finds its place; undefined where nothing is limited. */
  readonly level: PriorityLevel | undefined;
  readonly distinguisher: 'ByUser' | 'ByNamespace' | undefined;
}

/** What tells a request apart from those that it shares its level with. */
export function flowOf({ flowSchema, distinguisher }: FlowClass, request: AuthorizationRequest): string {
  const by =
    distinguisher === 'ByUser'
      ? request.user.name
      : distinguisher === 'ByNamespace'
        ? (request.resource?.namespace ?? '')
        : '';
  return `${flowSchema}\n${by}`;
}

/**
 * Finds the FlowSchema that a request belongs to: the first, by precedence, that takes it and whose priority level is there.
 * Undefined where none does, which the schema `catch-all` of every cluster prevents.
 */
export type Classifier = (request: AuthorizationRequest) => FlowClass | undefined;

/** Requests of one user for one thing are many: this many kinds of them are remembered. */
const maxRemembered = 2_048;

/** Users that come again are mostly the same objects. */
const names = new WeakMap<AuthorizationRequest['user'], string>();

function nameOf(user: AuthorizationRequest['user']): string {
  let name = names.get(user);
  if (name === undefined) {
    name = `${user.name}\n${user.groups?.join('\n') ?? ''}\n\n`;
    names.set(user, name);
  }
  return name;
}

function keyOf({ user, verb, resource, path = '' }: AuthorizationRequest): string {
  const who = `${nameOf(user)}${verb}\n`;
  if (resource === undefined) return `${who}${path}`;
  const { group: itsGroup, resource: plural, subresource, namespace, name } = resource;
  const where = itsGroup === '' && plural === 'namespaces' ? name : namespace;
  return `${who}${itsGroup}\n${plural}/${subresource}\n${where}`;
}

function isExempt(level: KubeObject): boolean {
  return (level as unknown as PriorityLevelConfiguration).spec?.type === 'Exempt';
}

/** Classifies by the FlowSchemas and priority levels in the cache. Without `limiter` nothing is limited. */
export function createClassifier(cache: WatchCache, limiter?: Limiter): Classifier {
  let schemas: readonly (readonly [FlowSchema, FlowClass])[] | undefined;
  const remembered = new Map<string, FlowClass | undefined>();
  const forget = () => {
    schemas = undefined;
    remembered.clear();
  };
  cache.onChange(flowSchemas, forget);
  cache.onChange(priorityLevels, forget);

  function ordered(): readonly (readonly [FlowSchema, FlowClass])[] {
    return cache
      .items(flowSchemas)
      .map(({ object }) => object as FlowSchema)
      .sort(compareFlowSchemas)
      .flatMap((schema) => {
        const name = schema.spec?.priorityLevelConfiguration?.name ?? '';
        const level = cache.peek(priorityLevels, name);
        if (level === undefined) return [];
        const found: FlowClass = {
          flowSchemaUid: schema.metadata.uid ?? '',
          priorityLevelUid: level.object.metadata.uid ?? '',
          flowSchema: schema.metadata.name ?? '',
          level: isExempt(level.object) ? undefined : limiter?.level(name),
          distinguisher: schema.spec?.distinguisherMethod?.type as FlowClass['distinguisher'],
        };
        return [[schema, found] as const];
      });
  }

  return (request) => {
    const key = keyOf(request);
    const known = remembered.get(key);
    if (known !== undefined || remembered.has(key)) return known;
    const found = (schemas ??= ordered()).find(([schema]) => matchesFlowSchema(schema, request))?.[1];
    if (remembered.size >= maxRemembered) remembered.clear();
    remembered.set(key, found);
    return found;
  };
}
