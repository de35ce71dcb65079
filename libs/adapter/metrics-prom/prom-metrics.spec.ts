import { describe, expect, it } from 'vitest';
import { createPromMetrics } from './prom-metrics.ts';

describe('createPromMetrics', () => {
  it('exposes counters, gauges and histograms by label', async () => {
    const metrics = createPromMetrics({ processMetrics: false });
    const requests = metrics.counter({ name: 'requests_total', help: 'Requests.', labels: ['verb', 'code'] });
    const labels = ['get', '200'];
    requests.inc(labels);
    requests.inc(labels);
    requests.inc(['get', '200'], 3);
    requests.inc(['list', '200']);
    metrics.gauge({ name: 'depth', help: 'Depth.' }).set(7);
    metrics
      .histogram({ name: 'latency_seconds', help: 'Latency.', labels: ['verb'], buckets: [0.1, 1] })
      .observe(0.5, ['get']);

    const text = await metrics.expose();
    expect(text).toContain('# TYPE requests_total counter');
    expect(text).toContain('requests_total{verb="get",code="200"} 5');
    expect(text).toContain('requests_total{verb="list",code="200"} 1');
    expect(text).toContain('depth 7');
    expect(text).toContain('latency_seconds_bucket{le="0.1",verb="get"} 0');
    expect(text).toContain('latency_seconds_bucket{le="1",verb="get"} 1');
    expect(await metrics.expose()).toBe(text);
  });

  it('asks for what is cheaper to look up than to follow', async () => {
    const metrics = createPromMetrics({ processMetrics: false });
    let size = 3;
    metrics.gauge({
      name: 'size',
      help: 'Size.',
      labels: ['of'],
      collect: (gauge) => gauge.set(size, ['boats']),
    });
    expect(await metrics.expose()).toContain('size{of="boats"} 3');
    size = 4;
    expect(await metrics.expose()).toContain('size{of="boats"} 4');
  });

  it('gives the same metric for the same name', async () => {
    const metrics = createPromMetrics({ processMetrics: false });
    metrics.counter({ name: 'a_total', help: 'A.' }).inc();
    metrics.counter({ name: 'a_total', help: 'A.' }).inc();
    expect(await metrics.expose()).toContain('a_total 2');
  });

  it('brings the figures of the process unless told not to', async () => {
    expect(await createPromMetrics().expose()).toContain('process_cpu_seconds_total');
    expect(await createPromMetrics({ processMetrics: false }).expose()).not.toContain('process_cpu');
  });
});
