import type { ValidatingAdmissionPolicy } from '@drydock/api/admissionregistration/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import type { ResourceDefinition } from '../../registry/types.ts';
import { createSerialWrites } from '../../serial-writes/index.ts';
import type { WatchCache } from '../../watch-cache/index.ts';
import { expressionWarnings } from './type-checking.ts';

const policies = { group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicies' };
const fieldManager = 'validatingadmissionpolicy-status';

export interface TypeCheckDeps {
  readonly cache: WatchCache;
  readonly transport: Transport;
  readonly definitions: () => readonly ResourceDefinition[];
  readonly logger: Logger;
}

/**
 * Kubernetes' validatingadmissionpolicy-status-controller, which lives where the expressions are known: the status of each
 * policy tells what its types say of its expressions, once for each generation. Returns its end.
 */
export function followPolicyTypes({
  cache,
  transport,
  definitions,
  logger,
}: TypeCheckDeps): () => Promise<void> {
  let stopped = false;

  async function settle(name: string): Promise<void> {
    const policy = cache.peek(policies, name)?.object as ValidatingAdmissionPolicy | undefined;
    if (policy === undefined || stopped) return;
    const { generation = 0 } = policy.metadata;
    if (generation <= Number(policy.status?.observedGeneration ?? 0)) return;
    const warnings = expressionWarnings(policy, definitions());
    const typeChecking = warnings.length === 0 ? {} : { expressionWarnings: warnings };
    const body = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      status: { observedGeneration: generation, typeChecking },
    } as unknown as KubeObject;
    const ref = { ...policies, version: 'v1', name, subresource: 'status' };
    await transport.patch(ref, { type: 'apply', body }, { fieldManager, force: true });
  }

  const writes = createSerialWrites(settle, (name, err) =>
    logger.warn('the types of a policy could not be told', { policy: name, err }),
  );

  for (const { object } of cache.items(policies)) writes.enqueue(object.metadata.name ?? '');
  const unfollow = cache.onChange(policies, ({ current }) => {
    if (current !== undefined) writes.enqueue(current.object.metadata.name ?? '');
  });
  return async () => {
    stopped = true;
    unfollow();
    await writes.idle();
  };
}
