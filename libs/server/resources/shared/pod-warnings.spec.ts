import type { PodSpec } from '@drydock/api/core/v1';
import { fieldPath } from '@drydock/base/apimachinery';
import { describe, expect, it } from 'vitest';
import { podWarnings } from './index.ts';

const warn = (spec: Partial<PodSpec>, annotations?: Record<string, string>) =>
  podWarnings({
    metadata: annotations === undefined ? {} : { annotations },
    spec: { containers: [], ...spec },
  });

describe('advice on Pods', () => {
  it.each<[Partial<PodSpec>, string[]]>([
    [
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'failure-domain.beta.kubernetes.io/zone',
            whenUnsatisfiable: 'DoNotSchedule',
          },
        ],
      },
      [
        'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
        'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
      ],
    ],
    [
      { imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}] },
      [
        'spec.imagePullSecrets[1].name: duplicate name "a"',
        'spec.imagePullSecrets[2].name: invalid empty name ""',
      ],
    ],
    [
      { hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }] },
      ['spec.hostAliases[1].ip: duplicate ip "1.1.1.1"'],
    ],
    [
      { containers: [{ name: 'c', resources: { requests: { memory: '100m' } } }] },
      [
        'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
      ],
    ],
    [
      {
        containers: [
          {
            name: 'c',
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
              { name: 'B', value: 'x' },
              { name: 'B', value: '$(B)y' },
            ],
          },
        ],
      },
      ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      {
        containers: [
          { name: 'c', ports: [{ containerPort: 80 }] },
          {
            name: 'd',
            ports: [
              { containerPort: 80, hostPort: 8080 },
              { containerPort: 80, hostPort: 8080 },
            ],
          },
        ],
      },
      [
        'spec.containers[1].ports[0]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: duplicate port definition with spec.containers[1].ports[0]',
      ],
    ],
    [
      { terminationGracePeriodSeconds: -1 },
      [
        'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
      ],
    ],
    [
      {
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'x' }] } },
      },
      [
        'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
      ],
    ],
    [
      { volumes: [{ name: 'v', glusterfs: { endpoints: 'e', path: 'p' } }] },
      ['spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+'],
    ],
    [
      { volumes: [{ name: 'v', storageos: {} }] },
      ['spec.volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+'],
    ],
    [
      {
        volumes: [
          {
            name: 'v',
            ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '1m' } } } } },
          },
        ],
      },
      [
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "1m" is invalid, must be an integer',
      ],
    ],
    [
      { containers: [{ name: 'c', ports: [{ containerPort: 80, protocol: 'UDP', hostIP: '10.0.0.1' }] }] },
      [
        'spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:UDP HostIP:10.0.0.1}',
      ],
    ],
    [
      {
        initContainers: [
          { name: 'i', ports: [{ name: 'test', containerPort: 1 }] },
          { name: 's', restartPolicy: 'Always', ports: [{ name: 'test', containerPort: 2 }] },
        ],
        containers: [
          { name: 'c', ports: [{ containerPort: 3 }] },
          {
            name: 'd',
            ports: [
              { name: 'other', containerPort: 4 },
              { name: 'test', containerPort: 5 },
            ],
          },
        ],
      },
      [
        'spec.containers[1].ports[1]: duplicate port name "test" with spec.initContainers[1].ports[0], services and probes that select ports by name will use spec.initContainers[1].ports[0]',
      ],
    ],
    [
      {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 10,
                preference: { matchExpressions: [{ key: 'foo', operator: 'In', values: ['ok', '-1'] }] },
              },
            ],
          },
        },
      },
      [
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[1]: -1 is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      ],
    ],
    [
      {
        dnsConfig: { nameservers: ['1.2.3.4', '05.06.07.08'] },
        hostAliases: [{ ip: '::ffff:1.2.3.4' }],
      },
      [
        'spec.dnsConfig.nameservers[1]: non-standard IP address "05.06.07.08" will be considered invalid in a future Kubernetes release: use "5.6.7.8"',
        'spec.hostAliases[0].ip: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
      ],
    ],
  ])('%j', (spec, texts) => {
    expect(warn(spec)).toEqual(texts);
  });

  it('on annotations, in a template under its own path', () => {
    const annotations = {
      'scheduler.alpha.kubernetes.io/critical-pod': '',
      'container.apparmor.security.beta.kubernetes.io/c': 'x',
    };
    const pod = { metadata: { annotations }, spec: { containers: [{ name: 'c' }] } };
    const critical =
      '[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead';
    expect(podWarnings(pod)).toEqual([`metadata.annotations${critical}`]);
    expect(podWarnings(pod, fieldPath('spec', 'template'))).toEqual([
      `spec.template.metadata.annotations${critical}`,
      'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
    ]);
  });

  const item = (path: string) => ({ key: 'k', path });
  const fields = (...paths: string[]) => ({ downwardAPI: { items: paths.map((path) => ({ path })) } });
  const token = (path: string) => ({ serviceAccountToken: { path } });
  const map = (...paths: string[]) => ({ configMap: { name: 'Test', items: paths.map(item) } });
  const secret = (...paths: string[]) => ({ secret: { name: 'Test', items: paths.map(item) } });
  const bundle = (path: string) => ({ clusterTrustBundle: { signerName: 'Test', path } });

  it.each([
    [map('test', 'test'), ['volume "v" (ConfigMap "Test"): overlapping paths: "test" with "test"']],
    [map('test', 'test/app'), ['volume "v" (ConfigMap "Test"): overlapping paths: "test/app" with "test"']],
    [map('test/app', 'test'), ['volume "v" (ConfigMap "Test"): overlapping paths: "test" with "test/app"']],
    [map('dir/path1', 'dir/path11'), []],
    [
      { secret: { secretName: 'foo', items: [item('a'), item('a/')] } },
      ['volume "v" (Secret "foo"): overlapping paths: "a" with "a"'],
    ],
    [fields('test', 'test'), ['volume "v" (DownwardAPI): overlapping paths: "test" with "test"']],
    [
      { projected: { sources: [map('test'), token('test/file')] } },
      ['(Projected): overlapping paths: "test/file" (ServiceAccountToken) with "test" (ConfigMap "Test")'],
    ],
    [
      { projected: { sources: [bundle('test/test'), fields('test'), secret('test')] } },
      [
        '(Projected): overlapping paths: "test" (DownwardAPI) with "test/test" (ClusterTrustBundle "Test")',
        '(Projected): overlapping paths: "test" (Secret "Test") with "test/test" (ClusterTrustBundle "Test")',
        '(Projected): overlapping paths: "test" (Secret "Test") with "test" (DownwardAPI)',
      ],
    ],
    [{ projected: { sources: [{}] } }, ['volume "v" (Projected) has no sources provided']],
  ])('on volumes %j', (volume, texts) => {
    const expected = texts.map((text) => (text.startsWith('(') ? `volume "v" ${text}` : text));
    expect(warn({ volumes: [{ name: 'v', ...volume }] } as Partial<PodSpec>)).toEqual(expected);
  });
});
