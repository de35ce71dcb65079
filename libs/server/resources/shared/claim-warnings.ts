import type { PersistentVolumeClaimSpec } from '@drydock/api/core/v1';
import type { FieldPath } from '@drydock/base/apimachinery';
import { canonicalQuantity, goQuote, parseQuantity } from '@drydock/base/apimachinery';

/** Advice on an amount of bytes that is no whole number. */
export function fractionWarnings(amount: string | undefined, at: FieldPath): string[] {
  if (amount === undefined || parseQuantity(amount).milliValue() % 1000 === 0) return [];
  return [
    `${at.toString()}: fractional byte value ${goQuote(canonicalQuantity(amount))} is invalid, must be an integer`,
  ];
}

/** Advice on what a claim asks for. */
export function claimWarnings(spec: PersistentVolumeClaimSpec | undefined, at: FieldPath): string[] {
  const { requests, limits } = spec?.resources ?? {};
  return [
    ...fractionWarnings(requests?.['storage'], at.child('resources', 'requests').key('storage')),
    ...fractionWarnings(limits?.['storage'], at.child('resources', 'limits').key('storage')),
  ];
}
