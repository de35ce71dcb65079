import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { featureGates } from '../feature-gates.ts';
import { addLoopFlags, loopOptions } from './index.ts';

function parse(...argv: string[]) {
  const command = addLoopFlags(new Command('x'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(argv, { from: 'user' });
  return loopOptions(command.opts());
}

describe('the flags of the autoscaler', () => {
  it('are as in kube-controller-manager', () => {
    expect(parse().autoscaler).toEqual({
      syncPeriodMs: 15_000,
      downscaleStabilizationMs: 300_000,
      tolerance: 0.1,
      cpuInitializationMs: 300_000,
      initialReadinessDelayMs: 30_000,
      concurrentSyncs: 5,
      scaleToZero: false,
    });
  });

  it.each([
    ['--horizontal-pod-autoscaler-sync-period=1m', { syncPeriodMs: 60_000 }],
    ['--horizontal-pod-autoscaler-downscale-stabilization=0s', { downscaleStabilizationMs: 0 }],
    ['--horizontal-pod-autoscaler-tolerance=0.25', { tolerance: 0.25 }],
    ['--horizontal-pod-autoscaler-cpu-initialization-period=90s', { cpuInitializationMs: 90_000 }],
    ['--horizontal-pod-autoscaler-initial-readiness-delay=5s', { initialReadinessDelayMs: 5000 }],
    ['--concurrent-horizontal-pod-autoscaler-syncs=20', { concurrentSyncs: 20 }],
    ['--feature-gates=HPAScaleToZero=true', { scaleToZero: true }],
  ])('%s', (flag, expected) => expect(parse(flag).autoscaler).toMatchObject(expected));

  it.each([
    [
      '--concurrent-horizontal-pod-autoscaler-syncs=0',
      'concurrent-horizontal-pod-autoscaler-syncs must be greater than 0, but got 0',
    ],
    ['--horizontal-pod-autoscaler-sync-period=0s', 'It must be more than nothing.'],
    ['--horizontal-pod-autoscaler-tolerance=x', 'It must be a number such as 0.1.'],
    ['--feature-gates=Odd=true', 'unrecognized feature gate: Odd'],
    ['--cidr-allocator-type=Other', undefined],
  ])('refuses %s', (flag, message) => {
    if (message !== undefined) expect(() => parse(flag)).toThrow(message);
    else
      expect(() => parse(flag, '--allocate-node-cidrs', '--cluster-cidr=10.0.0.0/16')).toThrow(
        'invalid CIDR allocator type: Other',
      );
  });
});

describe('feature gates', () => {
  it.each([
    ['', false],
    ['HPAScaleToZero=false', false],
    ['HPAScaleToZero=true', true],
    ['HPAScaleToZero=false,HPAScaleToZero=true', true],
  ])('%j', (text, hpaScaleToZero) => expect(featureGates(text)).toEqual({ hpaScaleToZero }));

  it.each([
    ['HPAScaleToZero', 'missing bool value for HPAScaleToZero'],
    ['toString=true', 'unrecognized feature gate: toString'],
    [
      'HPAScaleToZero=yes',
      'invalid value of HPAScaleToZero=yes, err: strconv.ParseBool: parsing "yes": invalid syntax',
    ],
  ])('refuses %j', (text, message) => expect(() => featureGates(text)).toThrow(message));
});
