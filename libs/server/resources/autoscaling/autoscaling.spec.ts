import { describe, expect, it } from 'vitest';
import { createErrors, sample, tableRow, updateErrors } from '../common/definition.spec-support.ts';
import { allDefinitions, definitionsWith } from '../index.ts';
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
    [
      'zero',
      { minReplicas: 0 },
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [
      'nothing to scale',
      { scaleTargetRef: { kind: 'Deployment' } },
      [
        'spec.scaleTargetRef.name: Required value',
        'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      ],
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

  const of = (apiVersion: string, kind = 'Deployment') => ({
    ...spec,
    scaleTargetRef: { apiVersion, kind, name: 'x' },
  });
  const measured = (apiVersion: string) => ({
    ...spec,
    metrics: [
      {
        type: 'Object',
        object: {
          metric: { name: 'qps' },
          describedObject: { apiVersion, kind: 'Service', name: 'web' },
          target: { type: 'Value', value: '10' },
        },
      },
    ],
  });
  const external = { ...spec, minReplicas: 0, metrics: [queue] };
  const noGroup = (version: string) =>
    `spec.scaleTargetRef.apiVersion: Invalid value: "${version}": apiVersion must specify API group`;
  const noVersion = (at: string) =>
    `spec.${at}.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c`;
  it.each([
    [of('v1', 'ReplicationController'), undefined, []],
    [of('', 'ReplicationController'), undefined, []],
    [of('v1'), undefined, [noGroup('v1')]],
    [of('a/b/c'), undefined, [noVersion('scaleTargetRef')]],
    // What was wrong already may stay as it is.
    [of('v1'), of('v1'), []],
    [of('v1'), of('apps/v1'), [noGroup('v1')]],
    [of('v1', 'CronJob'), of('v1'), [noGroup('v1')]],
    [measured('v1'), undefined, []],
    [measured('a/b/c'), undefined, [noVersion('metrics[0].object.describedObject')]],
    [measured('a/b/c'), measured('v1'), [noVersion('metrics[0].object.describedObject')]],
    [measured('a/b/c'), measured('d/e/f'), []],
    [external, external, []],
    [
      external,
      { ...external, minReplicas: 1 },
      ['spec.minReplicas: Invalid value: 0: must be greater than or equal to 1'],
    ],
  ])('checks versions and the least: %j after %j', (after, before, errors) => {
    expect(
      before === undefined
        ? createErrors(definition, { spec: after })
        : updateErrors(definition, { spec: after }, { spec: before }),
    ).toEqual(errors);
  });

  it('may ask for nothing with the gate, but not by what Pods tell', () => {
    const gated = definitionsWith({ hpaScaleToZero: true }).find(
      ({ kind, version }) => kind === 'HorizontalPodAutoscaler' && version === 'v2',
    );
    const errors = (metrics: unknown[]) =>
      gated && createErrors(gated, { spec: { ...spec, minReplicas: 0, metrics } });
    expect(errors([queue])).toEqual([]);
    expect(errors([cpu(50)])).toEqual([
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ]);
    expect(definitionsWith({ hpaScaleToZero: false })).toBe(allDefinitions);
  });

  const target300 = { type: 'Value', value: '300m' };
  const up = { policies: [{ type: 'Pods', value: 1, periodSeconds: 1800 }] };
  it.each([
    [
      'Pods',
      { pods: { metric: {}, target: { type: 'Value', averageValue: '100m' } } },
      'pods.metric.name: Required value: must specify a metric name',
    ],
    [
      'Pods',
      { pods: { metric: { name: 'm' }, target: { type: 'Value' } } },
      'pods.target.averageValue: Required value: must specify a positive target averageValue',
    ],
    [
      'Object',
      {
        object: {
          describedObject: { kind: 'Service', name: 'w' },
          metric: { name: 'm/n' },
          target: target300,
        },
      },
      'object.metric.name: Invalid value: "m/n": may not contain \'/\'',
    ],
    [
      'Object',
      {
        object: {
          describedObject: { kind: 'Service', name: 'w' },
          metric: { name: 'm' },
          target: { type: 'Value' },
        },
      },
      'object.target.averageValue: Required value: must set either a target value or averageValue',
    ],
    [
      'External',
      { external: { metric: { name: 'm' }, target: { type: 'Value', value: '-300m' } } },
      'external.target.value: Invalid value: "-300m": must be positive',
    ],
    [
      'External',
      { external: { metric: { name: 'm' }, target: { ...target300, averageValue: '300m' } } },
      'external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
    ],
    [
      'External',
      { external: { metric: { name: 'm' }, target: { type: 'Odd', value: '1' } } },
      'external.target.type: Invalid value: "Odd": must be either Utilization, Value, or AverageValue',
    ],
    [
      'ContainerResource',
      {
        containerResource: {
          name: 'InvalidResource',
          container: '---***',
          target: { type: 'Utilization', averageUtilization: 70 },
        },
      },
      'containerResource.name: Invalid value: "InvalidResource": must be a standard resource type or fully qualified',
    ],
    [
      'Resource',
      { resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0 } } },
      'resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
    ],
    ['', {}, 'type: Required value: must specify a metric source type'],
    // Only the first of several is looked at, all but the one that is meant are refused.
    [
      'Pods',
      { pods: {}, external: { metric: { name: 'm' }, target: target300 } },
      'external: Forbidden: must populate the given metric source only',
    ],
  ])('refuses a metric: %s %j', (type, source, message) => {
    const [error] = createErrors(definition, { spec: { ...spec, metrics: [{ type, ...source }] } });
    expect(error).toBe(`spec.metrics[0].${message}`);
  });

  it.each([
    [{ ...up, tolerance: '0.1' }, undefined],
    [{ ...up, tolerance: '10' }, undefined],
    [{ ...up, tolerance: '0' }, undefined],
    [{ ...up, tolerance: '-1m' }, 'tolerance: Invalid value: "-1m": must be greater than or equal to 0'],
    [{ policies: [] }, 'policies: Required value: must specify at least one Policy'],
    [
      { ...up, stabilizationWindowSeconds: 3601 },
      'stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
    ],
    [
      { ...up, stabilizationWindowSeconds: -1 },
      'stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero',
    ],
    [
      { ...up, selectPolicy: 'odd' },
      'selectPolicy: Unsupported value: "odd": supported values: "Disabled", "Max", "Min"',
    ],
    [
      { policies: [{ type: 'hm', value: 5, periodSeconds: 1 }] },
      'policies[0].type: Unsupported value: "hm": supported values: "Percent", "Pods"',
    ],
    [
      { policies: [{ type: 'Pods', value: 5, periodSeconds: -1 }] },
      'policies[0].periodSeconds: Invalid value: -1: must be greater than zero',
    ],
  ])('checks rules: %j', (rules, message) => {
    for (const direction of ['scaleUp', 'scaleDown']) {
      expect(createErrors(definition, { spec: { ...spec, behavior: { [direction]: rules } } })).toEqual(
        message === undefined ? [] : [`spec.behavior.${direction}.${message}`],
      );
    }
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
