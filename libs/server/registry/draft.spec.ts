import { describe, expect, it } from 'vitest';
import { draftOf } from './draft.ts';

describe('draftOf', () => {
  const managedFields = [
    { manager: 'm', operation: 'Update' as const, apiVersion: 'v1', fieldsV1: { 'f:data': {} } },
  ];
  const object = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'a', labels: { x: 'y' }, managedFields },
    data: { one: '1' },
  };

  it('copies an object, and has its managedFields in common with it', () => {
    const draft = draftOf(object) as typeof object;
    expect(draft).toEqual(object);
    expect(draft.data).not.toBe(object.data);
    expect(draft.metadata.labels).not.toBe(object.metadata.labels);
    expect(draft.metadata.managedFields).toBe(managedFields);
  });

  it('adds no managedFields where there are none', () => {
    const draft = draftOf({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } });
    expect(draft.metadata).not.toHaveProperty('managedFields');
  });
});
