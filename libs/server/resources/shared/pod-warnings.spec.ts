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
});
