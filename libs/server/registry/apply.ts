import type { KubeObject } from '@drydock/base/apimachinery';
import { badRequest, conflict, goJson, isJsonObject, setPath } from '@drydock/base/apimachinery';
import type { ResourceRef } from '@drydock/port/transport';
import { applyConfiguration } from '../managed-fields/index.ts';
import type { StoredItem, StoredObject } from '../watch-cache/index.ts';
import { looseObject } from '../watch-cache/index.ts';
import { bodyTypeOf, shapeDraft, warnOf, type BodyType } from './body.ts';
import { createObject } from './create.ts';
import type { Environment, Scope } from './environment.ts';
import { inFace, shown } from './face.ts';
import { ignoredBy, mergeTypeOf, writerOf } from './ownership.ts';
import { patchAttempts } from './patch.ts';
import type { WriteResult } from './registry.ts';
import { scaleFace, scaleOf, scaleType } from './scale.ts';
import type { Served } from './served.ts';
import type { UpdatePlan } from './update.ts';

/** What server-side apply borrows from the registry. */
export interface ApplyEnvironment {
  readonly env: Environment;
  matchName(draft: KubeObject, served: Served, ref: ResourceRef): void;
  toStored(served: Served, draft: KubeObject): KubeObject;
  runUpdate(
    served: Served,
    ref: ResourceRef,
    scope: Scope,
    plan: Pick<UpdatePlan, 'mode' | 'make' | 'attempts' | 'retry' | 'owned' | 'face'> & {
      create?: () => Promise<StoredObject>;
    },
  ): Promise<WriteResult>;
}

/** A request to apply. */
export interface ApplyRequest {
  readonly served: Served;
  readonly ref: ResourceRef;
  readonly body: unknown;
  readonly scope: Scope;
  readonly force: boolean;
  readonly mode: 'main' | 'status';
}

/** Applies a configuration to an object, or makes the object of it. */
export async function applyObject(borrowed: ApplyEnvironment, request: ApplyRequest): Promise<WriteResult> {
  const { served, ref } = request;
  const config = configurationOf(request.body, bodyTypeOf(served));
  borrowed.matchName(config, served, ref);
  return merge(borrowed, request, config);
}

/** Applies a Scale: what it says of replicas is owned in the object itself, through its `scale` subresource. */
export async function applyScale(borrowed: ApplyEnvironment, request: ApplyRequest): Promise<WriteResult> {
  const { served, ref } = request;
  const scale = served.definition.scale!;
  const wanted = configurationOf(request.body, scaleType);
  borrowed.matchName(wanted, served, ref);
  const config = {
    apiVersion: served.apiVersion,
    kind: served.kind,
    metadata: wanted.metadata,
  } as KubeObject;
  const replicas = (wanted as { spec?: { replicas?: number } }).spec?.replicas;
  if (replicas !== undefined) setPath(config, scale.specReplicasPath, replicas);
  const { stored } = await merge(borrowed, request, config);
  return {
    created: false,
    stored: looseObject(scaleOf(stored.object, scale), stored.revision, stored.key),
  };
}

function merge(borrowed: ApplyEnvironment, request: ApplyRequest, config: KubeObject): Promise<WriteResult> {
  const { env } = borrowed;
  const { served, ref, scope, force, mode } = request;
  const subresource = ref.subresource ?? '';
  let told = false;
  const { scale } = served.definition;
  const draftFor = (live: KubeObject | undefined): KubeObject => {
    const next = applyConfiguration({
      live,
      config,
      type: mergeTypeOf(served),
      writer: writerOf(served, scope, subresource, 'Apply'),
      now: env.timestamp(),
      force,
      ignored: ignoredBy(served, mode),
    });
    // Repeated keys are spoken of after conflicts, and once however often a lost race is run again.
    if (!told) tellProblems(scope);
    told = true;
    // A version that the configuration names is a precondition; the live one is none, but for kinds that must have one.
    const required = served.strategy.allowUnconditionalUpdate === false;
    next.metadata.resourceVersion =
      config.metadata.resourceVersion || (required ? live?.metadata.resourceVersion : undefined);
    const draft = shapeDraft(next as unknown as Record<string, unknown>, bodyTypeOf(served));
    borrowed.matchName(draft, served, ref);
    return borrowed.toStored(served, draft);
  };
  const { uid, name = '' } = config.metadata;
  const create = async (): Promise<StoredObject> => {
    if (uid) {
      throw conflict(
        served.groupResource,
        name,
        `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
      );
    }
    const draft = draftFor(undefined);
    draft.metadata.resourceVersion = undefined;
    return shown(served, await createObject(env, served.stored, draft, scope, true));
  };
  return borrowed.runUpdate(served, ref, scope, {
    mode,
    face: scale === undefined || subresource !== 'scale' ? undefined : scaleFace(scale),
    owned: true,
    make: (current: StoredItem) => draftFor(inFace(served, current).object),
    attempts: patchAttempts,
    retry: () => true,
    ...(subresource === '' ? { create } : {}),
  });
}

/** Says what a strict decoder found in the text of the configuration. @throws ApiError 400 where the client asked for that */
function tellProblems(scope: Scope): void {
  const problems = scope.decodingProblems;
  if (problems.length === 0) return;
  if (scope.fieldValidation === 'Strict')
    throw badRequest(`error strict decoding YAML: ${problems.join(', ')}`);
  warnOf(problems, scope);
}

/** @throws ApiError 400 for a body that is no configuration of this kind */
function configurationOf(body: unknown, type: BodyType): KubeObject {
  if (!isJsonObject(body)) {
    throw badRequest(
      `error decoding YAML: json: cannot unmarshal ${Array.isArray(body) ? 'array' : typeof body} into Go value of type map[string]interface {}`,
    );
  }
  const { apiVersion, kind, metadata } = body;
  if (typeof kind !== 'string' || kind === '') {
    throw badRequest(`Object 'Kind' is missing in '${goJson(body)}'`);
  }
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    throw badRequest(`Object 'apiVersion' is missing in '${goJson(body)}'`);
  }
  if (apiVersion !== type.apiVersion) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${apiVersion}, expected: ${type.apiVersion}`,
    );
  }
  if (kind !== type.kind) {
    throw badRequest(
      `invalid object type: ${apiVersion}, Kind=${kind} does not match the expected ${type.apiVersion}, Kind=${type.kind}`,
    );
  }
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata)) {
    throw badRequest('error decoding YAML: metadata is not an object');
  }
  const config = { ...body, metadata: { ...(metadata ?? {}) } } as unknown as KubeObject;
  if (config.metadata.managedFields !== undefined && config.metadata.managedFields !== null)
    throw badRequest('metadata.managedFields must be nil');
  return config;
}
