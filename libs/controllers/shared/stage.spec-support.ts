import {
  applyMergePatch,
  applyStrategicMergePatch,
  cloneJson,
  notFound,
  type KubeObject,
  type ResourceType,
} from '@drydock/base/apimachinery';
import { createSeededRandom, createVirtualClock, type VirtualClock } from '@drydock/base/clock';
import { kinds, lookupSchema } from '@drydock/api/scheme';
import { createClient } from '@drydock/machinery/client';
import type { ControllerDeps, ControllerFactory } from '@drydock/machinery/controller';
import { createInformerFactory } from '@drydock/machinery/informer';
import { silentLogger, type Logger } from '@drydock/port/observability';
import type { Patch, ResourceRef, Transport, WatchEvent } from '@drydock/port/transport';
import { createCountingMetrics, type CountingMetrics } from './counting-metrics.spec-support.ts';

export interface Write {
  readonly verb: 'create' | 'update' | 'patch' | 'delete';
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  /** The object, or the body of the patch; of a deletion its options. */
  readonly body: unknown;
}

export interface StageOptions {
  readonly startMs?: number;
  /** What a write fails with. */
  refuse?(write: Write): Error | undefined;
}

/**
 * A stage on which a loop makes one pass: its caches show what was put there, however impossible, its writes are noted and
 * answered, and nothing of them comes back to the caches. What a table of a loop's own decisions is played on.
 */
export interface Stage {
  readonly clock: VirtualClock;
  readonly deps: ControllerDeps;
  /** Without Events. */
  readonly writes: Write[];
  /** `type reason message` of each Event. */
  readonly events: string[];
  readonly errors: string[];
  /** Shows an object to the caches: a new one, or the next state of a known one. */
  put<T extends KubeObject>(type: ResourceType<T>, object: T): void;
  remove<T extends KubeObject>(type: ResourceType<T>, object: T): void;
  /** Keeps what is put from now on from the caches: only the second list and later ones show it. */
  hide(type: ResourceType): void;
  /** What a live read answers, where it is not what the caches show; undefined: there is none. */
  live<T extends KubeObject>(type: ResourceType<T>, name: string, object: T | undefined): void;
  /** Starts a loop and lets it do what it can without time passing. */
  play(factory: ControllerFactory): Promise<void>;
  settle(): Promise<void>;
  /** Writes as `verb resource[/subresource] name`, in order. */
  told(): string[];
  readonly counted: CountingMetrics['counted'];
  readonly summed: CountingMetrics['summed'];
  readonly measured: CountingMetrics['measured'];
  stop(): Promise<void>;
}

interface Watcher {
  readonly resource: string;
  readonly queue: WatchEvent[];
  wake(): void;
}

export function createStage(options: StageOptions = {}): Stage {
  const clock = createVirtualClock({ startMs: options.startMs ?? Date.parse('2026-01-01T00:00:00Z') });
  const random = createSeededRandom(7);
  const shown = new Map<string, Map<string, KubeObject>>();
  const hidden = new Map<string, ReadonlySet<string>>();
  const lives = new Map<string, KubeObject | undefined>();
  const watchers = new Set<Watcher>();
  const log: { readonly where: string; readonly event: WatchEvent }[] = [];
  const writes: Write[] = [];
  const events: string[] = [];
  const errors: string[] = [];
  const stopper = new AbortController();
  const running: Promise<void>[] = [];
  let revision = 100;

  const logger: Logger = {
    ...silentLogger,
    error: (message, fields) => void errors.push(`${message}: ${String(fields?.['err'])}`),
    child: () => logger,
  };
  const place = ({ group, resource }: { group: string; resource: string }) => `${group}/${resource}`;
  const nameOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const all = (where: string) => {
    const known = shown.get(where) ?? new Map<string, KubeObject>();
    shown.set(where, known);
    return known;
  };
  const tell = (where: string, event: WatchEvent) => {
    log.push({ where, event });
    for (const watcher of watchers) {
      if (watcher.resource !== where) continue;
      watcher.queue.push(event);
      watcher.wake();
    }
  };
  const numbered = <T extends KubeObject>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(++revision) },
  });

  const find = (ref: ResourceRef): KubeObject => {
    const live = `${place(ref)}/${ref.name}`;
    const object = lives.has(live)
      ? lives.get(live)
      : all(place(ref)).get(`${ref.namespace ?? ''}/${ref.name ?? ''}`);
    if (object === undefined) throw notFound(ref, ref.name ?? '');
    return object;
  };
  /** Notes a write; Events apart. */
  const note = (verb: Write['verb'], ref: ResourceRef, name: string, body: unknown) => {
    const { resource, subresource, namespace } = ref;
    if (resource === 'events') {
      const { type, reason, message } = body as { type?: string; reason?: string; message?: string };
      if (verb === 'create') events.push(`${type} ${reason} ${message}`);
      return;
    }
    const write: Write = { verb, resource, subresource, namespace, name, body };
    writes.push(write);
    const refusal = options.refuse?.(write);
    if (refusal !== undefined) throw refusal;
  };
  const patched = (ref: ResourceRef, object: KubeObject, patch: Patch): KubeObject => {
    if (patch.type === 'merge' || patch.type === 'apply') return applyMergePatch(object, patch.body);
    const kind = kinds.find(({ group, resource }) => group === ref.group && resource === ref.resource);
    return applyStrategicMergePatch<KubeObject>(object, patch.body, lookupSchema, kind?.schema ?? '');
  };

  const transport: Transport = {
    get: async (ref) => find(ref),
    async list(ref) {
      const onlyThese = hidden.get(place(ref));
      hidden.delete(place(ref));
      const items = [...all(place(ref)).values()].filter(
        (object) =>
          (ref.namespace === undefined || object.metadata.namespace === ref.namespace) &&
          (onlyThese === undefined || onlyThese.has(nameOf(object))),
      );
      return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: String(revision) }, items };
    },
    async create(ref, object) {
      const name = ref.name ?? object.metadata.name ?? `${object.metadata.generateName}${++revision}`;
      note('create', ref, name, cloneJson(object));
      return numbered({ ...object, metadata: { uid: `made-${++revision}`, ...object.metadata, name } });
    },
    async update(ref, object) {
      note('update', ref, ref.name ?? '', cloneJson(object));
      return numbered(cloneJson(object));
    },
    async patch(ref, patch) {
      note('patch', ref, ref.name ?? '', cloneJson(patch.body));
      return numbered(patched(ref, find(ref), patch));
    },
    async delete(ref, given) {
      note('delete', ref, ref.name ?? '', given);
      return find(ref);
    },
    deleteCollection: () => Promise.reject(new Error('not on this stage')),
    async *watch(ref, { resourceVersion }, signal) {
      let wake = () => {};
      const since = Number(resourceVersion ?? 0);
      const queue = log
        .filter(({ where, event }) => {
          return where === place(ref) && Number(event.object.metadata.resourceVersion) > since;
        })
        .map(({ event }) => event);
      const watcher: Watcher = { resource: place(ref), queue, wake: () => wake() };
      watchers.add(watcher);
      signal.addEventListener('abort', () => wake(), { once: true });
      try {
        while (!signal.aborted) {
          if (watcher.queue.length > 0) yield watcher.queue.splice(0);
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        watchers.delete(watcher);
      }
    },
    close: async () => {},
  };
  const client = createClient(transport);
  const { metrics, counted, summed, measured } = createCountingMetrics();
  const informers = createInformerFactory(client, { clock, random, logger });
  const deps: ControllerDeps = { client, informers, clock, random, logger, metrics };
  const settle = async () => {
    for (let round = 0; round < 12; round++) await clock.advance(0);
  };

  return {
    clock,
    deps,
    writes,
    events,
    errors,
    counted,
    summed,
    measured,
    put(type, object) {
      const next = numbered(object);
      const known = all(place(type)).has(nameOf(next));
      all(place(type)).set(nameOf(next), next);
      tell(place(type), { type: known ? 'MODIFIED' : 'ADDED', object: next });
    },
    remove(type, object) {
      all(place(type)).delete(nameOf(object));
      tell(place(type), { type: 'DELETED', object: numbered(object) });
    },
    hide: (type) => void hidden.set(place(type), new Set(all(place(type)).keys())),
    live: (type, name, object) => void lives.set(`${place(type)}/${name}`, object),
    async play(factory) {
      informers.start();
      running.push(factory(deps).run(stopper.signal));
      await settle();
    },
    settle,
    told: () =>
      writes.map(
        ({ verb, resource, subresource, name }) =>
          `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`} ${name}`,
      ),
    async stop() {
      stopper.abort(new Error('stopped'));
      await Promise.all(running);
      await informers.stop();
    },
  };
}
