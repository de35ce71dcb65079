import type { KubeObject } from '@drydock/base/apimachinery';
import {
  apiVersionOf,
  badRequest,
  cloneJson,
  goQuote,
  isNotFound,
  joinKey,
  notFound,
  pathNotFound,
  validatePathSegment,
} from '@drydock/base/apimachinery';
import type { Clock, Random } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import { silentLogger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import type { GetOptions, ListOptions, ResourceRef, WriteOptions } from '@drydock/port/transport';
import type { Admission } from '../admission/index.ts';
import { createAdmission } from '../admission/index.ts';
import type { CacheList, StoredItem, StoredObject, StoredWatch, WatchCache } from '../watch-cache/index.ts';
import { compileFilter, looseObject, parseResourceVersion } from '../watch-cache/index.ts';
import { admitConnection } from './admit.ts';
import { applyObject, applyScale } from './apply.ts';
import { bodyTypeOf, decodeBody, decodePatched, shapeDraft } from './body.ts';
import { createObject, matchNamespace } from './create.ts';
import { checkDeleteOptions, deleteObject } from './delete.ts';
import type { Environment } from './environment.ts';
import { createTimestamp, Scope } from './environment.ts';
import { facesReady, inFace, shown, watchInFace } from './face.ts';
import { withNamespaceLifeCycle } from './namespaces.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import { splitFieldSelector, watchTested, type FaceTest } from './own-fields.ts';
import { applyPatch, patchAttempts, patchedDraft } from './patch.ts';
import type { Body, Registry, RequestContext, StoredList, WriteResult } from './registry.ts';
import type { Scale } from './scale.ts';
import { scaledDraft, scaleFace, scaleOf, scaleType } from './scale.ts';
import type { Served } from './served.ts';
import { requireVerb, serve } from './served.ts';
import { createSubresource, getSubresource, patchSubresource, updateSubresource } from './subresource.ts';
import type { ResourceDefinition } from './types.ts';
import type { UpdatePlan } from './update.ts';
import { uidConflict, updateObject } from './update.ts';

export interface RegistryDeps {
  readonly definitions: readonly ResourceDefinition[];
  readonly store: Store;
  /** Follows `store`; started and stopped by the caller. */
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** Default: none. */
  readonly admission?: Admission;
}

/** Unconditional updates are made anew this often before they answer a conflict. */
const updateAttempts = 100;
/** Names that no path can hold. */
const oddName = /[/%]|^\.\.?$/;
/** How many deletions of a collection run at once: enough to fill a group commit. */
const deleteConcurrency = 64;

/** Kubernetes' generic registry over the definitions. Validates that faces (`storedAs`) name a definition. */
export function createRegistry(deps: RegistryDeps): Registry {
  const { cache } = deps;
  const env: Environment = {
    store: deps.store,
    cache,
    clock: deps.clock,
    random: deps.random,
    logger: deps.logger ?? silentLogger,
    admission: deps.admission ?? createAdmission([]),
    timestamp: createTimestamp(deps.clock),
  };
  const all = new Map<string, Served>();
  /** What `definitions` answers until something is defined or undefined: the same array, so that it can be compared. */
  let listed: readonly ResourceDefinition[] | undefined;
  const idOf = (group: string, version: string, resource: string): string =>
    `${group}/${version}/${resource}`;
  const find = (group: string, version: string, resource: string): Served | undefined =>
    all.get(idOf(group, version, resource));

  function define(declared: ResourceDefinition): void {
    const definition = withNamespaceLifeCycle(declared);
    const served = serve(definition, find);
    listed = undefined;
    all.set(idOf(definition.group, definition.version, definition.resource), served);
    if (served.stored === served) cache.register(served.groupResource, served.access);
  }
  // Faces need what they show to be there first; the order of declaration is kept for discovery.
  const later = deps.definitions.filter((definition) => definition.storedAs !== undefined);
  for (const definition of deps.definitions) if (definition.storedAs === undefined) define(definition);
  for (const definition of later) define(definition);

  function servedOf(ref: ResourceRef): Served {
    const served = all.get(idOf(ref.group, ref.version, ref.resource));
    if (served === undefined) throw pathNotFound();
    return served;
  }

  function nameOf(ref: ResourceRef): string {
    const { name } = ref;
    if (!name) throw badRequest('name is required');
    if (!oddName.test(name)) return name;
    const wrong = validatePathSegment(name).join(';');
    throw badRequest(`Name parameter invalid: ${goQuote(name)}: ${wrong}`);
  }

  function keyOf(served: Served, ref: ResourceRef): string {
    return joinKey(served.definition.namespaced ? ref.namespace : undefined, nameOf(ref));
  }

  function findNow(served: Served, ref: ResourceRef): StoredItem {
    const item = cache.peek(served.stored.groupResource, keyOf(served, ref));
    if (item === undefined) throw notFound(served.groupResource, nameOf(ref));
    return item;
  }

  function waitFor(options: GetOptions): Promise<void> | undefined {
    const wanted = parseResourceVersion(options.resourceVersion);
    if (wanted === undefined) return cache.fresh();
    return cache.atLeast(wanted === 0 ? Math.min(1, cache.revision) : wanted);
  }

  function getMain(
    served: Served,
    ref: ResourceRef,
    options: GetOptions,
  ): StoredObject | Promise<StoredObject> {
    const pending = waitFor(options);
    if (pending === undefined) return shown(served, findNow(served, ref));
    return pending.then(() => shown(served, findNow(served, ref)));
  }

  function scopeOf(context: RequestContext, options: WriteOptions, ref?: ResourceRef): Scope {
    return new Scope(env, context, options, ref && apiVersionOf(ref.group, ref.version));
  }

  function asList(served: Served, page: CacheList): StoredList | Promise<StoredList> {
    const { custom } = served.definition;
    if (custom === undefined) return listOf(served, page);
    if (page.items.every((item) => item.shape === custom)) return listOf(served, page, page.items);
    const pending = facesReady(served, page.items);
    return pending === undefined ? listOf(served, page) : pending.then(() => listOf(served, page));
  }

  function listOf(served: Served, page: CacheList, same?: readonly StoredObject[]): StoredList {
    const { custom } = served.definition;
    const plain = served.fromStored === undefined && custom === undefined;
    const items = same ?? (plain ? page.items : page.items.map((item) => inFace(served, item)));
    return {
      apiVersion: served.apiVersion,
      kind: `${served.kind}List`,
      items,
      ...(custom === undefined ? {} : { typedItems: true }),
      resourceVersion: String(page.revision),
      continue: page.continue,
      remainingItemCount: page.remainingItemCount,
    };
  }

  function filterOf(
    served: Served,
    ref: ResourceRef,
    options: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>,
  ) {
    const namespace = served.definition.namespaced ? ref.namespace : undefined;
    // A name in the reference pins the list or watch to one object.
    const pinned = ref.name === undefined ? undefined : `metadata.name=${ref.name}`;
    const { ofCache, test } = splitFieldSelector(served, options.fieldSelector ?? '');
    const fields = [ofCache, pinned].filter(Boolean).join(',');
    const filter = compileFilter(served.stored.access, namespace, options.labelSelector, fields);
    return { filter, test };
  }

  /** The objects of a page that pass a test; how many the later pages have is not known then. */
  function tested(page: StoredList, test: FaceTest): StoredList {
    const { remainingItemCount: _unknown, ...rest } = page;
    return { ...rest, items: page.items.filter(({ object }) => test(object)) };
  }

  function list(ref: ResourceRef, options: ListOptions): StoredList | Promise<StoredList> {
    const served = servedOf(ref);
    requireVerb(served, 'list');
    if (served.definition.virtualRead !== undefined) return virtualList(served, ref, options);
    const { filter, test } = filterOf(served, ref, options);
    const page = cache.list(served.stored.groupResource, filter, options);
    const found =
      page instanceof Promise ? page.then((items) => asList(served, items)) : asList(served, page);
    if (test === undefined) return found;
    return found instanceof Promise ? found.then((all) => tested(all, test)) : tested(found, test);
  }

  /** In the stored form: what `createObject` and `updateObject` work on. */
  function toStored(served: Served, draft: KubeObject): KubeObject {
    if (served.toStored === undefined) return draft;
    return shapeDraft(
      served.toStored(draft) as unknown as Record<string, unknown>,
      bodyTypeOf(served.stored),
    );
  }

  function matchName(draft: KubeObject, served: Served, ref: ResourceRef): void {
    const name = nameOf(ref);
    matchNamespace(draft, served.definition.namespaced, ref.namespace);
    const { metadata } = draft;
    if (!metadata.name) {
      throw badRequest(
        `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
      );
    }
    if (metadata.name !== name) {
      throw badRequest(
        `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
      );
    }
  }

  /** Runs a plan whose draft is an object of the served kind; answers in that kind's face. */
  async function runUpdate(
    served: Served,
    ref: ResourceRef,
    scope: Scope,
    plan: Pick<UpdatePlan, 'mode' | 'make' | 'attempts' | 'retry' | 'owned' | 'unadmitted' | 'face'> & {
      create?: () => Promise<StoredObject>;
    },
  ): Promise<WriteResult> {
    let created = false;
    const { create } = plan;
    const stored = await updateObject(env, {
      served: served.stored,
      key: keyOf(served, ref),
      name: nameOf(ref),
      subresource: ref.subresource ?? '',
      scope,
      mode: plan.mode,
      owned: plan.owned,
      face: plan.face,
      ...(plan.unadmitted === undefined ? {} : { unadmitted: plan.unadmitted }),
      make: plan.make,
      attempts: plan.attempts,
      retry: plan.retry,
      ...(create === undefined
        ? {}
        : {
            missing: async () => {
              created = true;
              return create();
            },
          }),
    });
    return { stored: await shown(served, stored), created };
  }

  function modeOf(served: Served, ref: ResourceRef): 'main' | 'status' {
    if (ref.subresource === undefined) return 'main';
    if (ref.subresource === 'status' && served.definition.status === true) return 'status';
    throw pathNotFound();
  }

  async function updateFromBody(
    served: Served,
    ref: ResourceRef,
    body: Body,
    scope: Scope,
  ): Promise<WriteResult> {
    const mode = modeOf(served, ref);
    const type = bodyTypeOf(served);
    const decode = (from: Body): KubeObject => {
      const draft = decodeBody(from, type, scope);
      dropRepeatedOwners(draft, scope, false);
      matchName(draft, served, ref);
      return toStored(served, draft);
    };
    // A parsed body is used up by the first attempt; only unconditional updates may need it again.
    const again = body instanceof Uint8Array || body.metadata?.resourceVersion ? body : cloneJson(body);
    let first: KubeObject | undefined = decode(body);
    const unconditional = !first.metadata.resourceVersion || first.metadata.resourceVersion === '0';
    const mayCreate = mode === 'main' && served.strategy.allowCreateOnUpdate === true;
    const { uid, resourceVersion } = first.metadata;
    if (!unconditional) {
      // The caller may know a newer version than the cache has seen.
      const pending = cache.atLeast(Number(resourceVersion) || 0);
      if (pending !== undefined) await pending.catch(() => undefined);
    }
    const take = (): KubeObject => {
      const draft = first ?? decode(again instanceof Uint8Array ? again : cloneJson(again));
      first = undefined;
      return draft;
    };
    return runUpdate(served, ref, scope, {
      mode,
      make: take,
      attempts: updateAttempts,
      retry: () => unconditional,
      ...(uid
        ? {
            create: () =>
              Promise.reject(uidConflict(served.stored, keyOf(served, ref), nameOf(ref), uid, undefined)),
          }
        : mayCreate
          ? {
              create: () => {
                const draft = take();
                draft.metadata.resourceVersion = undefined;
                return createObject(env, served.stored, draft, scope);
              },
            }
          : {}),
    });
  }

  const registry: Registry = {
    definitions: () => {
      if (listed !== undefined) return listed;
      const declared = deps.definitions.map((definition) =>
        find(definition.group, definition.version, definition.resource),
      );
      const order = new Set<Served>(declared.filter((served) => served !== undefined));
      for (const served of all.values()) order.add(served);
      return (listed = [...order].map((served) => served.definition));
    },
    definition: (group, version, resource) => find(group, version, resource)?.definition,
    define,
    undefine(group, version, resource) {
      listed = undefined;
      all.delete(idOf(group, version, resource));
    },

    get(ref, options, context) {
      const served = servedOf(ref);
      const { subresource } = ref;
      if (subresource === undefined || (subresource === 'status' && served.definition.status === true)) {
        requireVerb(served, 'get');
        if (served.definition.virtualRead !== undefined) return virtualItem(served, ref);
        return getMain(served, ref, options);
      }
      const { scale } = served.definition;
      if (subresource === 'scale' && scale !== undefined) {
        const faced = getMain(served, ref, options);
        const show = ({ object, revision, key }: StoredObject): StoredObject =>
          looseObject(scaleOf(object, scale), revision, key);
        return faced instanceof Promise ? faced.then(show) : show(faced);
      }
      return getSubresource(subresourceEnv, served, ref, subresource, scopeOf(context, {}));
    },

    list,

    watch(ref, options, context) {
      const served = servedOf(ref);
      requireVerb(served, 'watch');
      const { filter, test } = filterOf(served, ref, options);
      const watch = cache.watch(served.stored.groupResource, filter, {
        options,
        apiVersion: served.apiVersion,
        kind: served.kind,
        signal: context.signal,
      });
      const show = (running: StoredWatch): StoredWatch =>
        watchInFace(served, test === undefined ? running : watchTested(served, running, test));
      return watch instanceof Promise ? watch.then(show) : show(watch);
    },

    async create(ref, body, options, context) {
      const served = servedOf(ref);
      const scope = scopeOf(context, options, ref);
      if (ref.subresource !== undefined) {
        return createSubresource(subresourceEnv, served, ref, ref.subresource, body, scope);
      }
      requireVerb(served, 'create');
      const { definition } = served;
      const draft = decodeBody(body, bodyTypeOf(served), scope);
      if (definition.createsThrough !== undefined) {
        matchNamespace(draft, definition.namespaced, ref.namespace);
        const { resource, subresource } = definition.createsThrough;
        const target: ResourceRef = { ...ref, resource, subresource, name: draft.metadata.name ?? '' };
        return createSubresource(subresourceEnv, servedOf(target), target, subresource, draft, scope);
      }
      dropRepeatedOwners(draft, scope, false);
      if (definition.virtualCreate !== undefined) return createVirtual(served, draft, ref, scope);
      matchNamespace(draft, definition.namespaced, ref.namespace);
      const stored = await createObject(env, served.stored, toStored(served, draft), scope);
      return shown(served, stored);
    },

    async update(ref, body, options, context) {
      const served = servedOf(ref);
      const scope = scopeOf(context, options, ref);
      const { scale } = served.definition;
      if (ref.subresource === 'scale' && scale !== undefined) {
        const wanted = decodeBody(body, scaleType, scope) as Scale;
        matchName(wanted, served, ref);
        return scaleTo(served, ref, scope, () => wanted);
      }
      if (ref.subresource !== undefined && ref.subresource !== 'status') {
        return updateSubresource(subresourceEnv, served, ref, ref.subresource, body, scope);
      }
      requireVerb(served, 'update');
      return updateFromBody(served, ref, body, scope);
    },

    async patch(ref, patch, options, context) {
      const served = servedOf(ref);
      const scope = scopeOf(context, options, ref);
      const { definition } = served;
      const { scale } = definition;
      const scaling = ref.subresource === 'scale' && scale !== undefined;
      if (
        patch.type === 'apply' &&
        (scaling || ref.subresource === undefined || ref.subresource === 'status')
      ) {
        requireVerb(served, 'patch');
        const force = options.force === true;
        const request = { served, ref, body: patch.body, scope, force };
        if (scaling) return applyScale(applyEnv, { ...request, mode: 'main' });
        return applyObject(applyEnv, { ...request, mode: modeOf(served, ref) });
      }
      if (scaling) {
        return scaleTo(
          served,
          ref,
          scope,
          (current) =>
            decodePatched(applyPatch(current, patch, scaleType.schema), scaleType, patch, scope) as Scale,
        );
      }
      if (ref.subresource !== undefined && ref.subresource !== 'status') {
        return patchSubresource(subresourceEnv, served, ref, ref.subresource, patch, scope);
      }
      requireVerb(served, 'patch');
      const mode = modeOf(served, ref);
      const type = bodyTypeOf(served);
      return runUpdate(served, ref, scope, {
        mode,
        make(current) {
          // What is turned into another form is private in all its parts.
          const door = served.toStored === undefined ? mode : 'main';
          const draft = patchedDraft(inFace(served, current).object, patch, type, scope, door);
          matchName(draft, served, ref);
          return toStored(served, draft);
        },
        attempts: patchAttempts,
        // A version that the patch itself names is checked again in each attempt.
        retry: () => true,
      });
    },

    async delete(ref, options, context) {
      const served = servedOf(ref);
      requireVerb(served, 'delete');
      checkDeleteOptions(options);
      const result = await deleteObject(
        env,
        served.stored,
        keyOf(served, ref),
        nameOf(ref),
        options,
        scopeOf(context, deleteScope(options)),
      );
      return result.stored === undefined ? result : { ...result, stored: await shown(served, result.stored) };
    },

    async deleteCollection(ref, options, listOptions, context) {
      const served = servedOf(ref);
      requireVerb(served, 'deletecollection');
      checkDeleteOptions(options);
      const page = await list(ref, listOptions);
      const scope = scopeOf(context, deleteScope(options));
      for (let start = 0; start < page.items.length; start += deleteConcurrency) {
        await Promise.all(
          page.items.slice(start, start + deleteConcurrency).map(async ({ key, object }) => {
            try {
              await deleteObject(env, served.stored, key, object.metadata.name ?? '', options, scope);
            } catch (error) {
              // Somebody else deleted it: just as well.
              if (!isNotFound(error)) throw error;
            }
          }),
        );
      }
      return page;
    },
    connect: (ref, options, context) =>
      admitConnection(env, servedOf(ref), ref, options, scopeOf(context, {})),
  };

  function deleteScope({ dryRun }: { dryRun?: WriteOptions['dryRun'] }): WriteOptions {
    return dryRun === undefined ? {} : { dryRun };
  }

  function scaleTo(
    served: Served,
    ref: ResourceRef,
    scope: Scope,
    wish: (current: Scale) => Scale,
  ): Promise<WriteResult> {
    requireVerb(served, 'get');
    const scale = served.definition.scale!;
    let conditional = false;
    return runUpdate(served, ref, scope, {
      mode: 'main',
      face: scaleFace(scale),
      make(current) {
        const faced = inFace(served, current).object;
        const present = scaleOf(faced, scale);
        const wanted = wish(present);
        conditional = Boolean(wanted.metadata.resourceVersion) && wanted !== present;
        const draft = scaledDraft(faced, scale, wanted);
        return toStored(served, shapeDraft(draft as never, bodyTypeOf(served)));
      },
      attempts: patchAttempts,
      retry: () => !conditional,
    }).then(({ stored, created }) => ({
      created,
      stored: looseObject(scaleOf(stored.object, scale), stored.revision, stored.key),
    }));
  }

  function virtualItem(served: Served, ref: ResourceRef): StoredObject {
    const name = nameOf(ref);
    const found = served.definition.virtualRead!().find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw notFound(served.groupResource, name);
    return looseObject(found);
  }

  function virtualList(served: Served, ref: ResourceRef, options: ListOptions): StoredList {
    const { matches } = filterOf(served, ref, options).filter;
    const items = served.definition.virtualRead!().map((object) => looseObject(object));
    return {
      apiVersion: served.apiVersion,
      kind: `${served.kind}List`,
      items: items.filter((item) => matches === undefined || matches(item)),
      resourceVersion: '',
    };
  }

  async function createVirtual(
    served: Served,
    draft: KubeObject,
    ref: ResourceRef,
    scope: Scope,
  ): Promise<StoredObject> {
    const { definition } = served;
    matchNamespace(draft, definition.namespaced, ref.namespace);
    served.strategy.defaults?.(draft);
    served.strategy.prepareForCreate?.(draft, scope);
    return looseObject(await definition.virtualCreate!(draft, scope));
  }

  const applyEnv = { env, matchName, toStored, runUpdate };
  const subresourceEnv = { env, find, getMain, keyOf, nameOf, runUpdate, inFace };
  return registry;
}
