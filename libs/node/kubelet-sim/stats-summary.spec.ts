import { expect, it } from 'vitest';
import type { NodeReading } from './node-usage.ts';
import { resourceMetrics } from './resource-metrics.ts';
import { statsSummary } from './stats-summary.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const container = (name: string, cores: number) => ({
  name,
  startedAtMs: nowMs - 10_000,
  cpuSeconds: 10 * cores,
  cpu: cores,
  memory: 2 ** 20,
});
const reading = {
  startedAtMs: nowMs - 60_000,
  space: { memory: 2 ** 30, disk: 2 ** 40 },
  cpuSeconds: 60,
  cpu: 1,
  memory: 2 ** 29,
  pods: [
    {
      agent: {
        runtime: {
          pod: { metadata: { name: 'web', namespace: 'shop' } },
          uid: 'u',
          startedAtMs: nowMs - 11_000,
        },
      },
      containers: [container('a', 0.25), container('b', 0.5)],
    },
  ],
} as unknown as NodeReading;

it('sums up a node and its Pods', () => {
  expect(statsSummary('node-0', reading, nowMs)).toMatchObject({
    node: {
      nodeName: 'node-0',
      startTime: '2026-01-01T11:59:00Z',
      cpu: { time: '2026-01-01T12:00:00Z', usageNanoCores: 1e9, usageCoreNanoSeconds: 60e9 },
      memory: { availableBytes: 2 ** 29, usageBytes: 2 ** 29, workingSetBytes: 2 ** 29, rssBytes: 2 ** 29 },
      fs: { capacityBytes: 2 ** 40 },
      rlimit: { curproc: 2 },
    },
    pods: [
      {
        podRef: { name: 'web', namespace: 'shop', uid: 'u' },
        startTime: '2026-01-01T11:59:49Z',
        cpu: { usageNanoCores: 750e6, usageCoreNanoSeconds: 7.5e9 },
        memory: { workingSetBytes: 2 ** 21 },
        process_stats: { process_count: 2 },
        containers: [
          { name: 'a', startTime: '2026-01-01T11:59:50Z', cpu: { usageNanoCores: 250e6 } },
          { name: 'b', memory: { workingSetBytes: 2 ** 20 } },
        ],
      },
    ],
  });
});

it('tells the same as counters and gauges', () => {
  const lines = resourceMetrics(reading, nowMs).split('\n');
  const of = 'namespace="shop",pod="web"';
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    `container_cpu_usage_seconds_total{container="a",${of}} 2.5 ${nowMs}`,
    `container_cpu_usage_seconds_total{container="b",${of}} 5 ${nowMs}`,
    `container_memory_working_set_bytes{container="a",${of}} 1048576 ${nowMs}`,
    `container_memory_working_set_bytes{container="b",${of}} 1048576 ${nowMs}`,
    `container_start_time_seconds{container="a",${of}} ${(nowMs - 10_000) / 1000}`,
    `container_start_time_seconds{container="b",${of}} ${(nowMs - 10_000) / 1000}`,
    `node_cpu_usage_seconds_total 60 ${nowMs}`,
    `node_memory_working_set_bytes 536870912 ${nowMs}`,
    `pod_cpu_usage_seconds_total{${of}} 7.5 ${nowMs}`,
    `pod_memory_working_set_bytes{${of}} 2097152 ${nowMs}`,
    'resource_scrape_error 0',
  ]);
  expect(lines[0]).toBe(
    '# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds',
  );
  expect(lines[1]).toBe('# TYPE container_cpu_usage_seconds_total counter');
});
