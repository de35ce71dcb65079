import type { Counter, Gauge, Histogram, Metrics } from '@drydock/port/observability';
import { describe, expect, it } from 'vitest';
import { allDefinitions } from '../resources/index.ts';
import { createRequestMetrics, type MeasuredRequest } from './request-metrics.ts';
import { parseResourcePath } from './resource-path.ts';

/** What was told, as `name{values} value`. */
function recording() {
  const counts = new Map<string, number>();
  const add = (name: string, labels: readonly string[] = [], by = 1) => {
    const key = `${name}{${labels.join(',')}}`;
    counts.set(key, (counts.get(key) ?? 0) + by);
  };
  const metrics: Metrics = {
    counter: ({ name }): Counter => ({ inc: (labels, by) => add(name, labels, by) }),
    gauge: ({ name }): Gauge => ({
      set: (value, labels = []) => void counts.set(`${name}{${labels.join(',')}}`, value),
    }),
    histogram: ({ name }): Histogram => ({ observe: (value, labels) => add(name, labels, value) }),
    expose: () => Promise.resolve(''),
  };
  return { counts, measured: createRequestMetrics(metrics) };
}

function asked(method: string, url: string, more: Partial<MeasuredRequest> = {}): MeasuredRequest {
  const path = parseResourcePath(url);
  const definition = allDefinitions.find(
    ({ group, version, resource }) =>
      group === path?.ref.group && version === path.ref.version && resource === path.ref.resource,
  );
  return { method, path, definition, isWatch: false, isApply: false, isDryRun: false, ...more };
}

describe('metrics of requests', () => {
  const pods = '/api/v1/namespaces/default/pods';
  it.each<[MeasuredRequest, string]>([
    [asked('GET', `${pods}/p`), 'GET,,,v1,pods,,resource,apiserver'],
    [asked('HEAD', `${pods}/p`), 'GET,,,v1,pods,,resource,apiserver'],
    [asked('GET', pods), 'LIST,,,v1,pods,,namespace,apiserver'],
    [asked('GET', '/api/v1/pods'), 'LIST,,,v1,pods,,cluster,apiserver'],
    [asked('GET', pods, { isWatch: true }), 'WATCH,,,v1,pods,,namespace,apiserver'],
    [asked('POST', pods, { isDryRun: true }), 'POST,All,,v1,pods,,resource,apiserver'],
    [asked('PATCH', `${pods}/p`, { isApply: true }), 'APPLY,,,v1,pods,,resource,apiserver'],
    [
      asked('PATCH', '/apis/apps/v1/namespaces/a/deployments/d/scale'),
      'PATCH,,apps,v1,deployments,scale,resource,apiserver',
    ],
    [asked('DELETE', pods), 'DELETECOLLECTION,,,v1,pods,,namespace,apiserver'],
    [asked('POST', `${pods}/p/exec`), 'CONNECT,,,v1,pods,exec,resource,apiserver'],
    [asked('GET', '/healthz'), 'GET,,,,,,,apiserver'],
    // Names that anybody can make up are no labels.
    [asked('GET', `${pods}/p/nonsense`), 'GET,,,v1,pods,,resource,apiserver'],
    [asked('GET', '/apis/made.up/v1/namespaces/x/ups'), 'GET,,,,,,,apiserver'],
  ])('%#: are labelled as %s', (request, labels) => {
    const { counts, measured } = recording();
    measured.began(request.method);
    measured.ended(request, 200, 0.5);
    expect(counts.get(`apiserver_request_total{${labels},200}`)).toBe(1);
    const isLong = labels.startsWith('WATCH') || labels.startsWith('CONNECT');
    expect(counts.get(`apiserver_request_duration_seconds{${labels}}`)).toBe(isLong ? undefined : 0.5);
  });

  it('count what is being answered', () => {
    const { counts, measured } = recording();
    measured.began('GET');
    measured.began('POST');
    measured.began('GET');
    expect(counts.get('apiserver_current_inflight_requests{readOnly}')).toBe(2);
    measured.ended(asked('GET', pods), 200, 0);
    measured.ended(asked('POST', pods), 201, 0);
    expect(counts.get('apiserver_current_inflight_requests{readOnly}')).toBe(1);
    expect(counts.get('apiserver_current_inflight_requests{mutating}')).toBe(0);
  });
});
