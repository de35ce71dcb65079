import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '@drydock/base/clock';
import type { BackendRequest } from '@drydock/port/kubelet';
import { consumedAt, consuming, type ContainerRuntime } from '../pods/index.ts';
import { UnreachableError, type PodNetwork } from '../shell/index.ts';
import { resourceConsumer, resourceConsumerController } from './resource-consumer.ts';

const asks = (target: string, method = 'POST', body = ''): BackendRequest => {
  const [path = '', query = ''] = target.split('?');
  return {
    ...{ method, path, query },
    headers: new Map(body === '' ? [] : [['content-type', 'application/x-www-form-urlencoded']]),
    body: new TextEncoder().encode(body),
  };
};
const said = async (answer: Promise<{ status: number; body: Uint8Array }>) => {
  const { status, body } = await answer;
  return `${status} ${new TextDecoder().decode(body)}`;
};

describe('a consumer', () => {
  it('uses what it is asked to, for as long, and more if it is asked again', async () => {
    const clock = createVirtualClock();
    const container = {} as ContainerRuntime;
    const ask = (target: string, body = '') =>
      said(resourceConsumer(container, asks(target, 'POST', body), clock));
    const used = (resource: 'cpu' | 'memory') => consumedAt(container.consumption, resource, 0, clock.now());
    expect(await ask('/ConsumeCPU', 'millicores=300&durationSec=30')).toBe(
      '200 ConsumeCPU\n300 millicores\n30 durationSec\n',
    );
    await clock.advance(20_000);
    await ask('/ConsumeCPU?millicores=200&durationSec=30');
    await ask('/ConsumeMem?megabytes=64&durationSec=5');
    expect([used('cpu'), used('memory')]).toEqual([0.5, 64 * 2 ** 20]);
    await clock.advance(10_000);
    expect([used('cpu'), used('memory')]).toEqual([0.2, 0]);
    await clock.advance(20_000);
    expect(used('cpu')).toBe(0);
  });

  it('bumps metrics for a while', async () => {
    const clock = createVirtualClock();
    const container = {} as ContainerRuntime;
    const ask = (target: string) => said(resourceConsumer(container, asks(target), clock));
    await ask('/BumpMetric?metric=qps&delta=10&durationSec=60');
    await ask('/BumpMetric?metric=qps&delta=2.5&durationSec=10');
    const metrics = (value: string) => `200 # HELP qps info message.\n# TYPE qps gauge\nqps ${value}\n`;
    expect(await ask('/metrics')).toBe(metrics('12.500000'));
    await clock.advance(10_000);
    expect(await ask('/metrics')).toBe(metrics('10.000000'));
    await clock.advance(50_000);
    expect(await ask('/metrics')).toBe(metrics('0.000000'));
  });

  it.each([
    ['GET', '/ConsumeCPU', '400 Bad request. Not a POST request\n'],
    ['POST', '/ConsumeCPU?millicores=1', '400 not given function argument\n'],
    ['POST', '/ConsumeCPU?millicores=x&durationSec=1', '400 incorrect function argument\n'],
    ['POST', '/ConsumeMem?megabytes=1.5&durationSec=1', '400 incorrect function argument\n'],
    ['POST', '/Other', '404 unknown function: /Other\n'],
  ])('%s %s: %j', async (method, target, answer) => {
    const container = {} as ContainerRuntime;
    expect(await said(resourceConsumer(container, asks(target, method), createVirtualClock()))).toBe(answer);
    expect(container.consumption).toBeUndefined();
  });

  it('forgets with its container, and in time', () => {
    const one = { cpu: 1, memory: 0, fromMs: 1000, untilMs: 9000 };
    expect(consumedAt([one], 'cpu', 2000, 3000)).toBe(0);
    expect(consuming([one], { ...one, untilMs: 400_000 }, 400_000)).toHaveLength(1);
  });
});

describe('the controller of consumers', () => {
  const flags = { service: 'web', namespace: 'shop', port: 80 };
  function consumers(isThere: boolean) {
    const asked: string[] = [];
    const network: PodNetwork = {
      ownIp: () => '10.0.0.1',
      resolve: (name) => Promise.resolve(name === 'web.shop.svc.cluster.local' ? ['10.96.0.9'] : []),
      request(address, port, { method, path, body }) {
        if (!isThere) return Promise.reject(new UnreachableError('refused'));
        asked.push(`${method} ${address}:${port}${path} ${new TextDecoder().decode(body)}`);
        return Promise.resolve({ status: 200, headers: {}, body: new Uint8Array() });
      },
      connect: () => Promise.resolve(),
    };
    return { asked, network };
  }

  it('asks for a load in portions', async () => {
    const { asked, network } = consumers(true);
    const target = '/ConsumeCPU?millicores=250&durationSec=30&requestSizeMillicores=100';
    expect(await said(resourceConsumerController(flags, network, asks(target)))).toBe(
      '200 RC manager: sending 2 requests to consume 100 millicores each and 1 request to consume 50 millicores\n' +
        'Consumed 100 millicores\nConsumed 100 millicores\nConsumed 50 millicores\n',
    );
    expect(asked).toEqual([
      'POST 10.96.0.9:80/ConsumeCPU millicores=100&durationSec=30',
      'POST 10.96.0.9:80/ConsumeCPU millicores=100&durationSec=30',
      'POST 10.96.0.9:80/ConsumeCPU millicores=50&durationSec=30',
    ]);
    const bump = '/BumpMetric?metric=QPS&delta=10&durationSec=30&requestSizeMetrics=10';
    expect(await said(resourceConsumerController(flags, network, asks(bump)))).toContain(
      'Bumped metric QPS by 10',
    );
    expect(asked.at(-1)).toBe('POST 10.96.0.9:80/BumpMetric delta=10&durationSec=30&metric=QPS');
  });

  it.each([
    ['GET', '/ConsumeCPU', '400 Bad request. Not a POST request\n'],
    ['POST', '/Other', '404 unknown function\n'],
    ['POST', '/ConsumeMem?megabytes=1&durationSec=1', '400 not given function argument\n'],
    [
      'POST',
      '/ConsumeMem?megabytes=1&durationSec=1&requestSizeMegabytes=0',
      '400 incorrect function argument\n',
    ],
  ])('%s %s: %j', async (method, target, answer) => {
    const { network } = consumers(true);
    expect(await said(resourceConsumerController(flags, network, asks(target, method)))).toBe(answer);
  });

  it('says that there is no consumer', async () => {
    const target = '/ConsumeMem?megabytes=10&durationSec=1&requestSizeMegabytes=10';
    const { network } = consumers(false);
    expect(await said(resourceConsumerController(flags, network, asks(target)))).toContain(
      'Failed to connect to consumer: ',
    );
  });
});
