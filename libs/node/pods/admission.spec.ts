import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '@drydock/api/core/v1';
import { claimOf, rejectionOf } from './index.ts';

const node = {
  metadata: { name: 'n', labels: { disk: 'ssd' } },
  status: { allocatable: { cpu: '2', memory: '1Gi', pods: '3', 'example.com/gpu': '1' } },
} as unknown as Node;
const pod = (requests: Record<string, string> = {}, spec: object = {}) =>
  ({
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
  }) as unknown as Pod;
const withPort = (hostIP?: string) =>
  pod({}, { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80, hostIP }] }] });
const refusal = (one: Pod, others: readonly Pod[] = [], at: Node = node) => {
  const found = rejectionOf(one, at, claimOf(one), others.map(claimOf));
  return found === undefined ? undefined : `${found.reason}: ${found.message}`;
};

describe('what a node does not take', () => {
  it('more than it has', () => {
    expect(refusal(pod({ cpu: '1500m' }), [pod({ cpu: '500m' })])).toBeUndefined();
    expect(refusal(pod({ cpu: '1501m', memory: '2Gi' }), [pod({ cpu: '500m' })])).toBe(
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 1501, used: 500, capacity: 2000",
    );
    expect(refusal(pod({ memory: '2Gi' }))).toBe(
      "OutOfmemory: Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824",
    );
    expect(refusal(pod(), [pod(), pod(), pod()])).toBe(
      "OutOfpods: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    );
    expect(refusal(pod({ 'example.com/gpu': '1' }), [pod({ 'example.com/gpu': '1' })])).toMatch(
      /^OutOfexample\.com\/gpu: /,
    );
    expect(refusal(pod({ 'example.com/unknown': '1' }))).toBeUndefined();
    expect(refusal(pod({ 'deviceclass.resource.kubernetes.io/gpu': '1' }))).toBeUndefined();
  });

  it('Pods that want another node, or ports that are taken', () => {
    expect(refusal(pod({}, { nodeSelector: { disk: 'ssd' } }))).toBeUndefined();
    expect(refusal(pod({}, { nodeSelector: { disk: 'tape' } }))).toBe(
      "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    );
    const wanted = {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['m'] }] }],
    };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: wanted } };
    expect(refusal(pod({}, { affinity }))).toMatch(/^NodeAffinity: /);
    expect(refusal(withPort('10.0.0.1'), [withPort('10.0.0.2')])).toBeUndefined();
    expect(refusal(withPort('10.0.0.1'), [withPort()])).toBe(
      "NodePorts: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    );
  });

  it('Pods that do not bear its taints, or are of another system', () => {
    const tainted = (effect: string) => ({ ...node, spec: { taints: [{ key: 'k', effect }] } }) as Node;
    expect(refusal(pod(), [], tainted('NoSchedule'))).toBeUndefined();
    expect(refusal(pod(), [], tainted('NoExecute'))).toBe(
      "TaintToleration: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    );
    expect(refusal(pod({}, { os: { name: 'windows' } }))).toBe(
      "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
    );
  });
});
