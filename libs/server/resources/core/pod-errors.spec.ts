import { describe, expect, it } from 'vitest';
import { formatFieldError } from '@drydock/base/apimachinery';
import type { Pod } from '@drydock/api/core/v1';
import { createErrors, sample, testContext } from '../common/definition.spec-support.ts';
import { podDefinition } from './pod.ts';

const containers = [{ name: 'a', image: 'x' }];
const pod = (fields: object = {}): Pod => sample(podDefinition, { spec: { containers, ...fields } });

function changes(after: object, before: object): string[] {
  const errors = podDefinition.strategy.validateUpdate?.(pod(after), pod(before), testContext()) ?? [];
  return errors.map(formatFieldError);
}

describe('a Pod', () => {
  it('is created without what comes later', () => {
    expect(
      createErrors(
        podDefinition,
        {
          spec: {
            containers,
            nodeName: 'n',
            schedulingGates: [{ name: 'g' }],
            ephemeralContainers: [{ name: 'e', image: 'x' }],
          },
        },
        { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '07' } },
      ),
    ).toEqual([
      'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "07": must be a 32bit integer',
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
      'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
    ]);
    expect(
      createErrors(
        podDefinition,
        { spec: { containers } },
        { annotations: { 'kubernetes.io/config.mirror': 'm' } },
      ),
    ).toEqual([
      'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "m": must set spec.nodeName if mirror pod annotation is set',
    ]);
  });

  it('has a deadline that only comes nearer', () => {
    const deadline = (activeDeadlineSeconds?: number) => ({ activeDeadlineSeconds });
    expect(changes(deadline(5), deadline())).toEqual([]);
    expect(changes(deadline(5), deadline(9))).toEqual([]);
    expect(changes(deadline(9), deadline(5))).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: 9: must be less than or equal to previous value',
    ]);
    expect(changes(deadline(), deadline(5))).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value',
    ]);
  });

  it('loses gates, and is bound closer until then', () => {
    const gated = (nodeSelector: object, ...gates: string[]) => ({
      nodeSelector,
      schedulingGates: gates.map((name) => ({ name })),
    });
    expect(changes(gated({ a: '1', b: '2' }, 'g'), gated({ a: '1' }, 'g', 'h'))).toEqual([]);
    expect(changes(gated({ a: '2' }, 'g', 'i'), gated({ a: '1' }, 'g'))).toEqual([
      "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'i'",
      'spec.nodeSelector: Invalid value: {"a":"2"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ]);
    expect(changes({ ...gated({}, 'g'), nodeName: 'n' }, gated({}, 'g'))[0]).toBe(
      'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
    );
  });

  it('reports addresses, one of a family', () => {
    const status = (...ips: string[]) => {
      const reported = { ...pod(), status: { podIPs: ips.map((ip) => ({ ip })) } } as Pod;
      const errors = podDefinition.strategy.validateStatusUpdate?.(reported, pod(), testContext()) ?? [];
      return errors.map(formatFieldError);
    };
    expect(status('10.0.0.1', 'fd00::1')).toEqual([]);
    expect(status('10.0.0.1', '10.0.0.2')[0]).toMatch(/may specify no more than one IP for each IP family$/);
    expect(status('x')).toEqual([
      'status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
  });
});
