import type { Event } from '@drydock/api/core/v1';
import { formatFieldError } from '@drydock/base/apimachinery';
import { describe, expect, it } from 'vitest';
import { eventCreateErrors, eventUpdateErrors } from './event-errors.ts';

const strict = 'events.k8s.io/v1';
const event = (change: object = {}, namespace = 'default'): Event =>
  ({
    kind: 'Event',
    apiVersion: 'v1',
    metadata: { name: 'x', namespace },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingComponent: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Binding',
    reason: 'Scheduled',
    message: 'it went well',
    type: 'Normal',
    ...change,
  }) as Event;
const old = { eventTime: undefined, reportingComponent: '', reportingInstance: '', action: '' };
const mismatch = (namespace: string) =>
  `involvedObject.namespace: Invalid value: "${namespace}": does not match event.namespace`;
const unset = (name: string) => `${name}: Invalid value: "": needs to be unset`;

describe('a new Event', () => {
  it.each<[string, object, string[]]>([
    ['a plain one', {}, []],
    ['no time', { eventTime: undefined }, ['eventTime: Required value']],
    [
      'no reporter',
      { reportingComponent: '' },
      [
        'reportingController: Required value',
        'reportingController: Invalid value: "": name part must be non-empty',
        expect.stringContaining('name part must consist of alphanumeric characters') as string,
      ],
    ],
    ['no action', { action: undefined }, ['action: Required value']],
    [
      'a long reason',
      { reason: 'r'.repeat(129) },
      ['reason: Invalid value: "": can have at most 128 characters'],
    ],
    [
      'a long note',
      { message: 'm'.repeat(1025) },
      ['message: Invalid value: "": can have at most 1024 characters'],
    ],
    ['an unknown type', { type: 'Odd' }, ['type: Invalid value: "": has invalid value: Odd']],
    [
      'a series of one',
      { series: { count: 1 } },
      ['series.count: Invalid value: "": should be at least 2', 'series.lastObservedTime: Required value'],
    ],
    [
      'fields of the older API',
      {
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        source: { host: 'h' },
      },
      ['firstTimestamp', 'lastTimestamp', 'count', 'source'].map(unset),
    ],
  ])('of events.k8s.io: %s', (_name, change, errors) => {
    expect(eventCreateErrors(event(change), strict).map(formatFieldError)).toEqual(errors);
  });

  it('of core is held to less, and called by its names', () => {
    expect(eventCreateErrors(event(old), 'v1')).toEqual([]);
    expect(eventCreateErrors(event({ ...old, type: 'Odd', count: 3 }), 'v1')).toEqual([]);
    const [error] = eventCreateErrors(event({ reportingComponent: '' }), 'v1');
    expect(formatFieldError(error!)).toBe('reportingComponent: Required value');
  });

  it.each<[string, object, string, string | undefined]>([
    [
      'an old one elsewhere',
      { ...old, involvedObject: { namespace: 'other' } },
      'default',
      mismatch('other'),
    ],
    ['an old one of the cluster', { ...old, involvedObject: {} }, 'default', undefined],
    ['an old one of the cluster, elsewhere', { ...old, involvedObject: {} }, 'kube-system', mismatch('')],
    ['a new one elsewhere', { involvedObject: { namespace: 'other' } }, 'default', undefined],
    ['a new one of the cluster', { involvedObject: {} }, 'kube-system', undefined],
    ['a new one of the cluster, elsewhere', { involvedObject: {} }, 'other', mismatch('')],
  ])('is where what it is about is: %s', (_name, change, namespace, error) => {
    const errors = eventCreateErrors(event(change, namespace), 'v1');
    expect(errors.map(formatFieldError)).toEqual(error === undefined ? [] : [error]);
  });
});

describe('an Event that changes', () => {
  const series = (count: number) => ({ series: { count, lastObservedTime: '2026-01-01T00:00:00.000000Z' } });

  it('through events.k8s.io goes on in its series, and stays what it is', () => {
    const errors = (change: object, before: object = {}) =>
      eventUpdateErrors(event(change), event(before), strict).map(formatFieldError);
    expect(errors(series(2))).toEqual([]);
    expect(errors(series(1))).toEqual(['series.count: Invalid value: "": should be at least 2']);
    expect(errors(series(1), series(1))).toEqual([]);
    expect(errors({ message: 'other', reportingComponent: 'd' })).toEqual([
      'message: Invalid value: "other": field is immutable',
      'reportingController: Invalid value: "d": field is immutable',
    ]);
    expect(errors({ ...old, count: 2 }, { ...old, count: 1 })).toEqual([
      'count: Invalid value: 2: field is immutable',
    ]);
  });

  it('through core may change at will', () => {
    expect(eventUpdateErrors(event({ ...old, message: 'b', count: 2 }), event(old), 'v1')).toEqual([]);
  });
});
