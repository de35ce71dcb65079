import type { FieldError, KubeObject } from '@drydock/base/apimachinery';
import {
  byteLength,
  fieldPath,
  invalidValue,
  required,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
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

const shortText = 128;
const maxNoteBytes = 1024;

function shortTextErrors(value: string | undefined, name: string): FieldError[] {
  if (value === undefined || value === '') return [required(fieldPath(name))];
  if (byteLength(value) <= shortText) return [];
  return [invalidValue(fieldPath(name), '', `can have at most ${shortText} characters`)];
}

/** What the new Event API demands beyond the core one, named as the stored Event names it, as Kubernetes does. */
function newEventErrors(object: Event): FieldError[] {
  const errors: FieldError[] = [];
  if (object.eventTime === undefined || object.eventTime === null)
    errors.push(required(fieldPath('eventTime')));
  if (object.reportingController === undefined || object.reportingController === '') {
    errors.push(required(fieldPath('reportingController')));
  } else {
    for (const message of validateQualifiedName(object.reportingController)) {
      errors.push(invalidValue(fieldPath('reportingController'), object.reportingController, message));
    }
  }
  errors.push(
    ...shortTextErrors(object.reportingInstance, 'reportingInstance'),
    ...shortTextErrors(object.action, 'action'),
    ...shortTextErrors(object.reason, 'reason'),
  );
  if (byteLength(object.note ?? '') > maxNoteBytes) {
    errors.push(invalidValue(fieldPath('message'), '', `can have at most ${maxNoteBytes} characters`));
  }
  if (object.type !== 'Normal' && object.type !== 'Warning') {
    errors.push(invalidValue(fieldPath('type'), '', `has invalid value: ${object.type ?? ''}`));
  }
  if (object.series !== undefined) {
    if ((object.series.count ?? 0) < 2) {
      errors.push(invalidValue(fieldPath('series', 'count'), '', 'should be at least 2'));
    }
    if (object.series.lastObservedTime === undefined) {
      errors.push(required(fieldPath('series', 'lastObservedTime')));
    }
  }
  return errors;
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
  strategy: {
    generation: false,
    allowCreateOnUpdate: true,
    validate: (object, context) => {
      const known = context.lookup(
        '',
        'events',
        `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`,
      );
      // Events of the older API may be touched through this one without being held to its rules.
      return known !== undefined && (known as CoreEvent).eventTime === undefined
        ? []
        : newEventErrors(object);
    },
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
