import { describe, expect, it } from 'vitest';
import { formatFieldError } from '@drydock/base/apimachinery';
import { sample, tableRow, testContext } from '../common/definition.spec-support.ts';
import { leaseDefinition as definition } from './lease.ts';

describe('Lease', () => {
  it.each([
    ['a plain one', { holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 }, []],
    [
      'no duration',
      { leaseDurationSeconds: 0 },
      ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
    ],
    [
      'less than no transitions',
      { leaseTransitions: -1 },
      ['spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'a wish without a strategy',
      { preferredHolder: 'b' },
      ['spec.preferredHolder: Forbidden: may only be specified when `strategy` is defined'],
    ],
    [
      'an unknown strategy',
      { strategy: 'Eldest' },
      ['spec.strategy.strategy: Unsupported value: "Eldest": supported values: "OldestEmulationVersion"'],
    ],
  ])('checks %s', (_name, spec, errors) => {
    const found = definition.strategy.validate?.(sample(definition, { spec }), testContext()) ?? [];
    expect(found.map(formatFieldError)).toEqual(errors);
  });

  it('prints as kubectl knows it', () => {
    expect(tableRow(definition, sample(definition, { spec: { holderIdentity: 'a' } }))).toEqual({
      Name: 'x',
      Holder: 'a',
      Age: '5m',
    });
  });
});
