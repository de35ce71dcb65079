import type { Container, Pod, ResourceQuota } from '@drydock/api/core/v1';
import {
  addAmounts,
  amountsOf,
  exceeding,
  maskAmounts,
  quotaConcerns,
  quotaEvaluator,
  quotaUsage,
  resourceList,
  subtractAmounts,
  type Amounts,
  type QuotaEvaluator,
} from '@drydock/api/quota';
import type { KubeObject, Quantity } from '@drydock/base/apimachinery';
import { forbidden, isConflict, isNotFound } from '@drydock/base/apimachinery';
import type { Transport } from '@drydock/port/transport';
import type { ResourceDefinition } from '../registry/types.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import type { AdmissionPlugin, AdmissionRequest, Operation } from './types.ts';

const quotas = { group: '', resource: 'resourcequotas' };
const attempts = 8;
/** Of other kinds only the number counts, which an update does not change. */
const changing = new Set(['pods', 'services', 'persistentvolumeclaims']);
const compute = ['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]);
/** Kinds that would make the counting of every object an object to count, or that are no objects. */
const uncounted = new Set(['events', 'leases']);

function takesPart(definition: ResourceDefinition, subresource: string, operation: Operation): boolean {
  const { group, resource, namespaced } = definition;
  if (!namespaced || definition.virtualCreate !== undefined || uncounted.has(resource)) return false;
  if (operation === 'CREATE') return subresource === '';
  if (operation !== 'UPDATE' || group !== '' || !changing.has(resource)) return false;
  return subresource === '' || (resource === 'pods' && subresource === 'resize');
}

/** `cpu for: a,b; memory for: b`: what containers do not name although a quota limits it. */
function unnamed(pod: Pod, names: readonly string[]): string {
  const missing = new Map<string, string[]>();
  const look = ({ name = '', resources }: Container): void => {
    const present = new Set([
      ...Object.keys(resources?.requests ?? {}).flatMap((one) => [one, `requests.${one}`]),
      ...Object.keys(resources?.limits ?? {}).map((one) => `limits.${one}`),
    ]);
    for (const one of names) if (!present.has(one)) missing.set(one, [...(missing.get(one) ?? []), name]);
  };
  for (const container of [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])])
    look(container);
  return [...missing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, containers]) => `${name} for: ${containers.sort().join(',')}`)
    .join('; ');
}

function text(amounts: Amounts, names: readonly string[]): string {
  return [...names]
    .sort()
    .map((name) => `${name}=${amounts.get(name)?.toString() ?? '0'}`)
    .join(',');
}

function refuse({ definition, object }: AdmissionRequest, why: string): never {
  const { group, resource } = definition;
  throw forbidden({ group, resource }, object.metadata.name ?? '', why);
}

/** What the write adds; amounts that become less are not asked about. */
function added(request: AdmissionRequest, evaluator: QuotaEvaluator): Map<string, Quantity> {
  const { object, old, context } = request;
  const now = context.clock.now();
  const usage = evaluator.usage(object, now);
  const delta = old === undefined ? usage : subtractAmounts(usage, evaluator.usage(old, now));
  return new Map([...delta].filter(([, amount]) => amount.sign() > 0));
}

export interface ResourceQuotaDeps {
  readonly cache: WatchCache;
  /** Writes what is used, as the server itself. */
  readonly transport: () => Transport;
}

/** Kubernetes' ResourceQuota: nothing is written that would use more than a namespace may. */
export function resourceQuota({ cache, transport }: ResourceQuotaDeps): AdmissionPlugin {
  /** One after the other in each namespace, so that no two are given the same room. */
  const queues = new Map<string, Promise<void>>();

  /** What is used by now: as the quota says, and counted where it does not say. */
  function usedOf(quota: ResourceQuota, evaluator: QuotaEvaluator, now: number): Map<string, Quantity> {
    const objects = (one: QuotaEvaluator) =>
      cache.items(one.resource, quota.metadata.namespace).map(({ object }): KubeObject => object);
    const told = amountsOf(quota.status?.used);
    const names = evaluator.matching(Object.keys(quota.spec?.hard ?? {}));
    if (names.every((name) => told.has(name))) return told;
    return new Map([...quotaUsage(quota.spec, [evaluator], objects, now), ...told]);
  }

  async function charge(request: AdmissionRequest, name: string, evaluator: QuotaEvaluator): Promise<void> {
    const { namespace = '', context } = request;
    const ref = { ...quotas, version: 'v1', namespace, name };
    for (let attempt = 1; ; attempt++) {
      const quota = (await transport().get(ref)) as ResourceQuota;
      const hard = amountsOf(quota.spec?.hard);
      const names = evaluator.matching([...hard.keys()]);
      const delta = maskAmounts(added(request, evaluator), names);
      if (delta.size === 0) return;
      const used = usedOf(quota, evaluator, context.clock.now());
      const total = new Map(used);
      addAmounts(total, delta);
      const over = exceeding(maskAmounts(total, [...delta.keys()]), hard);
      if (over.length > 0) {
        refuse(
          request,
          `exceeded quota: ${name}, requested: ${text(delta, over)}, used: ${text(used, over)}, limited: ${text(hard, over)}`,
        );
      }
      if (context.dryRun.length > 0) return;
      const status = {
        hard: { ...quota.spec?.hard },
        used: resourceList(maskAmounts(total, [...hard.keys()])),
      };
      try {
        await transport().update({ ...ref, subresource: 'status' }, { ...quota, status } as KubeObject);
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error) || attempt === attempts) throw error;
      }
    }
  }

  async function check(
    request: AdmissionRequest,
    concerned: readonly ResourceQuota[],
    evaluator: QuotaEvaluator,
  ): Promise<void> {
    for (const { spec, metadata } of concerned) {
      const names = evaluator.matching(Object.keys(spec?.hard ?? {}));
      if (request.definition.resource !== 'pods' || request.definition.group !== '') continue;
      const missing = unnamed(
        request.object as Pod,
        names.filter((one) => compute.includes(one)),
      );
      if (missing !== '') refuse(request, `failed quota: ${metadata.name}: must specify ${missing}`);
    }
    for (const { metadata } of concerned) {
      try {
        await charge(request, metadata.name ?? '', evaluator);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  return {
    name: 'ResourceQuota',
    handles: takesPart,
    validate(request) {
      const { namespace = '', definition, object } = request;
      const present = cache.items(quotas, namespace);
      if (present.length === 0) return;
      const evaluator = quotaEvaluator(definition);
      const concerned = present
        .map((item) => item.object as ResourceQuota)
        .filter((quota) => quotaConcerns(quota.spec, evaluator, object));
      if (concerned.length === 0 || added(request, evaluator).size === 0) return;
      const before = queues.get(namespace) ?? Promise.resolve();
      const mine = before.then(() => check(request, concerned, evaluator));
      const settled = mine.catch(() => undefined);
      queues.set(namespace, settled);
      void settled.then(() => {
        if (queues.get(namespace) === settled) queues.delete(namespace);
      });
      return mine;
    },
  };
}
