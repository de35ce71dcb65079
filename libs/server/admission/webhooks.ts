import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
} from '@drydock/api/admissionregistration/v1';
import { applyScalarDefaults } from '@drydock/api/defaulting';
import { validateShape } from '@drydock/api/validation';
import type { ApiError, KubeObject, Status } from '@drydock/base/apimachinery';
import {
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
import type { Program, Value } from '../cel/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import { admissionRequest, shownObject } from './admission-review.ts';
import { concernsAdmission, namespaceMatches, objectMatches, ruleMatches } from './dispatch-rules.ts';
import { celValue, conditionsMatch, tryCompile, type MatchCondition } from './expressions.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

type Webhook = MutatingWebhook | ValidatingWebhook;

interface Hook {
  readonly webhook: Webhook;
  readonly conditions: readonly (MatchCondition & { readonly program: Program | string })[];
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
      .flatMap(({ webhooks = [] }) => webhooks)
      .map((webhook) => ({
        webhook,
        conditions: (webhook.matchConditions ?? []).map((one) => ({
          ...one,
          program: tryCompile(one.expression ?? ''),
        })),
      })));
}

function variablesOf(request: AdmissionRequest): ReadonlyMap<string, Value> {
  const all = admissionRequest(request, '');
  return new Map<string, Value>([
    ['object', celValue(all['object'])],
    ['oldObject', celValue(all['oldObject'])],
    ['request', celValue(all)],
  ]);
}

function concerned({ webhook, conditions }: Hook, request: AdmissionRequest): boolean {
  if (!(webhook.rules ?? []).some((rule) => ruleMatches(rule, request))) return false;
  if (!namespaceMatches(webhook.namespaceSelector, request)) return false;
  if (!objectMatches(webhook.objectSelector, request)) return false;
  const { matches, error } = conditionsMatch(conditions, () => variablesOf(request));
  if (error === undefined || webhook.failurePolicy === 'Ignore') return matches;
  const { definition, name } = request;
  throw forbidden({ group: definition.group, resource: definition.resource }, name, error);
}

interface Response {
  readonly uid?: unknown;
  readonly allowed?: unknown;
  readonly patch?: unknown;
  readonly patchType?: unknown;
  readonly warnings?: unknown;
  readonly status?: unknown;
}

/** Why a webhook's answer counts for nothing. */
function readResponse(answer: unknown, version: string, uid: string): Response {
  const apiVersion = `admission.k8s.io/${version}`;
  if (!isJsonObject(answer)) throw new Error('the answer is no AdmissionReview');
  if (answer['kind'] !== 'AdmissionReview' || answer['apiVersion'] !== apiVersion) {
    throw new Error(
      `expected webhook response of ${apiVersion}, Kind=AdmissionReview, got ${String(answer['apiVersion'] ?? '')}, Kind=${String(answer['kind'] ?? '')}`,
    );
  }
  const { response } = answer;
  if (!isJsonObject(response)) throw new Error('webhook response was absent');
  if (version === 'v1' && response['uid'] !== uid)
    throw new Error(`expected response.uid="${uid}", got "${String(response['uid'] ?? '')}"`);
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

/** Puts what a webhook made of the object in its place; whoever holds the draft or its metadata sees it. */
function replaceContents(target: object, source: object): void {
  for (const key of Object.keys(target))
    if (!Object.hasOwn(source, key)) delete (target as Record<string, unknown>)[key];
  Object.assign(target, source);
}

function takePatched({ object, definition }: AdmissionRequest, patched: KubeObject): void {
  const { metadata } = object;
  const { name, namespace, uid } = metadata;
  if (definition.custom === undefined) {
    const { error } = validateShape(definition.schema, patched);
    if (error !== undefined) throw new Error(error);
    applyScalarDefaults(definition.schema, patched);
  } else definition.custom.shape(patched);
  replaceContents(metadata, patched.metadata);
  // What tells an object apart is not for webhooks to change.
  Object.assign(metadata, { name, uid, resourceVersion: undefined });
  if (namespace !== undefined) metadata.namespace = namespace;
  replaceContents(object, { ...patched, metadata });
  definition.strategy.defaults?.(object);
}

function decodePatch(patch: unknown): unknown {
  const bytes = Uint8Array.from(atob(String(patch)), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export interface WebhookDeps {
  readonly cache: WatchCache;
  readonly caller: WebhookCaller;
}

/** Calls one webhook. Answers its response; undefined where it failed and that is to be ignored. @throws ApiError */
async function call(
  { webhook }: Hook,
  request: AdmissionRequest,
  caller: WebhookCaller,
): Promise<Response | undefined> {
  const { name = '', failurePolicy, sideEffects = '', timeoutSeconds = defaultTimeoutSeconds } = webhook;
  if (request.context.dryRun.length > 0 && !harmless.has(sideEffects))
    throw badRequest(`admission webhook ${goQuote(name)} does not support dry run`);
  const version =
    (webhook.admissionReviewVersions ?? []).find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
  const uid = request.context.random.uuid();
  try {
    const review = {
      kind: 'AdmissionReview',
      apiVersion: `admission.k8s.io/${version}`,
      request: admissionRequest(request, uid),
    };
    const config = webhook.clientConfig as WebhookClientConfig;
    const answer = await caller.call(config, review, { timeoutMs: timeoutSeconds * 1_000 });
    return readResponse(answer, version, uid);
  } catch (error) {
    if (failurePolicy === 'Ignore') return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw internalError(new Error(`failed calling webhook ${goQuote(name)}: failed to call webhook: ${why}`));
  }
}

/** Passes on what the webhook has to say. @throws ApiError where it says no */
function heed({ webhook }: Hook, response: Response, { context }: AdmissionRequest): void {
  if (Array.isArray(response.warnings)) for (const text of response.warnings) context.warn(String(text));
  if (response.allowed !== true) throw denial(webhook.name ?? '', response.status);
}

/** Kubernetes' MutatingAdmissionWebhook: webhooks change what is written, one after the other. */
export function mutatingWebhooks({ cache, caller }: WebhookDeps): AdmissionPlugin {
  const all = hooksOf(cache, 'mutatingwebhookconfigurations');

  async function run(hook: Hook, request: AdmissionRequest): Promise<boolean> {
    const response = await call(hook, request, caller);
    if (response === undefined) return false;
    heed(hook, response, request);
    if (response.patch === undefined || response.patch === null) return false;
    // There is nothing to change in what goes, nor is it told to whom a connection leads.
    if (request.operation === 'DELETE' || request.operation === 'CONNECT') return false;
    const before = shownObject(request);
    try {
      if (response.patchType !== 'JSONPatch')
        throw new Error('webhook returned response.patch but not response.patchType');
      const patched = applyJsonPatch(before, decodePatch(response.patch));
      if (deepEqual(patched, before)) return false;
      takePatched(request, patched);
      return true;
    } catch (error) {
      throw internalError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async function runAll(hooks: readonly Hook[], request: AdmissionRequest): Promise<void> {
    const again = new Set<Hook>();
    const done: Hook[] = [];
    for (const hook of hooks) {
      if (!concerned(hook, request)) continue;
      const changed = await run(hook, request);
      // Those that were asked before may want to see what others made of it.
      if (changed) for (const one of done) again.add(one);
      if ((hook.webhook as MutatingWebhook).reinvocationPolicy === 'IfNeeded') done.push(hook);
    }
    for (const hook of again) if (concerned(hook, request)) await run(hook, request);
  }

  return {
    name: 'MutatingAdmissionWebhook',
    connects: true,
    handles: (definition) => !concernsAdmission({ definition }),
    admit(request) {
      const hooks = all();
      return hooks.length === 0 ? undefined : runAll(hooks, request);
    },
  };
}

/** Kubernetes' ValidatingAdmissionWebhook: webhooks refuse what is written; all are asked at once. */
export function validatingWebhooks({ cache, caller }: WebhookDeps): AdmissionPlugin {
  const all = hooksOf(cache, 'validatingwebhookconfigurations');

  async function runAll(hooks: readonly Hook[], request: AdmissionRequest): Promise<void> {
    const asked = hooks.filter((hook) => concerned(hook, request));
    const answers = await Promise.allSettled(asked.map((hook) => call(hook, request, caller)));
    answers.forEach((answer, index) => {
      if (answer.status === 'rejected') throw answer.reason;
      if (answer.value !== undefined) heed(asked[index]!, answer.value, request);
    });
  }

  return {
    name: 'ValidatingAdmissionWebhook',
    connects: true,
    handles: (definition) => !concernsAdmission({ definition }),
    validate(request) {
      const hooks = all();
      return hooks.length === 0 ? undefined : runAll(hooks, request);
    },
  };
}
