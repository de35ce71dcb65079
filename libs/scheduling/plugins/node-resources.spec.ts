import { describe, expect, it } from 'vitest';
import { filterAll, info, nodeWith, scoreAll } from '../framework/testing.spec-support.ts';
import { imageLocality } from './image-locality.ts';
import {
  insufficientResources,
  nodeResourcesBalancedAllocation,
  nodeResourcesFit,
} from './node-resources.ts';

const full = { cpu: '4', memory: '10000', pods: '110' };

describe('NodeResourcesFit', () => {
  it('names all that is missing, in order', () => {
    const target = info({ requests: { 'example.com/gpu': '2', memory: '9Gi', cpu: '5' } });
    expect(filterAll(nodeResourcesFit(), target, [nodeWith('n')])['n']).toBe(
      'Insufficient cpu, Insufficient memory, Insufficient example.com/gpu',
    );
  });

  it('counts Pods, and says when an empty node would not do', () => {
    const small = nodeWith('small', {
      allocatable: { cpu: '1', memory: '1Gi', pods: '1' },
      pods: [info({ requests: { cpu: '500m' } })],
    });
    expect(insufficientResources(info({ requests: { cpu: '600m' } }), small)).toEqual({
      code: 'Unschedulable',
      reasons: ['Too many pods', 'Insufficient cpu'],
    });
    expect(insufficientResources(info({ requests: { cpu: '2' } }), small)?.code).toBe(
      'UnschedulableAndUnresolvable',
    );
  });

  it('takes the most of the init phase, sidecars included, and the overhead', () => {
    const target = info({
      containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }],
      spec: {
        initContainers: [
          { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
          { name: 'init', resources: { requests: { cpu: '2' } } },
        ],
        overhead: { cpu: '500m' },
      },
    });
    expect(target.requests.get('cpu')).toBe(3500);
  });

  it('ignores extended resources that it is told to ignore', () => {
    const target = info({ requests: { 'example.com/a': '1', 'other.io/b': '1' } });
    const plugin = nodeResourcesFit({
      ignoredResources: ['example.com/a'],
      ignoredResourceGroups: ['other.io'],
    });
    expect(filterAll(plugin, target, [nodeWith('n')])['n']).toBe('ok');
  });

  it.each([
    ['LeastAllocated', [37, 50]],
    ['MostAllocated', [62, 50]],
  ] as const)('%s', (type, expected) => {
    const nodes = [
      nodeWith('n1', { allocatable: { ...full, cpu: '4' } }),
      nodeWith('n2', { allocatable: { ...full, cpu: '6' } }),
    ];
    const target = info({ requests: { cpu: '3000m', memory: '5000' } });
    expect(scoreAll(nodeResourcesFit({ scoringStrategy: { type } }), target, nodes)).toEqual(expected);
  });

  it('counts the default requests of containers that name none', () => {
    const nodes = [
      nodeWith('n', { allocatable: { cpu: '1', memory: String(400 * 1024 * 1024), pods: '10' } }),
    ];
    expect(scoreAll(nodeResourcesFit(), info(), nodes)).toEqual([70]);
  });

  it('RequestedToCapacityRatio follows its shape', () => {
    const plugin = nodeResourcesFit({
      scoringStrategy: {
        type: 'RequestedToCapacityRatio',
        resources: [
          { name: 'memory', weight: 1 },
          { name: 'cpu', weight: 1 },
        ],
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 10 },
            { utilization: 100, score: 0 },
          ],
        },
      },
    });
    const nodes = [
      nodeWith('n1', { allocatable: full }),
      nodeWith('n2', { allocatable: { ...full, cpu: '6' } }),
    ];
    expect(scoreAll(plugin, info({ requests: { cpu: '3', memory: '5000' } }), nodes)).toEqual([38, 50]);
  });
});

describe('NodeResourcesBalancedAllocation', () => {
  it('is 75 without a change, less when the Pod unbalances', () => {
    const nodes = [
      nodeWith('even', { allocatable: { cpu: '10', memory: '20000', pods: '9' } }),
      nodeWith('odd', { allocatable: { cpu: '10', memory: '50000', pods: '9' } }),
    ];
    expect(
      scoreAll(nodeResourcesBalancedAllocation(), info({ requests: { cpu: '3', memory: '6000' } }), nodes),
    ).toEqual([75, 70]);
  });
  it('has nothing to say of a Pod that asks for nothing', () => {
    expect(scoreAll(nodeResourcesBalancedAllocation(), info(), [nodeWith('n')])).toBe('skip');
  });
});

describe('ImageLocality', () => {
  it('weighs size by how widely the image is spread', () => {
    const mb = 1024 * 1024;
    const nodes = [
      nodeWith('has', {
        images: [
          { names: ['gcr.io/40:latest'], sizeBytes: 40 * mb },
          { names: ['gcr.io/250:latest'], sizeBytes: 250 * mb },
        ],
      }),
      nodeWith('bare'),
    ];
    const target = info({
      containers: [
        { name: 'a', image: 'gcr.io/40' },
        { name: 'b', image: 'gcr.io/250' },
      ],
    });
    expect(scoreAll(imageLocality, target, nodes)).toEqual([6, 0]);
  });
});
