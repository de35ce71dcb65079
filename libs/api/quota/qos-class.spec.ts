import { describe, expect, it } from 'vitest';
import type { ResourceRequirements } from '../gen/core/v1.ts';
import { qosClassOf } from './index.ts';

const both = { cpu: '1', memory: '1Gi' };
const of = (containers: ResourceRequirements[], more: object = {}) =>
  qosClassOf({
    containers: containers.map((resources, index) => ({ name: `c${index}`, resources })),
    ...more,
  });

describe('the quality of service of a Pod', () => {
  it.each<[string, ResourceRequirements[], object?]>([
    ['BestEffort', [{}]],
    ['BestEffort', [{ requests: { 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '1' } }]],
    ['BestEffort', [{ requests: { cpu: '0' } }]],
    ['Guaranteed', [{ limits: both, requests: both }]],
    ['Guaranteed', [{ limits: both, requests: { cpu: '1000m', memory: '1024Mi' } }]],
    ['Burstable', [{ limits: both, requests: { cpu: '999m', memory: '1Gi' } }]],
    ['Guaranteed', [{ limits: both, requests: { ...both, 'ephemeral-storage': '1Gi' } }]],
    ['Burstable', [{ limits: both, requests: { cpu: '1', memory: '1Mi' } }]],
    ['Burstable', [{ limits: { cpu: '1' }, requests: { cpu: '1' } }]],
    ['Burstable', [{ limits: both, requests: both }, {}]],
    ['Burstable', [{ requests: { cpu: '1m' } }]],
    ['Burstable', [{ limits: both, requests: both }], { initContainers: [{ name: 'i' }] }],
    ['Guaranteed', [{}], { resources: { limits: both, requests: both } }],
    ['Burstable', [{ limits: both, requests: both }], { resources: { requests: { cpu: '2' } } }],
  ])('is %s', (wanted, containers, more) => expect(of(containers, more)).toBe(wanted));
});
