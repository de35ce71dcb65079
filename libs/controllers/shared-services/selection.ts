import { objectKey } from '@drydock/base/apimachinery';
import { Pod, Service } from '@drydock/api/core/v1';
import type { ControllerDeps } from '@drydock/machinery/controller';
import { byLabel, byNode, labelKey, type Informer } from '@drydock/machinery/informer';
import { isPodReady, isPodTerminal } from '../shared/index.ts';

/** Index name and function: Services under one pair of their selector, which every Pod of theirs must carry. */
const bySelector = {
  name: 'selector',
  values: (service: Service): readonly string[] => {
    const [pair] = Object.entries(service.spec?.selector ?? {});
    return pair ? [labelKey(service.metadata.namespace ?? '', ...pair)] : [];
  },
};

/** Services and their Pods, found from either side by indexes. */
export interface ServiceSelection {
  readonly services: Informer<Service>;
  /** Pods that the Service selects, whatever their state; none where it has no selector. */
  podsOf(service: Service): Pod[];
  /** Keys of the Services whose endpoints a change of this Pod may touch. */
  servicesOf(pod: Pod, change: { previous?: Pod; deleted: boolean }): string[];
  /** Keys of the Services that select Pods of this node. */
  servicesOn(nodeName: string): string[];
}

export function createServiceSelection({ informers }: ControllerDeps): ServiceSelection {
  const services = informers.informer(Service, { indexers: { [bySelector.name]: bySelector.values } });
  const pods = informers.informer(Pod, {
    indexers: { [byLabel.name]: byLabel.values, [byNode.name]: byNode.values },
  });

  const selecting = (pod: Pod, into: Set<string>) => {
    const { labels, namespace = '' } = pod.metadata;
    for (const [key, value] of Object.entries(labels ?? {})) {
      for (const service of services.byIndex(bySelector.name, labelKey(namespace, key, value))) {
        if (selects(service, labels)) into.add(objectKey(service));
      }
    }
  };

  return {
    services,
    podsOf(service) {
      const [pair] = Object.entries(service.spec?.selector ?? {});
      if (!pair) return [];
      const candidates = pods.byIndex(byLabel.name, labelKey(service.metadata.namespace ?? '', ...pair));
      return candidates.filter((pod) => selects(service, pod.metadata.labels));
    },
    servicesOf(pod, { previous }) {
      const found = new Set<string>();
      if (!previous) selecting(pod, found);
      else if (podProjection(pod) !== podProjection(previous)) {
        selecting(pod, found);
        selecting(previous, found);
      } else if (!sameLabels(pod.metadata.labels, previous.metadata.labels)) {
        const before = new Set<string>();
        selecting(pod, found);
        selecting(previous, before);
        // What selected it before and does now sees no difference.
        for (const key of before) {
          if (found.has(key)) found.delete(key);
          else found.add(key);
        }
      }
      return [...found];
    },
    servicesOn(nodeName) {
      const found = new Set<string>();
      for (const pod of pods.byIndex(byNode.name, nodeName)) selecting(pod, found);
      return [...found];
    },
  };
}

function selects(service: Service, labels: Record<string, string> | undefined): boolean {
  for (const [key, value] of Object.entries(service.spec?.selector ?? {}))
    if (labels?.[key] !== value) return false;
  return true;
}

function sameLabels(a: Record<string, string> = {}, b: Record<string, string> = {}): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Everything about a Pod that an endpoint shows. */
function podProjection(pod: Pod): string {
  const { spec, status, metadata } = pod;
  const ips = status?.podIPs?.map(({ ip }) => ip).join(',') ?? status?.podIP ?? '';
  const flags = `${isPodReady(pod)}${isPodTerminal(pod)}${Boolean(metadata.deletionTimestamp)}`;
  return `${ips}|${spec?.nodeName ?? ''}|${spec?.hostname ?? ''}|${spec?.subdomain ?? ''}|${flags}`;
}
