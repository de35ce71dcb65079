import type { MatchResources, ParamKind, ParamRef } from '@drydock/api/admissionregistration/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../../registry/types.ts';
import type { WatchCache } from '../../watch-cache/index.ts';
import { matchedBy, namespaceMatches, objectMatches, type DispatchRule } from '../dispatch-rules.ts';
import type { Equivalents } from '../equivalents.ts';
import type { AdmissionRequest } from '../types.ts';
import { collectParams, ConfigurationError, paramDefinition } from './params.ts';

/** What policies of both kinds have in common. */
export interface PolicyObject extends KubeObject {
  readonly spec?: {
    readonly failurePolicy?: string;
    readonly paramKind?: ParamKind;
    readonly matchConstraints?: MatchResources;
  };
}

/** What bindings of both kinds have in common. */
export interface BindingObject extends KubeObject {
  readonly spec?: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
  };
}

/** A policy, what was compiled of it, and where it holds. */
export interface Bound<P extends PolicyObject, B extends BindingObject, C> {
  readonly policy: P;
  readonly compiled: C;
  readonly bindings: readonly B[];
}

export interface PolicySource<P extends PolicyObject, C> {
  readonly policies: string;
  readonly bindings: string;
  compile(policy: P): C;
}

const group = 'admissionregistration.k8s.io';

function byName(a: KubeObject, b: KubeObject): number {
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}

/** The policies that are bound to anything, by name; worked out anew when a policy or a binding changes. */
export function boundPolicies<P extends PolicyObject, B extends BindingObject, C>(
  cache: WatchCache,
  source: PolicySource<P, C>,
): () => readonly Bound<P, B, C>[] {
  let known: readonly Bound<P, B, C>[] | undefined;
  const policies = { group, resource: source.policies };
  const bindings = { group, resource: source.bindings };
  for (const resource of [policies, bindings]) cache.onChange(resource, () => (known = undefined));
  const read = (): Bound<P, B, C>[] => {
    const bound = Map.groupBy(
      cache.items(bindings).map(({ object }) => object as B),
      ({ spec }) => spec?.policyName ?? '',
    );
    return cache
      .items(policies)
      .map(({ object }) => object as P)
      .sort(byName)
      .flatMap((policy) => {
        const own = bound.get(policy.metadata.name ?? '');
        if (own === undefined) return [];
        return [{ policy, compiled: source.compile(policy), bindings: own.sort(byName) }];
      });
  };
  return () => (known ??= read());
}

/** As what the request is matched; undefined where it is not. */
function matches(
  match: MatchResources | undefined,
  request: AdmissionRequest,
  equivalents: Equivalents,
): ResourceDefinition | undefined {
  if (match === undefined) return request.definition;
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = match;
  if (!namespaceMatches(match.namespaceSelector, request)) return undefined;
  if (!objectMatches(match.objectSelector, request)) return undefined;
  const excluded = excludeResourceRules as readonly DispatchRule[];
  if (matchedBy(excluded, matchPolicy, request, equivalents) !== undefined) return undefined;
  if (resourceRules.length === 0) return request.definition;
  return matchedBy(resourceRules as readonly DispatchRule[], matchPolicy, request, equivalents);
}

/** One policy, as one binding and one object of parameters have it, that a request is to pass. */
export interface Invocation<P, B, C> {
  readonly policy: P;
  readonly binding: B;
  readonly compiled: C;
  /** As what the policy knows the request. */
  readonly definition: ResourceDefinition;
  readonly params: KubeObject | null;
}

/** Why a policy cannot be asked. */
export interface Misconfigured<P, B> {
  readonly policy: P;
  readonly binding: B | undefined;
  readonly message: string;
}

export interface PolicyDeps {
  readonly cache: WatchCache;
  /** Where the kinds of parameters are looked up. */
  readonly definitions: () => readonly ResourceDefinition[];
  readonly equivalents: Equivalents;
}

/** The pairs of policies and bindings that match a request; found without waiting, since mostly there are none. */
export function matchingPairs<P extends PolicyObject, B extends BindingObject, C>(
  bound: readonly Bound<P, B, C>[],
  request: AdmissionRequest,
  equivalents: Equivalents,
): readonly (Omit<Invocation<P, B, C>, 'params' | 'binding'> & { readonly bindings: readonly B[] })[] {
  return bound.flatMap(({ policy, compiled, bindings }) => {
    const definition = matches(policy.spec?.matchConstraints, request, equivalents);
    if (definition === undefined) return [];
    const own = bindings.filter(
      ({ spec }) => matches(spec?.matchResources, request, equivalents) !== undefined,
    );
    return own.length === 0 ? [] : [{ policy, compiled, definition, bindings: own }];
  });
}

/** With their parameters, in order. */
export async function invocationsOf<P extends PolicyObject, B extends BindingObject, C>(
  pairs: ReturnType<typeof matchingPairs<P, B, C>>,
  { namespace, definition: asked }: AdmissionRequest,
  { cache, definitions }: PolicyDeps,
): Promise<readonly (Invocation<P, B, C> | Misconfigured<P, B>)[]> {
  const all: (Invocation<P, B, C> | Misconfigured<P, B>)[] = [];
  const failed = (policy: P, binding: B | undefined, error: unknown): void => {
    if (!(error instanceof ConfigurationError)) throw error;
    const what = binding === undefined ? 'policy' : 'binding';
    all.push({ policy, binding, message: `failed to configure ${what}: ${error.message}` });
  };
  for (const { policy, compiled, definition, bindings } of pairs) {
    const { paramKind } = policy.spec ?? {};
    let kind: ResourceDefinition | undefined;
    try {
      if (paramKind !== undefined) kind = paramDefinition(paramKind, definitions());
    } catch (error) {
      failed(policy, undefined, error);
      continue;
    }
    for (const binding of bindings) {
      const ref = binding.spec?.paramRef;
      try {
        const where = asked.namespaced ? namespace : undefined;
        const params =
          kind === undefined || ref === undefined ? [null] : await collectParams(kind, ref, where, cache);
        for (const one of params) all.push({ policy, binding, compiled, definition, params: one });
      } catch (error) {
        failed(policy, binding, error);
      }
    }
  }
  return all;
}
