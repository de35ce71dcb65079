import { ConfigMap, Pod, Service } from '@drydock/api/core/v1';
import {
  objectKey,
  parseTime,
  selectorFromSet,
  type KubeObject,
  type LabelMatcher,
} from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import { byNamespace, type InformerFactory } from '@drydock/machinery/informer';
import { usageCurve } from '../usage/index.ts';
import { parseDeclarations, type Declaration } from './declared.ts';
import type { Point, Series } from './query.ts';

/** The label of ConfigMaps whose data declares the external metrics of their namespace. */
export const declaringLabel = 'metrics.drydock.dev/declare';
/** `metrics.drydock.dev/<metric>` on an object: its metric, as a usage. */
export const metricAnnotation = 'metrics.drydock.dev/';
/** `load.metrics.drydock.dev/<metric>` on a Service: shared by its ready Pods. */
export const loadAnnotation = 'load.metrics.drydock.dev/';

/** What is declared in the cluster, at a moment. Values are in plain units. */
export interface MetricSources {
  /** Every series of an external metric of a namespace; undefined where none is declared. */
  external(namespace: string, metric: string): readonly Point[] | undefined;
  externalNames(): ReadonlySet<string>;
  /** `pods/<metric>` and `services/<metric>`: what is declared on those. Other kinds are not followed. */
  customNames(): ReadonlySet<string>;
  pods(namespace: string, selector: LabelMatcher): readonly Pod[];
  podMetric(pod: Pod, metric: string): number | undefined;
  objectMetric(object: KubeObject, metric: string): number | undefined;
  ready(): Promise<void>;
}

function isReady({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  );
}

const bornMs = (text: string | null | undefined, nowMs: number) => (text ? parseTime(text) : nowMs);

export function createMetricSources(informers: InformerFactory, clock: Clock): MetricSources {
  const indexers = { [byNamespace.name]: byNamespace.values };
  const pods = informers.informer(Pod, { indexers });
  const services = informers.informer(Service, { indexers });
  const configMaps = informers.informer(ConfigMap);
  interface Declared {
    readonly namespace: string;
    readonly originMs: number;
    readonly all: readonly Declaration[];
  }
  const declared = new Map<string, Declared>();
  const read = (map: ConfigMap) => {
    if (map.metadata.labels?.[declaringLabel] !== 'true') return void declared.delete(objectKey(map));
    declared.set(objectKey(map), {
      namespace: map.metadata.namespace ?? '',
      originMs: bornMs(map.metadata.creationTimestamp, clock.now()),
      all: Object.values(map.data ?? {}).flatMap(parseDeclarations),
    });
  };
  configMaps.addHandler({
    added: read,
    updated: read,
    deleted: (map) => void declared.delete(objectKey(map)),
  });

  function curveAt(text: string | undefined, originMs: number, atMs: number): number | undefined {
    const curve = text === undefined ? undefined : usageCurve(text);
    return curve?.(Math.max(0, atMs - originMs) / 1000);
  }

  function objectMetric({ metadata }: KubeObject, metric: string, atMs = clock.now()): number | undefined {
    return curveAt(
      metadata.annotations?.[`${metricAnnotation}${metric}`],
      bornMs(metadata.creationTimestamp, atMs),
      atMs,
    );
  }

  function podMetric(pod: Pod, metric: string, atMs = clock.now()): number | undefined {
    const { namespace = '', labels, annotations } = pod.metadata;
    const startMs = bornMs(pod.status?.startTime ?? pod.metadata.creationTimestamp, atMs);
    let value = curveAt(annotations?.[`${metricAnnotation}${metric}`], startMs, atMs);
    for (const service of services.byIndex(byNamespace.name, namespace)) {
      const { annotations: given, creationTimestamp } = service.metadata;
      const load = curveAt(given?.[`${loadAnnotation}${metric}`], bornMs(creationTimestamp, atMs), atMs);
      const set = service.spec?.selector;
      if (load === undefined || set === undefined || Object.keys(set).length === 0) continue;
      const selector = selectorFromSet(set);
      if (!selector.matches(labels)) continue;
      const sharing = pods
        .byIndex(byNamespace.name, namespace)
        .filter((one) => selector.matches(one.metadata.labels) && isReady(one)).length;
      value = (value ?? 0) + (isReady(pod) && sharing > 0 ? load / sharing : 0);
    }
    return value;
  }

  function* series(namespace: string, metric: string): Generator<Series> {
    for (const { namespace: its, originMs, all } of declared.values()) {
      if (its !== namespace) continue;
      for (const one of all) {
        if (one.metric !== metric || !('curve' in one)) continue;
        yield { labels: one.labels, at: (atMs) => one.curve(Math.max(0, atMs - originMs) / 1000) };
      }
    }
    for (const pod of pods.byIndex(byNamespace.name, namespace)) {
      if (podMetric(pod, metric) === undefined) continue;
      yield {
        labels: { namespace, pod: pod.metadata.name ?? '' },
        at: (atMs) => podMetric(pod, metric, atMs) ?? 0,
      };
    }
  }

  return {
    objectMetric: (object, metric) => objectMetric(object, metric),
    podMetric: (pod, metric) => podMetric(pod, metric),
    pods: (namespace, selector) =>
      pods.byIndex(byNamespace.name, namespace).filter(({ metadata }) => selector.matches(metadata.labels)),
    externalNames: () =>
      new Set([...declared.values()].flatMap(({ all }) => all.map(({ metric }) => metric))),
    customNames() {
      const names = new Set<string>();
      const add = (object: KubeObject, prefix: string, resource: string) => {
        for (const key of Object.keys(object.metadata.annotations ?? {}))
          if (key.startsWith(prefix)) names.add(`${resource}/${key.slice(prefix.length)}`);
      };
      for (const pod of pods.list()) add(pod, metricAnnotation, 'pods');
      for (const service of services.list()) {
        add(service, metricAnnotation, 'services');
        add(service, loadAnnotation, 'pods');
      }
      return names;
    },
    external(namespace, metric) {
      const nowMs = clock.now();
      let found: Point[] | undefined;
      for (const { namespace: its, originMs, all } of declared.values()) {
        if (its !== namespace) continue;
        for (const one of all) {
          if (one.metric !== metric) continue;
          found ??= [];
          if ('curve' in one) {
            found.push({ labels: one.labels, value: one.curve(Math.max(0, nowMs - originMs) / 1000) });
            continue;
          }
          const value = one.query({ nowMs, series: (name) => series(namespace, name) });
          if (typeof value === 'number') found.push({ labels: {}, value });
          else found.push(...value);
        }
      }
      return found;
    },
    async ready() {
      await Promise.all([pods.waitForSync(), services.waitForSync(), configMaps.waitForSync()]);
    },
  };
}
