import { expect, it } from 'vitest';
import { createNodeUsage } from './node-usage.ts';
import type { PodAgent } from './pod-agent.ts';

const space = { memory: 2 ** 34, disk: 2 ** 40 };
const noLoads = { of: () => [] };

function agentOf(annotations: Record<string, string>, limit?: string): PodAgent {
  const spec = { name: 'c', ...(limit === undefined ? {} : { resources: { limits: { cpu: limit } } }) };
  return {
    runtime: {
      uid: 'u',
      pod: { metadata: { name: 'web', annotations }, spec: { containers: [spec] } },
      containers: [{ name: 'c', spec, state: { kind: 'running', startedAtMs: 0 } }],
    },
  } as unknown as PodAgent;
}

it('tells once of what is said of a usage and means nothing', () => {
  const told: string[] = [];
  const usage = createNodeUsage(noLoads, 0, space, (_, message) => void told.push(message));
  const message = (word: string) =>
    `drydock.dev/cpu-usage: neither a quantity nor a trace, and no expression: unknown name "${word}"`;
  // Another version of the Pod says the same.
  usage.read([agentOf({ 'drydock.dev/cpu-usage': 'much' })], 1000);
  usage.read([agentOf({ 'drydock.dev/cpu-usage': 'much' })], 2000);
  expect(told).toEqual([message('much')]);
  usage.read([agentOf({ 'drydock.dev/cpu-usage': 'more' })], 3000);
  expect(told).toEqual([message('much'), message('more')]);
  usage.read([agentOf({ 'drydock.dev/cpu-usage': '100m' })], 4000);
  expect(told).toHaveLength(2);
});

it('adds what a container was asked to use, up to its limit, for its time', () => {
  const usage = createNodeUsage(noLoads, 0, space, () => undefined);
  const agent = agentOf({ 'drydock.dev/cpu-usage': '100m' }, '500m');
  const [container] = agent.runtime.containers;
  const cpu = (atMs: number) => usage.read([agent], atMs).pods[0]?.containers[0];
  expect(cpu(1000)).toMatchObject({ cpu: 0.1, cpuSeconds: 0.1 });
  if (container === undefined) throw new Error('no container');
  container.consumption = [
    { cpu: 0.2, memory: 0, fromMs: 1000, untilMs: 5000 },
    { cpu: 0.9, memory: 0, fromMs: 3000, untilMs: 5000 },
  ];
  expect(cpu(2000)?.cpu).toBeCloseTo(0.3);
  expect(cpu(4000)?.cpu).toBeCloseTo(0.5);
  expect(cpu(6000)?.cpu).toBeCloseTo(0.1);
  // One second each: 0.1, 0.3, 0.3, 0.5, 0.5, 0.1.
  expect(cpu(6000)?.cpuSeconds).toBeCloseTo(1.8, 1);
});

it('keeps its own start, and what is left', () => {
  const reading = createNodeUsage(noLoads, 5000, space, () => undefined).read([], 65_000);
  expect(reading).toMatchObject({ startedAtMs: 5000, space, cpu: 0.05, cpuSeconds: 3, pods: [] });
});
