import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
} from '@drydock/api/admissionregistration/v1';
import type { KubeObject, Status } from '@drydock/base/apimachinery';
import {
  ApiError,
  JsonPatchMismatch,
  applyJsonPatch,
  badRequest,
  deepEqual,
  forbidden,
  fromStatus,
  goQuote,
  internalError,
  isJsonObject,
} from '@drydock/base/apimachinery';
import type { WebhookCaller, WebhookClientConfig } from '@drydock/port/webhook';
import type { Authorizer } from '../authz/index.ts';
import type { Value } from '../cel/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import { accessVariables } from './access.ts';
import { admissionRequest, requestAttributes, reviewedObjects, shownObject } from './admission-review.ts';
import { concernsAdmission, matchedBy, namespaceMatches, objectMatches, seenAs } from './dispatch-rules.ts';
import type { Equivalents } from './equivalents.ts';
import { celValue, compileConditions, conditionsMatch, type Compiled } from './expressions.ts';
import { takePatched } from './patched-object.ts';
import { reinvocationOf } from './reinvocation.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

type Webhook = MutatingWebhook | ValidatingWebhook;

interface Hook {
  readonly webhook: Webhook;
  /** Tells it from all others, also of other configurations. */
  readonly key: string;
  readonly conditions: readonly Compiled[];
}

const group = 'admissionregistration.k8s.io';
const defaultTimeoutSeconds = 10;
const harmless = new Set(['None', 'NoneOnDryRun']);

/** The webhooks of all configurations, in the order of their names; worked out anew when one changes. */
function hooksOf(cache: WatchCache, resource: string): () => readonly Hook[] {
  let known: readonly Hook[] | undefined;
  cache.onChange({ group, resource }, () => (known = undefined));
  return () =>
    (known ??= cache
      .items({ group, resource })
      .map(({ object }) => object as MutatingWebhookConfiguration)
      .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
      .flatMap(({ metadata, webhooks = [] }) =>
        webhooks.map((webhook, index) => ({
          webhook,
          key: `${metadata.name ?? ''}/${webhook.name ?? ''}/${index}`,
          conditions: compileConditions(webhook.matchConditions, false),
        })),
      ));
}

function conditionValues(
  seen: AdmissionRequest,
  asked: AdmissionRequest,
  authorizer: Authorizer,
): ReadonlyMap<string, Value> {
  const { object, oldObject } = reviewedObjects(seen);
  return new Map<string, Value>([
    ['object', celValue(object)],
    ['oldObject', celValue(oldObject)],
    ['request', celValue(requestAttributes(seen, '', asked))],
    ['namespaceObject', null],
    ...accessVariables(asked, authorizer),
  ]);
}

/** The request as a webhook that is to be asked about it sees it; undefined where it is not. @throws ApiError */
function concerned(
  { webhook, conditions }: Hook,
  request: AdmissionRequest,
  { equivalents, authorizer }: WebhookDeps,
): AdmissionRequest | undefined | Promise<AdmissionRequest | undefined> {
  if (!namespaceMatches(webhook.namespaceSelector, request)) return undefined;
  if (!objectMatches(webhook.objectSelector, request)) return undefined;
  const definition = matchedBy(webhook.rules ?? [], webhook.matchPolicy, request, equivalents);
  if (definition === undefined) return undefined;
  const check = (seen: AdmissionRequest): AdmissionRequest | undefined => {
    const { matches, error } = conditionsMatch(conditions, () => conditionValues(seen, request, authorizer));
    if (error === undefined || webhook.failurePolicy === 'Ignore') return matches ? seen : undefined;
    const { group: own, resource } = request.definition;
    throw forbidden({ group: own, resource }, request.name, error);
  };
  const seen = seenAs(request, definition, equivalents);
  return seen instanceof Promise ? seen.then(check) : check(seen);
}

interface Response {
  readonly uid?: unknown;
  readonly allowed?: unknown;
  readonly patch?: unknown;
  readonly patchType?: unknown;
  readonly warnings?: unknown;
  readonly status?: unknown;
}

/** An answer that counts for nothing. */
class InvalidResponse extends Error {}

function requireResponse(holds: boolean, why: string): asserts holds {
  if (!holds) throw new InvalidResponse(why);
}

function kindText(apiVersion: string, kind: string): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

/** @throws InvalidResponse */
function readResponse(answer: unknown, version: string, uid: string, mutating: boolean): Response {
  requireResponse(isJsonObject(answer), 'webhook response was absent');
  const { response } = answer;
  requireResponse(isJsonObject(response), 'webhook response was absent');
  // The first version asked for nothing but an answer.
  if (version !== 'v1')
    return response['patch'] === undefined ? response : { ...response, patchType: 'JSONPatch' };
  requireResponse(
    response['uid'] === uid,
    `expected response.uid=${goQuote(uid)}, got ${goQuote(String(response['uid'] ?? ''))}`,
  );
  const wanted = kindText(`admission.k8s.io/${version}`, 'AdmissionReview');
  const got = kindText(String(answer['apiVersion'] ?? ''), String(answer['kind'] ?? ''));
  requireResponse(wanted === got, `expected webhook response of ${wanted}, got ${got}`);
  const patch = String(response['patch'] ?? '');
  const patchType = response['patchType'] ?? undefined;
  if (!mutating) {
    requireResponse(patch === '', 'validating webhook may not return response.patch');
    requireResponse(patchType === undefined, 'validating webhook may not return response.patchType');
    return response;
  }
  requireResponse(
    patch === '' || patchType !== undefined,
    'webhook returned response.patch but not response.patchType',
  );
  requireResponse(
    patch !== '' || patchType === undefined,
    'webhook returned response.patchType but not response.patch',
  );
  requireResponse(patchType !== '', 'webhook returned invalid response.patchType of ""');
  return response;
}

function denial(name: string, result: unknown): ApiError {
  const status = (isJsonObject(result) ? result : {}) as Partial<Status>;
  const said = status.message || status.reason || '';
  const text = `admission webhook ${goQuote(name)} denied the request`;
  const code = Number(status.code) >= 400 ? Number(status.code) : 400;
  return fromStatus({
    ...status,
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    message: said === '' ? `${text} without explanation` : `${text}: ${said}`,
  });
}

function decodePatch(patch: unknown): unknown {
  const bytes = Uint8Array.from(atob(String(patch)), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export interface WebhookDeps {
  readonly cache: WatchCache;
  readonly caller: WebhookCaller;
  readonly equivalents: Equivalents;
  readonly authorizer: Authorizer;
}

/** A call that came to nothing, which is what `failurePolicy` is about. */
class CallFailure extends Error {
  constructor(name: string, why: string) {
    super(`failed calling webhook ${goQuote(name)}: ${why}`);
  }
}

/** Calls one webhook. Answers its response. @throws CallFailure, ApiError */
async function call(
  { webhook }: Hook,
  seen: AdmissionRequest,
  asked: AdmissionRequest,
  caller: WebhookCaller,
  mutating: boolean,
): Promise<Response> {
  const { name = '', sideEffects = '', timeoutSeconds = defaultTimeoutSeconds } = webhook;
  if (asked.context.dryRun.length > 0 && !harmless.has(sideEffects))
    throw badRequest(`admission webhook ${goQuote(name)} does not support dry run`);
  const version =
    (webhook.admissionReviewVersions ?? []).find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
  const uid = asked.context.random.uuid();
  const review = {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: admissionRequest(seen, uid, asked),
  };
  const config = webhook.clientConfig as WebhookClientConfig;
  let answer: unknown;
  try {
    answer = await caller.call(config, review, { timeoutMs: timeoutSeconds * 1_000 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CallFailure(name, `failed to call webhook: ${why}`);
  }
  try {
    return readResponse(answer, version, uid, mutating);
  } catch (error) {
    if (!(error instanceof InvalidResponse)) throw error;
    throw new CallFailure(name, `received invalid webhook response: ${error.message}`);
  }
}

/** Undefined where the call failed and that is to be ignored. @throws ApiError */
async function unlessIgnored<T>({ webhook }: Hook, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    if (webhook.failurePolicy === 'Ignore') return undefined;
    throw internalError(error);
  }
}

/** Passes on what the webhook has to say. @throws ApiError where it says no */
function heed({ webhook }: Hook, response: Response, { context }: AdmissionRequest): void {
  if (Array.isArray(response.warnings)) for (const text of response.warnings) context.warn(String(text));
  if (response.allowed !== true) throw denial(webhook.name ?? '', response.status);
}

/** Kubernetes' MutatingAdmissionWebhook: webhooks change what is written, one after the other. */
export function mutatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  const { cache, caller, equivalents } = deps;
  const name = 'MutatingAdmissionWebhook';
  const all = hooksOf(cache, 'mutatingwebhookconfigurations');

  /** Whether the webhook changed the object. */
  async function run(hook: Hook, seen: AdmissionRequest, request: AdmissionRequest): Promise<boolean> {
    const response = await call(hook, seen, request, caller, true);
    heed(hook, response, request);
    if (String(response.patch ?? '') === '') return false;
    if (response.patchType !== 'JSONPatch')
      throw new CallFailure(
        hook.webhook.name ?? '',
        `unsupported patch type ${goQuote(String(response.patchType))}`,
      );
    try {
      const patch = decodePatch(response.patch);
      if (Array.isArray(patch) && patch.length === 0) return false;
      if (request.operation === 'DELETE') {
        const who = `admission webhook ${goQuote(hook.webhook.name ?? '')}`;
        throw new Error(`${who} attempted to modify the object, which is not supported for this operation`);
      }
      // It is not told to whom a connection leads.
      if (request.operation === 'CONNECT') return false;
      const before = shownObject(seen);
      const patched = applyJsonPatch<KubeObject>(before, patch);
      if (deepEqual(patched, before)) return false;
      await takePatched(request, seen, patched, equivalents);
      return true;
    } catch (error) {
      throw internalError(patchError(error));
    }
  }

  async function runAll(hooks: readonly Hook[], request: AdmissionRequest): Promise<void> {
    const rounds = reinvocationOf(request);
    const invocations = rounds.of(name);
    invocations.enter(rounds.isSecond, request.object);
    for (const hook of hooks) {
      const seen = await concerned(hook, request, deps);
      if (seen === undefined) continue;
      if (rounds.isSecond && !invocations.isDue(hook.key)) continue;
      if ((await unlessIgnored(hook, () => run(hook, seen, request))) === true) {
        invocations.changed();
        rounds.want();
      }
      if ((hook.webhook as MutatingWebhook).reinvocationPolicy === 'IfNeeded') invocations.asked(hook.key);
    }
    invocations.leave(request.object);
  }

  return {
    name,
    connects: true,
    handles: (definition) => !concernsAdmission(definition),
    admit(request) {
      const hooks = all();
      return hooks.length === 0 ? undefined : runAll(hooks, request);
    },
  };
}

/** Why a patch does not fit, which clients are not told of their own. */
function patchError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error instanceof ApiError && error.cause instanceof JsonPatchMismatch ? error.cause : error;
}

/** Kubernetes' ValidatingAdmissionWebhook: webhooks refuse what is written; all are asked at once. */
export function validatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  const { cache, caller } = deps;
  const all = hooksOf(cache, 'validatingwebhookconfigurations');

  async function runAll(hooks: readonly Hook[], request: AdmissionRequest): Promise<void> {
    const asked: { readonly hook: Hook; readonly seen: AdmissionRequest }[] = [];
    for (const hook of hooks) {
      const seen = await concerned(hook, request, deps);
      if (seen !== undefined) asked.push({ hook, seen });
    }
    const answers = await Promise.allSettled(
      asked.map(({ hook, seen }) => unlessIgnored(hook, () => call(hook, seen, request, caller, false))),
    );
    answers.forEach((answer, index) => {
      if (answer.status === 'rejected') throw answer.reason;
      if (answer.value !== undefined) heed(asked[index]!.hook, answer.value, request);
    });
  }

  return {
    name: 'ValidatingAdmissionWebhook',
    connects: true,
    handles: (definition) => !concernsAdmission(definition),
    validate(request) {
      const hooks = all();
      return hooks.length === 0 ? undefined : runAll(hooks, request);
    },
  };
}
