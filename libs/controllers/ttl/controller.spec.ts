import { afterEach, describe, expect, it } from 'vitest';
import { Node } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createTtlController, nextStep, ttlSeconds } from './index.ts';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.stop());

describe('ttl-controller', () => {
  it.each([
    [0, 100, 0, 0],
    [0, 101, 1, 15],
    [1, 95, 1, 15],
    [1, 89, 0, 0],
    [0, 5000, 4, 300],
    [5, 50, 0, 0],
    [4, 20_000, 5, 600],
  ])('from step %d with %d nodes', (from, nodes, step, seconds) => {
    expect(nextStep(from, nodes)).toBe(step);
    expect(ttlSeconds(step)).toBe(seconds);
  });

  it('annotates nodes', async () => {
    cluster = await startCluster();
    const nodes = cluster.client.resource(Node);
    cluster.run(createTtlController);
    await nodes.create({ metadata: { name: 'a' } });
    await cluster.until(
      async () => (await nodes.get('a')).metadata.annotations?.['node.alpha.kubernetes.io/ttl'] === '0',
    );
  });

  it('annotates all anew when the cluster has another size', async () => {
    const running = (cluster = await startCluster());
    const nodes = running.client.resource(Node);
    running.run(createTtlController);
    const all = async (seconds: string) =>
      (await running.list(Node)).every(
        ({ metadata }) => metadata.annotations?.['node.alpha.kubernetes.io/ttl'] === seconds,
      );
    const create = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, at) => nodes.create({ metadata: { name: `n${from + at}` } })),
      );
    await create(0, 100);
    await running.until(() => all('0'));
    await create(100, 101);
    await running.until(() => all('15'));
    for (let at = 0; at < 12; at++) await nodes.delete(`n${at}`);
    await running.until(() => all('0'));
  });
});
