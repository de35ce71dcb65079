import { describe, expect, it } from 'vitest';
import type { DeviceTaint, DeviceToleration } from '@drydock/api/resource/v1';
import { evictionAtMs } from './decisions.ts';

const nowMs = Date.parse('2026-01-01T00:01:00Z');
const taint = (more: Partial<DeviceTaint> = {}): DeviceTaint => ({
  key: 'broken',
  value: 'fan',
  effect: 'NoExecute',
  timeAdded: '2026-01-01T00:00:00Z',
  ...more,
});
const exists = (more: Partial<DeviceToleration> = {}) => ({ key: 'broken', operator: 'Exists', ...more });
const equal = (value: string) => ({ key: 'broken', operator: 'Equal', value });

describe('users of a tainted device go', () => {
  it.each<[string, DeviceTaint[], DeviceToleration[], number | undefined]>([
    ['not without taints', [], [], undefined],
    ['not for other effects', [taint({ effect: 'NoSchedule' }), taint({ effect: 'None' })], [], undefined],
    ['when the taint came', [taint()], [], -60],
    ['now, where it does not say when', [taint({ timeAdded: undefined as never })], [], 0],
    ['never, where they tolerate it', [taint()], [exists()], undefined],
    ['not for another value', [taint()], [equal('chip')], -60],
    ['never, by its value', [taint()], [equal('fan')], undefined],
    ['not by another effect', [taint()], [exists({ effect: 'NoSchedule' })], -60],
    ['after the time that they tolerate it', [taint()], [exists({ tolerationSeconds: 90 })], 30],
    [
      'after the shortest of these',
      [taint()],
      [exists({ tolerationSeconds: 90 }), exists({ tolerationSeconds: 70 })],
      10,
    ],
    ['at once where that is below zero', [taint()], [exists({ tolerationSeconds: -5 })], -60],
    [
      'for the first taint that makes them',
      [taint(), taint({ key: 'hot', timeAdded: '2026-01-01T00:00:30Z' })],
      [exists()],
      -30,
    ],
  ])('%s', (_, taints, tolerations, seconds) => {
    const expected = seconds === undefined ? undefined : nowMs + seconds * 1000;
    expect(evictionAtMs({ taints }, { tolerations }, nowMs)).toBe(expected);
  });
});
