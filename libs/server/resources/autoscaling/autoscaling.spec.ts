import { describe, expect, it } from 'vitest';
import { createErrors, sample, tableRow } from '../common/definition.spec-support.ts';
import { horizontalPodAutoscalerDefinition as definition } from './horizontal-pod-autoscaler.ts';
import { autoscalerToV1, autoscalerToV2, horizontalPodAutoscalerV1Definition } from './v1.ts';

const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const spec = { scaleTargetRef: target, maxReplicas: 3 };
const cpu = (utilization: number): object => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: utilization } },
});
const queue = {
  type: 'External',
  external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } },
};

describe('HorizontalPodAutoscaler', () => {
  it('fills in what Kubernetes fills in', () => {
    expect(sample(definition, { spec }).spec).toMatchObject({ minReplicas: 1, metrics: [cpu(80)] });
    const eager = sample(definition, { spec: { ...spec, behavior: { scaleUp: { selectPolicy: 'Min' } } } });
    expect(eager.spec.behavior).toEqual({
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Min',
        policies: [
          { type: 'Pods', value: 4, periodSeconds: 15 },
          { type: 'Percent', value: 100, periodSeconds: 15 },
        ],
      },
      scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
    });
  });

  it.each([
    ['nothing', {}, []],
    [
      'no room',
      { maxReplicas: 0 },
      [
        'spec.maxReplicas: Invalid value: 0: must be greater than 0',
        'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
      ],
    ],
    ['zero', { minReplicas: 0 }, ['spec.minReplicas: Invalid value: 0: must be greater than or equal to 1']],
    [
      'nothing to scale',
      { scaleTargetRef: { kind: 'Deployment' } },
      ['spec.scaleTargetRef.name: Required value'],
    ],
    [
      'a metric of another source',
      {
        metrics: [
          { type: 'Pods', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 1 } } },
        ],
      },
      ['spec.metrics[0].pods: Required value: must populate information for the given metric source'],
    ],
    [
      'a target of nothing',
      { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] },
      [
        'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      ],
    ],
    [
      'a pace out of bounds',
      { behavior: { scaleDown: { policies: [{ type: 'Pods', value: 0, periodSeconds: 1801 }] } } },
      [
        'spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      ],
    ],
  ])('refuses %s', (_name, change, errors) => {
    expect(createErrors(definition, { spec: { ...spec, ...change } })).toEqual(errors);
  });

  it.each([
    ['no reading yet', [cpu(80)], [], 'cpu: <unknown>/80%'],
    [
      'a reading',
      [cpu(80)],
      [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 20 } } }],
      'cpu: 20%/80%',
    ],
    [
      'a raw value',
      [
        {
          type: 'Resource',
          resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
        },
      ],
      [{ type: 'Resource', resource: { name: 'memory', current: { averageValue: '512Mi' } } }],
      'memory: 512Mi/1Gi',
    ],
    ['one for each Pod', [queue], [], '<unknown>/30 (avg)'],
    ['more than fit', [cpu(1), queue, queue], [], 'cpu: <unknown>/1%, <unknown>/30 (avg) + 1 more...'],
  ])('prints %s', (_name, metrics, currentMetrics, text) => {
    const object = sample(definition, { spec: { ...spec, metrics } });
    object.status = { desiredReplicas: 1, currentReplicas: 1, currentMetrics } as typeof object.status;
    expect(tableRow(definition, object)).toEqual({
      Name: 'x',
      Reference: 'Deployment/web',
      Targets: text,
      MinPods: '1',
      MaxPods: 3,
      Replicas: 1,
      Age: '5m',
    });
  });

  it('goes through autoscaling/v1 without loss', () => {
    const stored = sample(definition, {
      spec: {
        ...spec,
        metrics: [queue, cpu(60)],
        behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
      },
    });
    stored.status = {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [
        {
          type: 'External',
          external: { metric: { name: 'queue' }, current: { value: '0', averageValue: '12' } },
        },
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 10, averageValue: '50m' } },
        },
      ],
      conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'yes' }],
    };
    const face = autoscalerToV1(stored);
    expect(face).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 60 },
      status: { currentCPUUtilizationPercentage: 10, currentReplicas: 2, desiredReplicas: 3 },
      metadata: {
        annotations: {
          'autoscaling.alpha.kubernetes.io/metrics':
            '[{"type":"External","external":{"metricName":"queue","targetAverageValue":"30"}}]',
          'autoscaling.alpha.kubernetes.io/conditions':
            '[{"type":"AbleToScale","status":"True","reason":"ReadyForNewScale","message":"yes"}]',
        },
      },
    });
    expect(face.status).not.toHaveProperty('conditions');
    expect(tableRow(horizontalPodAutoscalerV1Definition, face)).toEqual(tableRow(definition, stored));
    expect(autoscalerToV2(face)).toEqual(stored);
  });
});
