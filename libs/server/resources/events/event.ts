import type { KubeObject } from '@drydock/base/apimachinery';
import type { Event as CoreEvent } from '@drydock/api/core/v1';
import type { Event } from '@drydock/api/events/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { eventColumns } from '../core/index.ts';

/** Fields of events.k8s.io/v1 that the core Event calls otherwise. */
const renamed: readonly [face: string, stored: string][] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
];

const toStoredName: ReadonlyMap<string, string> = new Map(renamed);
const toFaceName: ReadonlyMap<string, string> = new Map(renamed.map(([face, stored]) => [stored, face]));

function renameFields(
  object: KubeObject,
  apiVersion: string,
  names: ReadonlyMap<string, string>,
): KubeObject {
  const entries = Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value] as const);
  return { ...(Object.fromEntries(entries) as unknown as KubeObject), apiVersion, kind: 'Event' };
}

/** A core Event as events.k8s.io/v1 shows it. */
export function eventFromCore(object: KubeObject): KubeObject {
  return renameFields(object, 'events.k8s.io/v1', toFaceName);
}

/** An events.k8s.io/v1 Event as it is stored: a core Event. */
export function eventToCore(object: KubeObject): KubeObject {
  return renameFields(object, 'v1', toStoredName);
}

/** events.k8s.io/v1 Event: another face of core Events. */
export const eventDefinition: ResourceDefinition<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  schema: 'k8s.io.api.events.v1.Event',
  // Whoever writes through this face is held to its rules by the stored kind, which knows the face of a request.
  strategy: { generation: false, allowCreateOnUpdate: true },
  selectableFields: {
    'regarding.kind': (event) => event.regarding?.kind ?? '',
    'regarding.namespace': (event) => event.regarding?.namespace ?? '',
    'regarding.name': (event) => event.regarding?.name ?? '',
    'regarding.uid': (event) => event.regarding?.uid ?? '',
    'regarding.apiVersion': (event) => event.regarding?.apiVersion ?? '',
    'regarding.resourceVersion': (event) => event.regarding?.resourceVersion ?? '',
    'regarding.fieldPath': (event) => event.regarding?.fieldPath ?? '',
    reason: (event) => event.reason ?? '',
    reportingController: (event) => event.reportingController ?? '',
    type: (event) => event.type ?? '',
  },
  columns: eventColumns.map((column) => ({
    ...column,
    cell: (event, now) => column.cell(eventToCore(event) as CoreEvent, now),
  })),
  storedAs: {
    group: '',
    version: 'v1',
    resource: 'events',
    toStored: eventToCore,
    fromStored: eventFromCore,
  },
};
