import type { KubeObject } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue, required } from '@drydock/base/apimachinery';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import type { VirtualClock } from '@drydock/base/clock';
import { silentLogger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import type { Transport } from '@drydock/port/transport';
import { createMemoryStore } from '@drydock/store-memory';
import type { AdmissionPlugin } from '../admission/index.ts';
import { createAdmission } from '../admission/index.ts';
import type { WatchCache, WatchCacheOptions } from '../watch-cache/index.ts';
import { createWatchCache } from '../watch-cache/index.ts';
import type { Registry, ResourceDefinition } from './index.ts';
import { createInProcessTransport, createRegistry } from './index.ts';

export interface Widget extends KubeObject {
  spec?: { size?: number; color?: string; replicas?: number; nodeName?: string; parts?: string[] };
  status?: { phase?: string; replicas?: number };
}

export interface Note extends KubeObject {
  data?: Record<string, string>;
}

/** A namespaced kind with everything: status, scale, generations, grace, validation, selectable fields. */
export const widgets: ResourceDefinition<Widget> = {
  group: 'example.io',
  version: 'v1',
  kind: 'Widget',
  resource: 'widgets',
  singular: 'widget',
  namespaced: true,
  schema: 'test.Widget',
  status: true,
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selector: () => ({ matchLabels: { app: 'widget' } }),
  },
  selectableFields: {
    'spec.nodeName': (widget) => widget.spec?.nodeName ?? '',
    'spec.color': (widget) => widget.spec?.color ?? '',
  },
  strategy: {
    defaults(widget) {
      widget.spec ??= {};
      widget.spec.color ??= 'red';
    },
    prepareForCreate(widget) {
      widget.status = { phase: 'Pending' };
    },
    validate(widget) {
      const size = widget.spec?.size;
      if (size === undefined) return [required(fieldPath('spec', 'size'))];
      return size < 0
        ? [invalidValue(fieldPath('spec', 'size'), size, 'must be greater than or equal to 0')]
        : [];
    },
    validateUpdate(widget, old) {
      return widget.spec?.color === old.spec?.color
        ? []
        : [invalidValue(fieldPath('spec', 'color'), widget.spec?.color, 'field is immutable')];
    },
    gracePeriodSeconds(widget, asked) {
      if (!widget.spec?.nodeName) return 0;
      return asked ?? 30;
    },
    returnDeletedObject: true,
  },
};

/** A plain namespaced kind. */
export const notes: ResourceDefinition<Note> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  singular: 'configmap',
  namespaced: true,
  schema: 'k8s.io.api.core.v1.ConfigMap',
  strategy: {},
};

export const namespaces: ResourceDefinition = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  singular: 'namespace',
  namespaced: false,
  schema: 'k8s.io.api.core.v1.Namespace',
  status: true,
  strategy: {},
};

/** A cluster-scoped kind that PUT creates and that wants versions. */
export const leases: ResourceDefinition = {
  group: 'example.io',
  version: 'v1',
  kind: 'Slot',
  resource: 'slots',
  singular: 'slot',
  namespaced: false,
  schema: 'test.Slot',
  strategy: { allowCreateOnUpdate: true, allowUnconditionalUpdate: false, generation: false },
};

export interface TestServer {
  store: Store;
  cache: WatchCache;
  registry: Registry;
  clock: VirtualClock;
  transport: Transport;
  warnings: string[];
  stop(): Promise<void>;
}

/** A registry over the memory store with small definitions of its own. */
export async function startRegistry(
  options: {
    definitions?: readonly ResourceDefinition[];
    plugins?: readonly AdmissionPlugin[];
    cache?: Partial<WatchCacheOptions>;
    store?: Store;
  } = {},
): Promise<TestServer> {
  const clock = createVirtualClock({ startMs: Date.parse('2026-01-01T00:00:00Z') });
  const random = createSeededRandom(1);
  const store = options.store ?? createMemoryStore();
  const cache = createWatchCache({ store, clock, logger: silentLogger, ...options.cache });
  const definitions = options.definitions ?? ([widgets, notes, namespaces, leases] as ResourceDefinition[]);
  const registry = createRegistry({
    definitions,
    store,
    cache,
    clock,
    random,
    admission: createAdmission(options.plugins ?? []),
  });
  await cache.start();
  return {
    store,
    cache,
    registry,
    clock,
    transport: createInProcessTransport(registry, { name: 'tester', groups: [] }),
    warnings: [],
    async stop() {
      await cache.stop();
      await store.close();
    },
  };
}
