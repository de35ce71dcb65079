import { IPAddress, ServiceCIDR } from '@drydock/api/networking/v1';
import { formatTime, isNotFound, parseTime } from '@drydock/base/apimachinery';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { setFinalizer } from '../shared-volumes/index.ts';
import { holds, mayGo, overlaps } from './coverage.ts';

const name = 'service-cidr-controller';
const finalizer = 'networking.k8s.io/service-cidr-finalizer';
/** API servers stop to take addresses from a range that goes; until all of them know, it stays. */
const graceMs = 10_000;

const ready = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
const terminating = {
  type: 'Ready',
  status: 'False',
  reason: 'Terminating',
  message:
    'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

/** `service-cidr-controller`: says which ranges are ready, and keeps one that is deleted while Services need it (KEP-1880). */
export const createServiceCidrController: ControllerFactory = (deps) => {
  const { client, informers, clock } = deps;
  const ranges = informers.informer(ServiceCIDR);
  const addresses = informers.informer(IPAddress);
  const recorder = createEventRecorder(client, name, deps);
  const keysWhere = (found: (range: ServiceCIDR) => boolean) =>
    ranges
      .list()
      .filter(found)
      .map(({ metadata }) => metadata.name ?? '');

  async function say(range: ServiceCIDR, condition: typeof ready): Promise<void> {
    const { name: key = '' } = range.metadata;
    const before = range.status?.conditions?.find(({ type }) => type === 'Ready');
    const { status, reason, message } = condition;
    if (before?.status === status && (before.reason ?? '') === reason && before.message === message) return;
    const lastTransitionTime =
      before?.status === status && before.lastTransitionTime !== undefined
        ? before.lastTransitionTime
        : formatTime(clock.now());
    const others = (range.status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
    const body = { status: { conditions: [...others, { ...condition, lastTransitionTime }] } };
    try {
      await client.resource(ServiceCIDR).patch(key, { type: 'merge', body }, { subresource: 'status' });
    } catch (error) {
      if (isNotFound(error)) return;
      if (status === 'True')
        recorder.event(
          range,
          'Warning',
          'KubernetesServiceCIDRError',
          'The ServiceCIDR Status can not be set to Ready=True',
        );
      throw error;
    }
  }

  return createController(
    {
      name,
      sources: [
        // Another range may take over the addresses of one that waits to go, or leave them to it.
        source(ServiceCIDR, (changed) => [
          changed.metadata.name ?? '',
          ...keysWhere((range) => overlaps(range, changed)),
        ]),
        source(IPAddress, (address) => keysWhere((range) => holds(range, address))),
      ],
      async reconcile(key) {
        const range = ranges.get(key);
        if (range === undefined) return;
        const { deletionTimestamp } = range.metadata;
        if (deletionTimestamp === undefined) {
          await setFinalizer(client, ServiceCIDR, range, finalizer, true);
          await say(range, ready);
          return;
        }
        if (!mayGo(range, ranges.list(), addresses.list())) {
          await say(range, terminating);
          return;
        }
        const leftMs = parseTime(deletionTimestamp) + graceMs - clock.now();
        if (leftMs > 0) return { requeueAfterMs: leftMs };
        await setFinalizer(client, ServiceCIDR, range, finalizer, false);
      },
    },
    deps,
  );
};
