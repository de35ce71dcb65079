import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceRef } from '@drydock/port/transport';
import type { AdmissionChain, AdmissionRequest, Operation } from '../admission/index.ts';
import type { Environment, Scope } from './environment.ts';
import type { Served } from './served.ts';

/** A write's passage through admission. */
export interface Passage {
  readonly chain: AdmissionChain;
  readonly request: AdmissionRequest;
  /** Tells the plugins that the write is over. Idempotent. */
  settle(committed: boolean): void;
}

/** Undefined when no plugin takes part. */
export function enterAdmission(
  env: Environment,
  served: Served,
  subresource: string,
  operation: Operation,
  object: KubeObject,
  old: KubeObject | undefined,
  scope: Scope,
  posted?: Partial<Pick<AdmissionRequest, 'kind' | 'name' | 'options'>>,
): Passage | undefined {
  const chain = env.admission.chain(served.definition, subresource, operation);
  if (chain === undefined) return undefined;
  let callbacks: ((committed: boolean) => void)[] = [];
  const { name = '', namespace } = object.metadata;
  return {
    chain,
    request: {
      operation,
      definition: served.definition,
      subresource,
      namespace,
      name,
      object,
      old,
      context: scope,
      ...posted,
      onSettled(callback) {
        callbacks.push(callback);
      },
    },
    settle(committed) {
      const due = callbacks;
      callbacks = [];
      for (const callback of due) callback(committed);
    },
  };
}

/** Whether a client may be connected. @throws ApiError */
export async function admitConnection(
  env: Environment,
  served: Served,
  { namespace, name = '', subresource = '' }: ResourceRef,
  { kind, ...options }: { readonly kind: string } & Readonly<Record<string, unknown>>,
  scope: Scope,
): Promise<void> {
  const { group, version } = served.definition;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const object: KubeObject = { kind, apiVersion: served.apiVersion, metadata, ...options };
  const posted = { kind: { group, version, kind }, name };
  const passage = enterAdmission(env, served, subresource, 'CONNECT', object, undefined, scope, posted);
  if (passage === undefined) return;
  let admitted = false;
  try {
    await passage.chain.admit(passage.request);
    await passage.chain.validate(passage.request);
    admitted = true;
  } finally {
    passage.settle(admitted);
  }
}
