import type { Node } from '@drydock/api/core/v1';
import { ResourceSlice } from '@drydock/api/resource/v1';
import { isNotFound, semanticEqual } from '@drydock/base/apimachinery';
import type { ControllerDeps } from '@drydock/machinery/controller';
import { devicesAnnotation, simulatedLabel, simulatedSlices } from '../nodes/index.ts';

/** Plays the drivers of the devices that nodes are annotated with. */
export interface DevicePublisher {
  /** Brings the slices of a node to what its annotation says; costs nothing while that stays as it is. */
  saw(node: Node): void;
  start(): Promise<void>;
  stop(): void;
}

/** Until a write that failed is tried again. */
const retryMs = 1_000;

export function createDevicePublisher({
  client,
  informers,
  clock,
  logger,
}: Pick<ControllerDeps, 'client' | 'informers' | 'clock' | 'logger'>): DevicePublisher {
  const slices = client.resource(ResourceSlice);
  const informer = informers.informer(ResourceSlice);
  /** Nodes as last seen, with what was published for them. */
  const nodes = new Map<string, { node: Node; published: string | undefined; underWay: boolean }>();
  let removeHandler: (() => void) | undefined;
  let running = false;

  async function remove(name: string): Promise<void> {
    try {
      await slices.delete(name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function publish(node: Node): Promise<void> {
    const wanted = new Map(simulatedSlices(node).map((slice) => [slice.metadata.name ?? '', slice]));
    const present = informer
      .list()
      .filter(
        ({ metadata, spec }) =>
          metadata.labels?.[simulatedLabel] === 'true' && spec.nodeName === node.metadata.name,
      );
    for (const { metadata } of present) {
      const name = metadata.name ?? '';
      if (!wanted.has(name)) await remove(name);
    }
    for (const [name, slice] of wanted) {
      const known = present.find(({ metadata }) => metadata.name === name);
      if (known === undefined) await slices.create(slice);
      else if (!semanticEqual(known.spec.devices, slice.spec.devices)) {
        const pool = { ...slice.spec.pool, generation: known.spec.pool.generation + 1 };
        await slices.update({ ...known, spec: { ...slice.spec, pool } });
      }
    }
  }

  function work(name: string): void {
    const entry = nodes.get(name);
    const text = entry?.node.metadata.annotations?.[devicesAnnotation] ?? '';
    if (!running || entry === undefined || entry.underWay || entry.published === text) return;
    entry.underWay = true;
    void publish(entry.node).then(
      () => {
        entry.underWay = false;
        entry.published = text;
        work(name);
      },
      (err: unknown) => {
        entry.underWay = false;
        logger.warn('devices could not be published, trying again', { node: name, err });
        clock.setTimeout(() => work(name), retryMs);
      },
    );
  }

  return {
    saw(node) {
      const name = node.metadata.name ?? '';
      const entry = nodes.get(name);
      if (entry === undefined) nodes.set(name, { node, published: undefined, underWay: false });
      else {
        // Registered anew: what was published for the other went with it.
        if (entry.node.metadata.uid !== node.metadata.uid) entry.published = undefined;
        entry.node = node;
      }
      work(name);
    },
    async start() {
      await informer.waitForSync();
      running = true;
      removeHandler = informer.addHandler({
        deleted({ metadata, spec }) {
          const entry =
            metadata.labels?.[simulatedLabel] === 'true' ? nodes.get(spec.nodeName ?? '') : undefined;
          if (entry === undefined) return;
          entry.published = undefined;
          work(spec.nodeName ?? '');
        },
      });
      for (const name of nodes.keys()) work(name);
    },
    stop() {
      running = false;
      removeHandler?.();
    },
  };
}
