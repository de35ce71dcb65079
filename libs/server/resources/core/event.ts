import type { Event } from '@drydock/api/core/v1';
import type { ResourceDefinition, TableColumn } from '../../registry/types.ts';
import { nameColumn, since, textColumn } from '../common/index.ts';
import { eventCreateErrors, eventUpdateErrors } from './event-errors.ts';

function firstSeen(event: Event, now: number): string {
  return since(event.firstTimestamp || event.eventTime, now);
}

function lastSeen(event: Event, now: number): string {
  // Who reports through events.k8s.io leaves the old times null.
  if (event.series) return since(event.series.lastObservedTime, now);
  return event.lastTimestamp ? since(event.lastTimestamp, now) : firstSeen(event, now);
}

function source(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const host = event.source?.host || event.reportingInstance || '';
  return host === '' ? component : `${component}, ${host}`;
}

/** Both faces of an Event print these. */
export const eventColumns: readonly TableColumn<Event>[] = [
  textColumn('Last Seen', 'Time since it last happened.', lastSeen),
  textColumn('Type', 'Normal or Warning.', (event) => event.type ?? ''),
  textColumn('Reason', 'Why it happened, in one word.', (event) => event.reason ?? ''),
  textColumn('Object', 'What it is about.', (event) => {
    const { kind, name } = event.involvedObject ?? {};
    return name ? `${(kind ?? '').toLowerCase()}/${name}` : (kind ?? '').toLowerCase();
  }),
  textColumn('Subobject', 'Part of the object.', (event) => event.involvedObject?.fieldPath ?? '', 1),
  textColumn('Source', 'Who says so.', source, 1),
  textColumn('Message', 'What happened.', (event) => (event.message ?? '').trim()),
  textColumn('First Seen', 'Time since it first happened.', firstSeen, 1),
  textColumn(
    'Count',
    'How often it happened.',
    (event) => (event.series ? (event.series.count ?? 0) : event.count || 1),
    1,
  ),
  { ...(nameColumn as object), priority: 1 } as never,
];

/** core/v1 Event. */
export const eventDefinition: ResourceDefinition<Event> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.Event',
  strategy: {
    generation: false,
    allowCreateOnUpdate: true,
    validate: (event, { requestVersion }) => eventCreateErrors(event, requestVersion),
    validateUpdate: (event, old, { requestVersion }) => eventUpdateErrors(event, old, requestVersion),
    updatesValidateAlone: true,
  },
  selectableFields: {
    'involvedObject.kind': (event) => event.involvedObject?.kind ?? '',
    'involvedObject.namespace': (event) => event.involvedObject?.namespace ?? '',
    'involvedObject.name': (event) => event.involvedObject?.name ?? '',
    'involvedObject.uid': (event) => event.involvedObject?.uid ?? '',
    'involvedObject.apiVersion': (event) => event.involvedObject?.apiVersion ?? '',
    'involvedObject.resourceVersion': (event) => event.involvedObject?.resourceVersion ?? '',
    'involvedObject.fieldPath': (event) => event.involvedObject?.fieldPath ?? '',
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    source: (event) => event.source?.component || event.reportingComponent || '',
    type: (event) => event.type ?? '',
  },
  columns: eventColumns,
};
