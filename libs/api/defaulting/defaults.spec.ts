import { describe, expect, it } from 'vitest';
import { applyPodDefaults, applyPodSpecDefaults, applyScalarDefaults } from './index.ts';

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
  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1', 'IfNotPresent'],
    ['registry:5000/nginx', 'Always'],
    [`nginx@sha256:${'ab'.repeat(32)}`, 'IfNotPresent'],
    [`nginx:latest@sha256:${'ab'.repeat(32)}`, 'Always'],
    [`nginx:1@sha256:${'ab'.repeat(32)}`, 'IfNotPresent'],
    ['Registry/nginx', 'Always'],
    ['registry.example:5000/a/b_c--d', 'Always'],
    ['NGINX', 'IfNotPresent'],
    ['nginx ', 'IfNotPresent'],
    ['', 'IfNotPresent'],
  ])('pulls %s %s, where nothing else is said', (image, policy) => {
    const spec = {
      containers: [
        { name: 'a', image, imagePullPolicy: '' as const },
        { name: 'b', image, imagePullPolicy: 'Never' as const },
      ],
      ephemeralContainers: [{ name: 'e', image }],
      volumes: [{ name: 'v', image: { reference: image } }],
    };
    applyPodSpecDefaults(spec);
    expect(spec.containers.map(({ imagePullPolicy }) => imagePullPolicy)).toEqual([policy, 'Never']);
    expect(spec.ephemeralContainers[0]).toMatchObject({ imagePullPolicy: policy });
    expect(spec.volumes[0]).toEqual({ name: 'v', image: { reference: image, pullPolicy: policy } });
  });

  it('makes a volume without a source an empty directory', () => {
    const spec = { containers: [], volumes: [{ name: 'a' }, { name: 'b', hostPath: { path: '/' } }] };
    applyPodSpecDefaults(spec);
    expect(spec.volumes).toEqual([
      { name: 'a', emptyDir: {} },
      { name: 'b', hostPath: { path: '/' } },
    ]);
  });

  const open = () => ({
    hostNetwork: true,
    containers: [
      {
        name: 'c',
        image: 'i',
        ports: [{ containerPort: 80, hostPort: 0 }],
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
      },
    ],
  });

  it('leaves to Pods what depends on where they run: a template keeps its limits and ports as they are', () => {
    const template = open();
    applyPodSpecDefaults(template);
    expect(template.containers[0]).toEqual({ ...open().containers[0], imagePullPolicy: 'Always' });
    const pod = { metadata: {}, spec: open() };
    applyPodDefaults(pod);
    expect(pod.spec).toMatchObject({
      enableServiceLinks: true,
      containers: [
        {
          ports: [{ containerPort: 80, hostPort: 80 }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
        },
      ],
    });
  });
});

describe('what a Pod asks for as a whole', () => {
  const completed = (resources: object, ...containers: object[]) => {
    const pod = {
      metadata: {},
      spec: {
        resources,
        containers: containers.map((one, index) => ({ name: `c${index}`, image: 'i', resources: one })),
      },
    };
    applyPodDefaults(pod);
    return pod.spec.resources;
  };
  it.each<[string, object, object[], object]>([
    [
      'requests of its containers, then its own limits',
      { limits: { cpu: '2', memory: '1Gi' } },
      [{ requests: { cpu: '100m' } }, { requests: { cpu: '200m' } }],
      { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '300m', memory: '1Gi' } },
    ],
    [
      'limits that all its containers have',
      { requests: { cpu: '1' } },
      [{ limits: { cpu: '1', memory: '1Gi' } }, { limits: { cpu: '2' } }],
      { requests: { cpu: '1' }, limits: { cpu: '3' } },
    ],
    [
      'huge pages of its containers',
      { requests: { cpu: '1' } },
      [{ limits: { 'hugepages-2Mi': '4Mi' } }],
      { requests: { cpu: '1', 'hugepages-2Mi': '4Mi' }, limits: { 'hugepages-2Mi': '4Mi' } },
    ],
    ['nothing where it says nothing', {}, [{ limits: { cpu: '1' } }], {}],
  ])('is completed: %s', (_what, given, containers, wanted) =>
    expect(completed(given, ...containers)).toEqual(wanted),
  );
});
