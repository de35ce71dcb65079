import { describe, expect, it } from 'vitest';
import { applyPodSpecDefaults, applyScalarDefaults } from './index.ts';

describe('applyScalarDefaults', () => {
  it('takes an empty string or a zero for absent, as clients in Go send them', () => {
    const service = { spec: { type: '', sessionAffinity: '', ports: [{ port: 80, protocol: '' }] } };
    applyScalarDefaults('k8s.io.api.core.v1.Service', service);
    expect(service.spec).toEqual({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ports: [{ port: 80, protocol: 'TCP' }],
    });
    const probe = { httpGet: { port: 80, path: '', scheme: '' }, periodSeconds: 0, failureThreshold: 2 };
    const container = { name: 'c', livenessProbe: probe, terminationMessagePolicy: '' };
    const pod = { spec: { restartPolicy: '', containers: [container] } };
    applyScalarDefaults('k8s.io.api.core.v1.Pod', pod);
    expect(pod.spec).toMatchObject({ restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' });
    expect(container).toMatchObject({
      terminationMessagePolicy: 'File',
      livenessProbe: {
        httpGet: { port: 80, path: '/', scheme: 'HTTP' },
        timeoutSeconds: 1,
        periodSeconds: 10,
        failureThreshold: 2,
      },
    });
  });

  it('keeps the zero of a field that can be left unset', () => {
    const deployment = { spec: { replicas: 0, revisionHistoryLimit: 0, strategy: { type: '' } } };
    applyScalarDefaults('k8s.io.api.apps.v1.Deployment', deployment);
    expect(deployment.spec).toMatchObject({
      replicas: 0,
      revisionHistoryLimit: 0,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate' },
    });
  });
});

describe('applyPodSpecDefaults', () => {
  it('takes an empty pull policy and the host port 0 for absent', () => {
    const container = { name: 'c', image: 'nginx:1', imagePullPolicy: '' as const };
    const ports = [{ containerPort: 80, hostPort: 0 }];
    const spec = { hostNetwork: true, containers: [{ ...container, ports }] };
    applyPodSpecDefaults(spec);
    expect(spec.containers[0]).toMatchObject({
      imagePullPolicy: 'IfNotPresent',
      ports: [{ containerPort: 80, hostPort: 80 }],
    });
  });
});
