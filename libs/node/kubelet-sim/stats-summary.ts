import { formatTime } from '@drydock/base/apimachinery';
import type { NodeReading } from './node-usage.ts';

interface Use {
  readonly cpuSeconds: number;
  readonly cpu: number;
  readonly memory: number;
}

/** Linux' own limit of processes on a machine of 64 bits. */
const maxPid = 4_194_304;

function figures({ cpu, cpuSeconds, memory }: Use, time: string, memorySpace?: number) {
  const bytes = Math.round(memory);
  return {
    cpu: {
      time,
      usageNanoCores: Math.round(cpu * 1e9),
      usageCoreNanoSeconds: Math.round(cpuSeconds * 1e9),
    },
    memory: {
      time,
      ...(memorySpace === undefined ? {} : { availableBytes: Math.max(0, memorySpace - bytes) }),
      usageBytes: bytes,
      workingSetBytes: bytes,
      rssBytes: bytes,
      pageFaults: 0,
      majorPageFaults: 0,
    },
    swap: { time, swapUsageBytes: 0, ...(memorySpace === undefined ? {} : { swapAvailableBytes: 0 }) },
  };
}

/** `/stats/summary`. Simulated containers take no disk, and have no network that could be measured. */
export function statsSummary(nodeName: string, reading: NodeReading, nowMs: number): unknown {
  const time = formatTime(nowMs);
  let processes = 0;
  const pods = reading.pods.map(({ agent: { runtime }, containers }) => {
    const sum = { cpuSeconds: 0, cpu: 0, memory: 0 };
    for (const one of containers) {
      sum.cpuSeconds += one.cpuSeconds;
      sum.cpu += one.cpu;
      sum.memory += one.memory;
    }
    processes += containers.length;
    return {
      podRef: {
        name: runtime.pod.metadata.name,
        namespace: runtime.pod.metadata.namespace,
        uid: runtime.uid,
      },
      startTime: formatTime(runtime.startedAtMs),
      containers: containers.map((one) => ({
        name: one.name,
        startTime: formatTime(one.startedAtMs),
        ...figures(one, time),
      })),
      ...figures(sum, time),
      process_stats: { process_count: containers.length },
    };
  });
  const { startedAtMs, space } = reading;
  const disk = { time, availableBytes: space.disk, capacityBytes: space.disk, usedBytes: 0 };
  return {
    node: {
      nodeName,
      startTime: formatTime(startedAtMs),
      ...figures(reading, time, space.memory),
      fs: disk,
      runtime: { imageFs: disk, containerFs: disk },
      rlimit: { time, maxpid: maxPid, curproc: processes },
    },
    pods,
  };
}
