import { isNotFound, joinKey, objectKey, ownerReferenceTo } from '@drydock/base/apimachinery';
import { Endpoints, Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { isNamespaceTerminating } from '../shared/index.ts';
import { mirroringEvents } from './events.ts';
import {
  managedBy,
  managedByLabel,
  mirroredSlices,
  planMirror,
  serviceNameLabel,
  shouldMirror,
  sliceMetadata,
} from './mirror.ts';

const name = 'endpointslice-mirroring-controller';

const byService = {
  name: 'mirrored-service',
  values: ({ metadata }: EndpointSlice): readonly string[] =>
    metadata.labels?.[managedByLabel] === managedBy
      ? [joinKey(metadata.namespace, metadata.labels[serviceNameLabel] ?? '')]
      : [],
};

/** `endpointslice-mirroring-controller`: EndpointSlices for Endpoints that somebody keeps by hand. */
export const createEndpointSliceMirroringController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const services = informers.informer(Service);
  const endpoints = informers.informer(Endpoints);
  const slices = informers.informer(EndpointSlice, { indexers: { [byService.name]: byService.values } });

  const events = mirroringEvents(createEventRecorder(client, name, deps));

  async function remove(slice: EndpointSlice): Promise<void> {
    const { name: sliceName = '', namespace = '', uid = '' } = slice.metadata;
    try {
      await client.resource(EndpointSlice).namespace(namespace).delete(sliceName, { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return createController(
    {
      name,
      sources: [
        source(Endpoints, (object) => [objectKey(object)]),
        source(Service, (service) => [objectKey(service)]),
        source(EndpointSlice, (slice) => byService.values(slice)),
      ],
      async reconcile(key) {
        const object = endpoints.get(key);
        const present = slices.byIndex(byService.name, key);
        if (object === undefined || !shouldMirror(object, services.get(key))) {
          for (const slice of present) await remove(slice);
          return;
        }
        // A slice that we made a moment ago may not be in the cache yet; a second one would stay.
        const { namespace = '', name: serviceName = '' } = object.metadata;
        const resource = client.resource(EndpointSlice).namespace(namespace);
        const metadata = sliceMetadata(object);
        const { slices: wanted, ...left } = mirroredSlices(object);
        events.leftOut(object, left);
        let plan = planMirror(wanted, present, metadata);
        if (plan.write.some(({ existing }) => existing === undefined)) {
          const labelSelector = `${serviceNameLabel}=${serviceName},${managedByLabel}=${managedBy}`;
          plan = planMirror(wanted, (await resource.list({ labelSelector })).items, metadata);
        }
        for (const { existing, slice } of plan.write) {
          if (existing !== undefined) {
            await resource.update({ ...existing, ...slice, metadata: { ...existing.metadata, ...metadata } });
            continue;
          }
          const ownerReferences = [
            ownerReferenceTo(object, Endpoints, { controller: true, blockOwnerDeletion: true }),
          ];
          try {
            await resource.create({
              metadata: { generateName: `${serviceName}-`, namespace, ...metadata, ownerReferences },
              ...slice,
            });
          } catch (error) {
            if (!isNamespaceTerminating(error)) throw error;
          }
        }
        for (const slice of plan.remove) await remove(slice);
      },
    },
    deps,
  );
};
