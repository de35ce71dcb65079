import {
  byteLength,
  deepEqual,
  fieldPath,
  invalidValue,
  required,
  validateQualifiedName,
  type FieldError,
} from '@drydock/base/apimachinery';
import type { Event } from '@drydock/api/core/v1';
import { immutable } from '../common/index.ts';

/** The face of Events that is held to stricter rules than the older one. */
const strictFace = 'events.k8s.io/v1';
const shortText = 128;
const maxNoteBytes = 1024;

function shortTextErrors(value: string | undefined, name: string): FieldError[] {
  if (value === undefined || value === '') return [required(fieldPath(name))];
  if (byteLength(value) <= shortText) return [];
  return [invalidValue(fieldPath(name), '', `can have at most ${shortText} characters`)];
}

function involvedErrors(event: Event, withoutNamespace: readonly string[]): FieldError[] {
  const { namespace = '' } = event.metadata;
  const involved = event.involvedObject?.namespace ?? '';
  const fits =
    involved === '' ? withoutNamespace.includes(namespace) : event.eventTime || involved === namespace;
  if (fits) return [];
  return [invalidValue(fieldPath('involvedObject', 'namespace'), involved, 'does not match event.namespace')];
}

/** What both faces demand: Events with an `eventTime` are new ones, and must be complete. */
function commonErrors(event: Event, requestVersion: string | undefined): FieldError[] {
  if (!event.eventTime) return involvedErrors(event, ['', 'default']);
  const controller = requestVersion === strictFace ? 'reportingController' : 'reportingComponent';
  const { reportingComponent = '' } = event;
  const note = byteLength(event.message ?? '') > maxNoteBytes;
  return [
    ...involvedErrors(event, ['default', 'kube-system']),
    ...(reportingComponent === '' ? [required(fieldPath(controller))] : []),
    ...validateQualifiedName(reportingComponent).map((message) =>
      invalidValue(fieldPath(controller), reportingComponent, message),
    ),
    ...shortTextErrors(event.reportingInstance, 'reportingInstance'),
    ...shortTextErrors(event.action, 'action'),
    ...shortTextErrors(event.reason, 'reason'),
    ...(note ? [invalidValue(fieldPath('message'), '', `can have at most ${maxNoteBytes} characters`)] : []),
  ];
}

function seriesErrors({ series }: Event): FieldError[] {
  if (series === undefined) return [];
  return [
    ...((series.count ?? 0) < 2
      ? [invalidValue(fieldPath('series', 'count'), '', 'should be at least 2')]
      : []),
    ...(series.lastObservedTime ? [] : [required(fieldPath('series', 'lastObservedTime'))]),
  ];
}

/** Why an Event cannot be created through a face, in Kubernetes' words and under the names of the stored form. */
export function eventCreateErrors(event: Event, requestVersion: string | undefined): FieldError[] {
  const errors = commonErrors(event, requestVersion);
  if (requestVersion !== strictFace) return errors;
  errors.push(...seriesErrors(event));
  if (!event.eventTime) errors.push(required(fieldPath('eventTime')));
  if (event.type !== 'Normal' && event.type !== 'Warning')
    errors.push(invalidValue(fieldPath('type'), '', `has invalid value: ${event.type ?? ''}`));
  const { component, host } = event.source ?? {};
  const unset: readonly [name: string, isSet: boolean][] = [
    ['firstTimestamp', Boolean(event.firstTimestamp)],
    ['lastTimestamp', Boolean(event.lastTimestamp)],
    ['count', Boolean(event.count)],
    ['source', Boolean(component) || Boolean(host)],
  ];
  for (const [name, isSet] of unset)
    if (isSet) errors.push(invalidValue(fieldPath(name), '', 'needs to be unset'));
  return errors;
}

/** The fields that the strict face lets nobody change: only the series goes on. */
const fixed: readonly (keyof Event & string)[] = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
];

const texts: ReadonlySet<string> = new Set([
  'reason',
  'message',
  'type',
  'action',
  'reportingComponent',
  'reportingInstance',
]);

/** Why an Event cannot become another through a face. */
export function eventUpdateErrors(
  event: Event,
  old: Event,
  requestVersion: string | undefined,
): FieldError[] {
  const errors = commonErrors(event, requestVersion);
  if (requestVersion !== strictFace) return errors;
  if (!deepEqual(event.series, old.series)) errors.push(...seriesErrors(event));
  for (const name of fixed) {
    const path = fieldPath(name === 'reportingComponent' ? 'reportingController' : name);
    const nothing = name === 'count' ? 0 : texts.has(name) ? '' : undefined;
    errors.push(...immutable(event[name] ?? nothing, old[name] ?? nothing, path));
  }
  return errors;
}
