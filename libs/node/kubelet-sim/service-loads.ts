import { Pod, Service } from '@drydock/api/core/v1';
import { selectorFromSet } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import { byNamespace, type InformerFactory } from '@drydock/machinery/informer';
import type { SharedLoad } from '../usage/index.ts';

/** The loads of Services, by the Pods that share them. */
export interface ServiceLoads {
  of(pod: Pod): readonly SharedLoad[];
}

const isLoad = /^drydock\.dev\/(cpu|memory)-load$/;
/** A count of ready Pods is good for this long: one reading of a node asks for it often. */
const freshMs = 100;

function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status?.phase === 'Running' &&
    pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}

export function createServiceLoads(informers: InformerFactory, clock: Clock): ServiceLoads {
  const pods = informers.informer(Pod, { indexers: { [byNamespace.name]: byNamespace.values } });
  const services = informers.informer(Service);
  const loaded = new Map<string, Map<string, Service>>();
  const counts = new Map<string, { readonly atMs: number; readonly readyPods: number }>();
  const put = (service: Service, gone = false) => {
    const { namespace = '', name = '', annotations = {} } = service.metadata;
    const there = loaded.get(namespace) ?? new Map<string, Service>();
    if (!gone && Object.keys(annotations).some((key) => isLoad.test(key))) there.set(name, service);
    else there.delete(name);
    if (there.size === 0) loaded.delete(namespace);
    else loaded.set(namespace, there);
  };
  services.addHandler({
    added: (one) => put(one),
    updated: (one) => put(one),
    deleted: (one) => put(one, true),
  });

  function readyPods(
    service: Service,
    matches: (labels: Record<string, string> | undefined) => boolean,
  ): number {
    const { namespace = '', uid = '' } = service.metadata;
    const nowMs = clock.now();
    const known = counts.get(uid);
    if (known !== undefined && nowMs - known.atMs < freshMs && nowMs >= known.atMs) return known.readyPods;
    const count = pods
      .byIndex(byNamespace.name, namespace)
      .filter((pod) => matches(pod.metadata.labels) && isReady(pod)).length;
    counts.set(uid, { atMs: nowMs, readyPods: count });
    return count;
  }

  return {
    of(pod) {
      const there = loaded.get(pod.metadata.namespace ?? '');
      if (there === undefined) return [];
      const found: SharedLoad[] = [];
      for (const service of there.values()) {
        const set = service.spec?.selector;
        if (set === undefined || Object.keys(set).length === 0) continue;
        const selector = selectorFromSet(set);
        if (!selector.matches(pod.metadata.labels)) continue;
        found.push({
          service,
          readyPods: readyPods(service, (labels) => selector.matches(labels)),
          ready: isReady(pods.get(`${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`) ?? pod),
        });
      }
      return found;
    },
  };
}
