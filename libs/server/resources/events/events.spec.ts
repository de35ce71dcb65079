import { describe, expect, it } from 'vitest';
import { sample, tableRow } from '../common/definition.spec-support.ts';
import { eventDefinition as definition, eventFromCore, eventToCore } from './event.ts';

const event = {
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'example.com/c',
  reportingInstance: 'c-1',
  action: 'Binding',
  reason: 'Scheduled',
  regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
  note: 'it went well',
  type: 'Normal',
  deprecatedCount: 2,
  deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
  deprecatedLastTimestamp: '2026-01-01T00:01:00Z',
  deprecatedSource: { component: 'c' },
};

describe('Event of events.k8s.io', () => {
  it('prints as the core Event does', () => {
    expect(tableRow(definition, sample(definition, event))).toMatchObject({
      'Last Seen': '4m',
      Type: 'Normal',
      Reason: 'Scheduled',
      Object: 'pod/p',
      Message: 'it went well',
      'Source+': 'c, c-1',
      'Count+': 2,
    });
  });

  it('is a core Event under other names', () => {
    const face = sample(definition, event);
    const stored = eventToCore(face);
    expect(stored).toMatchObject({
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: event.regarding,
      message: 'it went well',
      reportingComponent: 'example.com/c',
      source: { component: 'c' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:01:00Z',
      count: 2,
    });
    expect(stored).not.toHaveProperty('regarding');
    expect(eventFromCore(stored)).toEqual(face);
  });
});
