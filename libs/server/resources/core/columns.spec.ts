import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../../registry/types.ts';
import { renderTable } from '../../tables/index.ts';
import { createdForm, now, sample, tableRow } from '../common/definition.spec-support.ts';
import { coreDefinitions } from './index.ts';

function definition(kind: string): ResourceDefinition {
  const found = coreDefinitions.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

function row(kind: string, fields: object, meta: object = {}): Record<string, unknown> {
  return tableRow(definition(kind), sample(definition(kind), fields, meta));
}

describe('tables of the core kinds', () => {
  it('show the addresses of a balancer once each, in order', () => {
    const ingress = [{ ip: '9.9.9.9' }, { hostname: 'lb.example' }, { ip: '1.1.1.1' }, { ip: '9.9.9.9' }, {}];
    const service = (spec: object, status = {}) => row('Service', { spec, status })['External-IP'];
    const balancer = { type: 'LoadBalancer', ports: [{ port: 80 }] };
    expect(service(balancer, { loadBalancer: { ingress } })).toBe('1.1.1.1,9.9.9.9,lb.example');
    expect(service({ ...balancer, externalIPs: ['5.5.5.5'] }, { loadBalancer: { ingress } })).toBe(
      '1.1.1.1,9.9.9.9,lb.example,5.5.5.5',
    );
    expect(service(balancer)).toBe('<pending>');
    expect(service({ type: 'ExternalName', externalName: 'a.example' })).toBe('a.example');
  });

  it('show events of both ways of reporting', () => {
    const fresh = { firstTimestamp: null, lastTimestamp: null, eventTime: '2026-01-01T00:04:00.000000Z' };
    expect(row('Event', { ...fresh, count: 0, involvedObject: { kind: 'Node' } })).toMatchObject({
      'Last Seen': '60s',
      'First Seen+': '60s',
      'Count+': 1,
      Object: 'node',
    });
    const series = { count: 7, lastObservedTime: '2026-01-01T00:04:50.000000Z' };
    expect(row('Event', { ...fresh, series })).toMatchObject({
      'Last Seen': '10s',
      'First Seen+': '60s',
      'Count+': 7,
    });
    expect(row('Event', {})['Last Seen']).toBe('<unknown>');
  });

  it('tell of a Pod how it went', () => {
    const main = { containers: [{ name: 'a', image: 'x' }] };
    const state = (one: object, phase = 'Running') =>
      row('Pod', { spec: main, status: { phase, containerStatuses: [{ name: 'a', ...one }] } });
    expect(state({ state: { terminated: { signal: 9, exitCode: 137 } }, restartCount: 2 })).toMatchObject({
      Status: 'Signal:9',
      Restarts: '2',
    });
    const lastState = { terminated: { exitCode: 1, finishedAt: null } };
    expect(state({ restartCount: 1, lastState })['Restarts']).toBe('1');
    const ended = { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:00:00Z' } };
    expect(state({ restartCount: 3, lastState: ended })['Restarts']).toBe('3 (5m ago)');
    expect(state({ state: { waiting: { reason: 'ImagePullBackOff' } } }, 'Pending')['Status']).toBe(
      'ImagePullBackOff',
    );
  });

  it('mark the rows of Pods that are over', () => {
    const pods = ['Running', 'Succeeded', 'Failed'].map((phase) => {
      const pod = createdForm(definition('Pod'), { spec: { containers: [{ name: 'a', image: 'x' }] } });
      return { ...pod, status: { phase } } as unknown as KubeObject;
    });
    const options = { apiVersion: 'meta.k8s.io/v1', includeObject: 'None', now } as const;
    const { rows } = renderTable(definition('Pod'), pods, {}, options);
    expect(rows.map(({ conditions }) => conditions)).toEqual([
      undefined,
      [
        {
          type: 'Completed',
          status: 'True',
          reason: 'Succeeded',
          message: 'The pod has completed successfully.',
        },
      ],
      [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
    ]);
  });
});
