import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deployment } from '@drydock/api/apps/v1';
import { Pod } from '@drydock/api/core/v1';
import { HorizontalPodAutoscaler, type MetricSpec } from '@drydock/api/autoscaling/v2';
import { allDefinitions } from '@drydock/server/resources';
import { createDeploymentController } from '../deployment/index.ts';
import { createReplicaSetController } from '../replicaset/index.ts';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createHpaController, explainDecision, type HpaController, type MetricsClient } from './index.ts';

const cpu = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

describe('the autoscaler', () => {
  let cluster: TestCluster;
  let controller: HpaController;
  /** Of each Pod, milli-CPU; undefined: the API fails. */
  let use: number | undefined;
  const web = () => cluster.client.resource(Deployment).namespace('default');
  const autoscalers = () => cluster.client.resource(HorizontalPodAutoscaler).namespace('default');

  const metrics: MetricsClient = {
    async resource({ selector }) {
      const pods = (await cluster.list(Pod, 'default')).filter(
        ({ metadata }) => selector === `app=${metadata.labels?.['app'] ?? ''}`,
      );
      if (use === undefined) throw new Error('no metrics returned from resource metrics API');
      const value = use;
      const sample = { value, timestampMs: cluster.clock.now(), windowMs: 10_000 };
      return new Map(pods.map(({ metadata }) => [metadata.name ?? '', sample]));
    },
    pods: () => Promise.resolve(new Map()),
    object: () => Promise.resolve(0),
    external: () => Promise.resolve([5000, 7000]),
  };

  beforeEach(async () => {
    cluster = await startCluster();
    use = 100;
    cluster.kubelet();
    cluster.run(createDeploymentController);
    cluster.run(createReplicaSetController);
    cluster.run(
      (deps) =>
        (controller = createHpaController(
          {
            resources: () => allDefinitions,
            metrics,
            cpuInitializationMs: 0,
            downscaleStabilizationMs: 60_000,
          },
          deps,
        )),
    );
    const template = podTemplate({ app: 'web' });
    const [container] = template.spec.containers;
    await web().create({
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: {
          ...template,
          spec: { containers: [{ ...container, resources: { requests: { cpu: '200m' } } }] },
        },
      },
    } as Deployment);
  });
  afterEach(() => cluster.stop());

  const autoscale = (name: string, metric: MetricSpec, more: object = {}) =>
    autoscalers().create({
      metadata: { name },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 5,
        metrics: [metric],
        ...more,
      },
    } as HorizontalPodAutoscaler);
  const replicas = async () => (await web().get('web')).spec?.replicas;
  const conditions = async (name: string) =>
    (await autoscalers().get(name)).status?.conditions?.map(
      ({ type, status, reason }) => `${type}=${status} ${reason ?? ''}`,
    );

  it('scales up, holds, and scales down, and tells why', async () => {
    await autoscale('web', cpu(25));
    await cluster.until(async () => (await replicas()) === 4);
    expect(await cluster.events('web')).toContain(
      'Normal SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target',
    );
    const { status } = await autoscalers().get('web');
    expect(status).toMatchObject({
      currentReplicas: 2,
      desiredReplicas: 4,
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '100m' } },
        },
      ],
    });
    expect(await conditions('web')).toEqual([
      'AbleToScale=True SucceededRescale',
      'ScalingActive=True ValidMetricFound',
      'ScalingLimited=False DesiredWithinRange',
    ]);
    const [decision] = controller.decisions('default', 'web');
    expect(decision && explainDecision(decision)).toContain('Outcome:  2 → 4');
    use = 10;
    await cluster.until(
      async () => (await conditions('web'))?.[0] === 'AbleToScale=True ScaleDownStabilized',
    );
    expect(await replicas()).toBe(4);
    await cluster.until(async () => (await replicas()) === 1, 120_000);
    expect(await cluster.events('web')).toContain(
      'Normal SuccessfulRescale New size: 1; reason: All metrics below target',
    );
  });

  it('adds up external metrics', async () => {
    await autoscale('web', {
      type: 'External',
      external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '4' } },
    });
    await cluster.until(async () => (await replicas()) === 3);
    expect(controller.decisions('default', 'web')[0]?.reason).toBe('external metric queue(nil) above target');
  });

  it('says what it cannot do', async () => {
    use = undefined;
    await autoscale('web', cpu(50));
    await autoscale('lost', cpu(50), {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'lost' },
    });
    await autoscale('odd', cpu(50), {
      scaleTargetRef: { apiVersion: 'example.com/v1', kind: 'Odd', name: 'odd' },
    });
    await cluster.until(async () => (await conditions('odd'))?.[0] === 'AbleToScale=False FailedGetScale');
    await cluster.until(async () => (await conditions('lost'))?.[0] === 'AbleToScale=False FailedGetScale');
    await cluster.until(
      async () => (await conditions('web'))?.[1] === 'ScalingActive=False FailedGetResourceMetric',
    );
    expect(await cluster.events('odd')).toContain(
      'Warning FailedGetScale no matches for kind "Odd" in group "example.com"',
    );
    expect(await cluster.events('lost')).toContain(
      'Warning FailedGetScale deployments.apps "lost" not found',
    );
    const failure =
      'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API';
    await cluster.until(async () => (await cluster.events('web')).length >= 3);
    expect((await cluster.events('web')).filter((text) => text.startsWith('Warning'))).toEqual([
      `Warning FailedGetResourceMetric ${failure}`,
      `Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${failure}`,
    ]);
  });

  it('refuses Pods that two autoscalers select, and does nothing at zero', async () => {
    await autoscale('one', cpu(50));
    await autoscale('two', cpu(50));
    await cluster.until(
      async () => (await conditions('two'))?.[1] === 'ScalingActive=False AmbiguousSelector',
    );
    expect((await cluster.events('two'))[0]).toBe(
      'Warning AmbiguousSelector pods by selector app=web are controlled by multiple HPAs: [{one default} {two default}]',
    );
    await web().patch('web', { type: 'merge', body: { spec: { replicas: 0 } } });
    await cluster.until(async () => (await conditions('two'))?.[1] === 'ScalingActive=False ScalingDisabled');
  });
});
