import type { NodeReading } from './node-usage.ts';

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly lines: string[];
}

const escape = (text: string) => text.replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`));

/** `/metrics/resource`, in the Prometheus text format, as kubelets write it. */
export function resourceMetrics(reading: NodeReading, nowMs: number): string {
  const family = (name: string, type: Family['type'], help: string): Family => ({
    name,
    type,
    help,
    lines: [],
  });
  const containerCpu = family(
    'container_cpu_usage_seconds_total',
    'counter',
    '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
  );
  const containerMemory = family(
    'container_memory_working_set_bytes',
    'gauge',
    '[STABLE] Current working set of the container in bytes',
  );
  const containerStart = family(
    'container_start_time_seconds',
    'gauge',
    '[STABLE] Start time of the container since unix epoch in seconds',
  );
  const nodeCpu = family(
    'node_cpu_usage_seconds_total',
    'counter',
    '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
  );
  const nodeMemory = family(
    'node_memory_working_set_bytes',
    'gauge',
    '[STABLE] Current working set of the node in bytes',
  );
  const podCpu = family(
    'pod_cpu_usage_seconds_total',
    'counter',
    '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
  );
  const podMemory = family(
    'pod_memory_working_set_bytes',
    'gauge',
    '[STABLE] Current working set of the pod in bytes',
  );
  const errors = family(
    'resource_scrape_error',
    'gauge',
    '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
  );
  for (const { agent, containers } of reading.pods) {
    const { name = '', namespace = '' } = agent.runtime.pod.metadata;
    const pod = `namespace="${escape(namespace)}",pod="${escape(name)}"`;
    let seconds = 0;
    let bytes = 0;
    for (const one of containers) {
      const labels = `{container="${escape(one.name)}",${pod}}`;
      containerCpu.lines.push(`${containerCpu.name}${labels} ${one.cpuSeconds} ${nowMs}`);
      containerMemory.lines.push(`${containerMemory.name}${labels} ${Math.round(one.memory)} ${nowMs}`);
      containerStart.lines.push(`${containerStart.name}${labels} ${one.startedAtMs / 1000}`);
      seconds += one.cpuSeconds;
      bytes += one.memory;
    }
    podCpu.lines.push(`${podCpu.name}{${pod}} ${seconds} ${nowMs}`);
    podMemory.lines.push(`${podMemory.name}{${pod}} ${Math.round(bytes)} ${nowMs}`);
  }
  nodeCpu.lines.push(`${nodeCpu.name} ${reading.cpuSeconds} ${nowMs}`);
  nodeMemory.lines.push(`${nodeMemory.name} ${Math.round(reading.memory)} ${nowMs}`);
  errors.lines.push(`${errors.name} 0`);
  return [containerCpu, containerMemory, containerStart, nodeCpu, nodeMemory, podCpu, podMemory, errors]
    .filter(({ lines }) => lines.length > 0)
    .map(
      ({ name, type, help, lines }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`,
    )
    .join('');
}
