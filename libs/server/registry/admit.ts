import type { KubeObject } from '@drydock/base/apimachinery';
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
  posted?: Pick<AdmissionRequest, 'kind'> & { readonly name: string },
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
