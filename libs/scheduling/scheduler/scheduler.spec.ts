import { Namespace, Service } from '@drydock/api/core/v1';
import { PodDisruptionBudget } from '@drydock/api/policy/v1';
import { describe, expect, it } from 'vitest';
import type { ExtenderConfiguration } from '../config/index.ts';

import { start } from './scheduler.spec-support.ts';

describe('the scheduler', () => {
  it('binds, and says so', async () => {
    const cluster = await start();
    await cluster.addNode('n1');
    await cluster.add({ name: 'a' });
    expect(await cluster.where('a')).toBe('n1');
    expect(await cluster.events('a')).toEqual(['Normal Scheduled Successfully assigned default/a to n1']);
  });

  it("says why no node does, in Kubernetes' words", async () => {
    const cluster = await start();
    await cluster.add({ name: 'early' });
    expect((await cluster.condition('early'))?.message).toBe('no nodes available to schedule pods');
    await cluster.addNode('small', { allocatable: { cpu: '1', memory: '1Gi', pods: '10' } });
    for (const name of ['t1', 't2'])
      await cluster.addNode(name, { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] });
    await cluster.add({ name: 'other', requests: { cpu: '600m' } });
    await cluster.add({ name: 'big', requests: { cpu: '600m' } });
    const message =
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). no new claims to deallocate, ' +
      'preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.';
    expect(await cluster.condition('big')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message,
    });
    expect(await cluster.events('big')).toEqual([`Warning FailedScheduling ${message}`]);
    const record = cluster.scheduler.explain('default/big');
    expect(record).toMatchObject({ outcome: 'unschedulable', nodeCount: 3, message });
    expect(record?.nodes.find(({ node: name }) => name === 'small')).toMatchObject({
      refusedBy: 'NodeResourcesFit',
      reasons: ['Insufficient cpu'],
      resolvable: true,
    });
  });

  it('tries again when something changed that may help', async () => {
    const cluster = await start();
    await cluster.addNode('n1', { allocatable: { cpu: '1', memory: '1Gi', pods: '10' } });
    await cluster.add({ name: 'a', requests: { cpu: '1' } });
    await cluster.add({ name: 'b', requests: { cpu: '1' } });
    expect(await cluster.where('b')).toBeUndefined();
    await cluster.pods.delete('a', { gracePeriodSeconds: 0 });
    await cluster.settle();
    expect(await cluster.where('b')).toBe('n1');
  });

  it('keeps gated Pods back until the gate is removed', async () => {
    const cluster = await start();
    await cluster.addNode('n1');
    await cluster.add({ name: 'a', spec: { schedulingGates: [{ name: 'example.com/g' }] } });
    expect(await cluster.where('a')).toBeUndefined();
    expect(cluster.scheduler.explain('default/a')).toMatchObject({
      outcome: 'gated',
      message: 'waiting for scheduling gates: [example.com/g]',
    });
    await cluster.pods.patch('a', { type: 'merge', body: { spec: { schedulingGates: null } } });
    await cluster.settle();
    expect(await cluster.where('a')).toBe('n1');
  });

  it('evicts the less important, nominates, and takes the place', async () => {
    const cluster = await start();
    await cluster.addNode('n1', { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } });
    await cluster.add({
      name: 'low',
      requests: { cpu: '1' },
      spec: { priority: 1 },
      labels: { app: 'guarded' },
    });
    await cluster.add({ name: 'lower', requests: { cpu: '1' }, spec: { priority: 0 } });
    await cluster.add({ name: 'high', requests: { cpu: '1' }, spec: { priority: 10 } });
    expect((await cluster.pods.get('high')).status?.nominatedNodeName ?? 'n1').toBe('n1');
    const events = await cluster.events('lower');
    expect(events.at(-1)).toMatch(/^Normal Preempted Preempted by pod [0-9a-f-]{36} on node n1$/);
    const victim = await cluster.pods.get('lower').catch(() => undefined);
    if (victim !== undefined) {
      expect(victim.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'default-scheduler: preempting to accommodate a higher priority pod',
        observedGeneration: 1,
      });
      await cluster.pods.delete('lower', { gracePeriodSeconds: 0 });
    }
    await cluster.settle();
    expect(await cluster.where('high')).toBe('n1');
    expect(await cluster.where('low')).toBe('n1');
  });

  it('spares what a budget guards where it can', async () => {
    const cluster = await start();
    for (const name of ['n1', 'n2'])
      await cluster.addNode(name, { allocatable: { cpu: '1', memory: '4Gi', pods: '10' } });
    await cluster.add({ name: 'guarded', requests: { cpu: '1' }, labels: { app: 'guarded' } });
    await cluster.add({ name: 'free', requests: { cpu: '1' } });
    await cluster.client
      .resource(PodDisruptionBudget)
      .namespace('default')
      .create({
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'b' },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
      } as PodDisruptionBudget);
    await cluster.settle();
    await cluster.add({ name: 'high', requests: { cpu: '1' }, spec: { priority: 10 } });
    expect(cluster.scheduler.explain('default/high')?.outcome).toBeDefined();
    expect((await cluster.events('guarded')).some((event) => event.includes('Preempted'))).toBe(false);
    expect((await cluster.events('free')).some((event) => event.includes('Preempted'))).toBe(true);
  });

  it('serves several schedulers by name, each with its own profile', async () => {
    const cluster = await start({
      configuration: {
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [
          {},
          {
            schedulerName: 'packer',
            pluginConfig: [
              {
                name: 'NodeResourcesFit',
                args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] } },
              },
            ],
            plugins: {
              score: { disabled: [{ name: '*' }], enabled: [{ name: 'NodeResourcesFit', weight: 5 }] },
            },
          },
        ],
      },
    });
    for (const name of ['n1', 'n2']) await cluster.addNode(name);
    for (const name of ['p1', 'p2', 'p3'])
      await cluster.add({ name, requests: { cpu: '100m' }, spec: { schedulerName: 'packer' } });
    const places = await Promise.all(['p1', 'p2', 'p3'].map(cluster.where));
    expect(new Set(places).size).toBe(1);
    await cluster.add({ name: 'nobody', spec: { schedulerName: 'unknown' } });
    expect(await cluster.where('nobody')).toBeUndefined();
    expect((await cluster.events('p1'))[0]).toContain('Scheduled');
  });

  it('holds a Pod back until its permit', async () => {
    const cluster = await start({
      plugins: {
        Gang: () => ({
          name: 'Gang',
          permit: () => ({ status: { code: 'Wait', reasons: [] }, timeoutMs: 60_000 }),
        }),
      },
      configuration: {
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Gang' }] } } }],
      },
    });
    await cluster.addNode('n1');
    await cluster.add({ name: 'a' });
    expect(await cluster.where('a')).toBeUndefined();
    expect(cluster.scheduler.waitingPods.get('default/a')?.pendingPlugins()).toEqual(['Gang']);
    cluster.scheduler.waitingPods.get('default/a')?.allow('Gang');
    await cluster.settle();
    expect(await cluster.where('a')).toBe('n1');
  });

  it('spreads the Pods of a service over nodes', async () => {
    const cluster = await start();
    for (const name of ['n1', 'n2', 'n3']) await cluster.addNode(name);
    await cluster.client
      .resource(Service)
      .namespace('default')
      .create({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's' },
        spec: { selector: { app: 'web' }, ports: [{ port: 80 }], clusterIP: 'None' },
      } as Service);
    await cluster.settle();
    for (const name of ['w1', 'w2', 'w3']) await cluster.add({ name, labels: { app: 'web' } });
    expect(new Set(await Promise.all(['w1', 'w2', 'w3'].map(cluster.where))).size).toBe(3);
  });

  describe('with extenders', () => {
    const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
    type Answer = (verb: string, body: Record<string, unknown>) => unknown;
    const withExtender = (answer: Answer, extender: Partial<ExtenderConfiguration>) =>
      start({
        configuration: {
          ...head,
          extenders: [{ urlPrefix: 'http://x', nodeCacheCapable: true, ...extender }],
        },
        extenderCaller: {
          post: (_, verb, body) =>
            Promise.resolve().then(() => answer(verb, body as Record<string, unknown>)),
        },
      });

    it('asks them to filter, to rate and to bind', async () => {
      const verbs: string[] = [];
      const cluster = await withExtender(
        (verb, body) => {
          verbs.push(verb);
          if (verb === 'filter') return { NodeNames: ['n2', 'n3'], FailedNodes: { n1: 'not on Mondays' } };
          return verb === 'rate' ? [{ Host: 'n3', Score: 10 }] : (verbs.push(String(body['Node'])), {});
        },
        { filterVerb: 'filter', prioritizeVerb: 'rate', weight: 100, bindVerb: 'bind' },
      );
      for (const name of ['n1', 'n2', 'n3']) await cluster.addNode(name);
      await cluster.add({ name: 'a' });
      expect(verbs).toEqual(['filter', 'rate', 'bind', 'n3']);
      const record = cluster.scheduler.explain('default/a');
      expect(record).toMatchObject({ outcome: 'scheduled', node: 'n3' });
      expect(record?.nodes[0]?.scores?.['http://x']).toBe(10_000);
      expect(record?.nodes.at(-1)).toMatchObject({
        node: 'n1',
        refusedBy: 'Extender',
        reasons: ['not on Mondays'],
      });
    });

    it('tells their reasons, and tries again after any event', async () => {
      let open = false;
      const cluster = await withExtender(
        () =>
          open ? { NodeNames: ['n1'] } : { NodeNames: [], FailedAndUnresolvableNodes: { n1: 'closed' } },
        { filterVerb: 'filter' },
      );
      await cluster.addNode('n1');
      await cluster.add({ name: 'a' });
      expect((await cluster.condition('a'))?.message).toMatch(/^0\/1 nodes are available: 1 closed\. /);
      open = true;
      await cluster.client
        .resource(Namespace)
        .create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'any' } } as Namespace);
      await cluster.clock.advance(2_000);
      await cluster.settle();
      expect(await cluster.where('a')).toBe('n1');
    });

    it('fails the attempt when one fails that matters, and goes on when it may be ignored', async () => {
      const broken = () => {
        throw new Error('Post "http://x/filter": dial tcp 127.0.0.1:1: connect: connection refused');
      };
      const strict = await withExtender(broken, { filterVerb: 'filter' });
      await strict.addNode('n1');
      await strict.add({ name: 'a' });
      expect(await strict.condition('a')).toMatchObject({
        reason: 'SchedulerError',
        message: 'Post "http://x/filter": dial tcp 127.0.0.1:1: connect: connection refused',
      });
      const easy = await withExtender(broken, { filterVerb: 'filter', ignorable: true });
      await easy.addNode('n1');
      await easy.add({ name: 'a' });
      expect(await easy.where('a')).toBe('n1');
    });

    it('leaves Pods alone that want nothing of what they manage, and counts that in their place', async () => {
      let asked = 0;
      const cluster = await withExtender(() => (asked++, { NodeNames: ['n1'] }), {
        filterVerb: 'filter',
        managedResources: [{ name: 'example.com/gpu', ignoredByScheduler: true }],
      });
      await cluster.addNode('n1');
      await cluster.add({ name: 'plain' });
      expect([asked, await cluster.where('plain')]).toEqual([0, 'n1']);
      // The node offers none: the extender knows better.
      const resources = { limits: { 'example.com/gpu': '1' } };
      await cluster.add({ name: 'gpu', containers: [{ name: 'c', image: 'i', resources }] });
      expect([asked, await cluster.where('gpu')]).toEqual([1, 'n1']);
    });

    it('lets them choose among the nodes where Pods would be evicted', async () => {
      const cluster = await withExtender(
        (_, body) => {
          const all = body['NodeNameToMetaVictims'] as Record<string, unknown>;
          return { NodeNameToMetaVictims: { n2: all['n2'] } };
        },
        { preemptVerb: 'preempt' },
      );
      for (const name of ['n1', 'n2'])
        await cluster.addNode(name, { allocatable: { cpu: '1', memory: '4Gi', pods: '10' } });
      await cluster.add({ name: 'cheap', requests: { cpu: '1' }, spec: { priority: 0 } });
      await cluster.add({ name: 'dear', requests: { cpu: '1' }, spec: { priority: 5 } });
      const onSecond = (await cluster.where('cheap')) === 'n2' ? 'cheap' : 'dear';
      await cluster.add({ name: 'high', requests: { cpu: '1' }, spec: { priority: 10 } });
      const evicted = (await cluster.events(onSecond)).some((event) => event.includes('on node n2'));
      expect(evicted).toBe(true);
    });
  });
});
