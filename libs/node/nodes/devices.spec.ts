import { describe, expect, it } from 'vitest';
import type { Node } from '@drydock/api/core/v1';
import { devicesAnnotation, simulatedSlices } from './index.ts';

const slices = (devices: string) =>
  simulatedSlices({
    metadata: { name: 'node-0', uid: 'u', annotations: { [devicesAnnotation]: devices } },
  } as Node);

describe('the devices of a simulated driver', () => {
  it('are as the annotation says', () => {
    const [gpus, nics] = slices(
      'gpu.example.com=2;model=a100;memory=40Gi;driverVersion=1.2.3;numa=1;healthy=true, nic.example.com=1',
    );
    expect(gpus?.metadata.name).toBe('node-0-gpu.example.com');
    expect(gpus?.spec).toMatchObject({
      driver: 'gpu.example.com',
      nodeName: 'node-0',
      pool: { name: 'node-0', generation: 1, resourceSliceCount: 1 },
    });
    expect(gpus?.spec.devices).toEqual(
      [0, 1].map((index) => ({
        name: `gpu-${index}`,
        attributes: {
          index: { int: index },
          model: { string: 'a100' },
          driverVersion: { version: '1.2.3' },
          numa: { int: 1 },
          healthy: { bool: true },
        },
        capacity: { memory: { value: '40Gi' } },
      })),
    );
    expect(nics?.spec.devices?.map(({ name }) => name)).toEqual(['nic-0']);
  });

  it.each(['', 'gpu', 'gpu=', '=2', 'gpu=many', 'UPPER=1', ' , '])('are none for %j', (text) => {
    expect(slices(text)).toEqual([]);
  });
});
