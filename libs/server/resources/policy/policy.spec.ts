import { describe, expect, it } from 'vitest';
import { createErrors, createdForm, statusErrors, tableRow } from '../common/definition.spec-support.ts';
import { podDisruptionBudgetDefinition as definition } from './pod-disruption-budget.ts';

describe('PodDisruptionBudget', () => {
  it.each([
    ['a plain one', { minAvailable: '50%', selector: {} }, []],
    [
      'both bounds',
      { minAvailable: 1, maxUnavailable: 1 },
      [
        'spec: Invalid value: {"maxUnavailable":1,"minAvailable":1}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
    [
      'less than none',
      { minAvailable: -1 },
      ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'more than all',
      { maxUnavailable: '101%' },
      ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      'an unknown policy',
      { unhealthyPodEvictionPolicy: 'Never' },
      [
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
      ],
    ],
  ])('checks %s', (_name, spec, errors) => {
    expect(createErrors(definition, { spec })).toEqual(errors);
  });

  it('checks its status', () => {
    expect(statusErrors(definition, { spec: {} }, { disruptionsAllowed: -1 })).toEqual([
      'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });

  it('prints as kubectl knows it', () => {
    expect(tableRow(definition, createdForm(definition, { spec: { minAvailable: 0 } }))).toEqual({
      Name: 'x',
      'Min Available': '0',
      'Max Unavailable': 'N/A',
      'Allowed Disruptions': 0,
      Age: '5m',
    });
  });
});
