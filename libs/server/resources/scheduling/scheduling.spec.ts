import { describe, expect, it } from 'vitest';
import { createErrors, sample, tableRow, updateErrors } from '../common/definition.spec-support.ts';
import { priorityClassDefinition as definition } from './priority-class.ts';

describe('PriorityClass', () => {
  it('leaves high values and system names to the system', () => {
    expect(createErrors(definition, { value: 1000 })).toEqual([]);
    expect(createErrors(definition, { value: 1000000001 })).toEqual([
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ]);
    expect(createErrors(definition, { value: 1 }, { name: 'system-mine' })).toEqual([
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ]);
    expect(createErrors(definition, { value: 2000000000 }, { name: 'system-cluster-critical' })).toEqual([]);
  });

  it('keeps its value and policy', () => {
    expect(updateErrors(definition, { value: 2, preemptionPolicy: 'Never' }, { value: 1 })).toEqual([
      'value: Forbidden: may not be changed in an update.',
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]);
  });

  it('prints as kubectl knows it', () => {
    expect(tableRow(definition, sample(definition, { value: 7 }))).toEqual({
      Name: 'x',
      Value: 7,
      'Global-Default': false,
      Age: '5m',
      PreemptionPolicy: 'PreemptLowerPriority',
    });
  });
});
