import { describe, expect, it } from 'vitest';
import { fieldPath, formatFieldError } from '@drydock/base/apimachinery';
import { applyPodDefaults, applyScalarDefaults } from '@drydock/api/defaulting';
import type { Pod } from '@drydock/api/core/v1';
import { validatePodOnly, validatePodSpec } from './index.ts';

/** The messages for a Pod of one container, with fields of the Pod's spec and of its container laid over. */
function errorsOf(fields: object, container: object = {}): string[] {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'main', image: 'nginx', ...container }], ...fields },
  } as unknown as Pod;
  applyScalarDefaults('k8s.io.api.core.v1.Pod', pod);
  applyPodDefaults(pod);
  const at = fieldPath('spec');
  return [...validatePodSpec(pod.spec, at), ...validatePodOnly(pod.spec, at)].map(formatFieldError);
}

const ofContainer = (container: object): string[] =>
  errorsOf({ volumes: [{ name: 'v', emptyDir: {} }] }, container);

describe('a Pod spec', () => {
  it('passes when everything is well formed', () => {
    const probe = { httpGet: { path: '/ready', port: 'web' }, terminationGracePeriodSeconds: undefined };
    const errors = errorsOf(
      {
        volumes: [
          { name: 'a', emptyDir: { sizeLimit: '1Gi' } },
          { name: 'b', hostPath: { path: '/var/log', type: 'Directory' } },
          { name: 'c', configMap: { name: 'c', items: [{ key: 'k', path: 'sub/k', mode: 0o600 }] } },
          {
            name: 'd',
            projected: {
              sources: [
                { serviceAccountToken: { path: 'token' } },
                { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
              ],
            },
          },
        ],
        serviceAccountName: 'default',
        securityContext: { runAsUser: 1000, fsGroup: 2, seccompProfile: { type: 'RuntimeDefault' } },
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
            },
          },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname' } },
            ],
          },
        },
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { a: 'b' } },
            matchLabelKeys: ['pod-template-hash'],
          },
        ],
        dnsConfig: { nameservers: ['10.0.0.1'], searches: ['a.example.', '_tcp.example'] },
        hostAliases: [{ ip: '127.0.0.1', hostnames: ['a.example'] }],
      },
      {
        ports: [{ name: 'web', containerPort: 80 }],
        readinessProbe: probe,
        livenessProbe: { grpc: { port: 80 } },
        lifecycle: { preStop: { sleep: { seconds: 5 } } },
        env: [
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'L', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
          { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
        ],
        envFrom: [{ prefix: 'X_', configMapRef: { name: 'c' } }],
        resources: { limits: { cpu: '1', 'example.com/gpu': '2' }, requests: { 'example.com/gpu': '2' } },
        volumeMounts: [{ name: 'a', mountPath: '/a', subPath: 'x/y' }],
      },
    );
    expect(errors).toEqual([]);
  });

  it('checks probes and lifecycle hooks', () => {
    expect(
      ofContainer({
        livenessProbe: { exec: {}, successThreshold: 2 },
        readinessProbe: { tcpSocket: { port: 70_000 }, grpc: { port: 1 }, terminationGracePeriodSeconds: 3 },
        startupProbe: { httpGet: { path: '/', port: 80, scheme: 'FTP' }, terminationGracePeriodSeconds: 0 },
        lifecycle: { postStart: {}, preStop: { sleep: { seconds: 31 } } },
      }),
    ).toEqual([
      'spec.containers[0].lifecycle.postStart: Required value: must specify a handler type',
      'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
      'spec.containers[0].livenessProbe.exec.command: Required value',
      'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
      'spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: 70000: must be between 1 and 65535, inclusive',
      'spec.containers[0].readinessProbe.grpc: Forbidden: may not specify more than 1 handler type',
      'spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: must not be set for readinessProbes',
      'spec.containers[0].startupProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
      'spec.containers[0].startupProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0',
    ]);
  });

  it('checks where variables come from', () => {
    expect(
      ofContainer({
        env: [
          { name: 'A', valueFrom: {} },
          { name: 'B', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } },
          { name: 'D', valueFrom: { fieldRef: { fieldPath: 'spec.color' } } },
          { name: 'E', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '10' } } },
          { name: 'F', valueFrom: { configMapKeyRef: { name: 's', key: '..' } } },
        ],
        envFrom: [{}, { secretRef: {} }, { configMapRef: { name: 'Bad' } }],
      }),
    ).toEqual([
      'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      'spec.containers[0].env[1].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
      'spec.containers[0].env[2].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      'spec.containers[0].env[3].valueFrom.fieldRef.fieldPath: Invalid value: "spec.color": error converting fieldPath: field label not supported: spec.color',
      `spec.containers[0].env[4].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
      `spec.containers[0].env[5].valueFrom.configMapKeyRef.key: Invalid value: "..": must not be '..'`,
      'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
      'spec.containers[0].envFrom[1].secretRef.name: Required value',
      expect.stringMatching(
        /^spec\.containers\[0\]\.envFrom\[2\]\.configMapRef\.name: Invalid value: "Bad": a lowercase RFC 1123 subdomain/,
      ),
    ]);
  });

  it('checks mounts, ports and resources of a container', () => {
    expect(
      ofContainer({
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 81, hostPort: 80 },
        ],
        volumeMounts: [
          { name: 'v', mountPath: '/a', subPath: '/abs' },
          { name: 'w', mountPath: '/a', mountPropagation: 'Up' },
        ],
        resources: {
          limits: { cpu: '1', 'example.com/gpu': '1', apples: '1' },
          requests: { cpu: '2', 'example.com/gpu': '500m' },
        },
        securityContext: { runAsUser: -1, allowPrivilegeEscalation: false, privileged: true },
      }),
    ).toEqual([
      `spec.containers[0].volumeMounts.subPath: Invalid value: "/abs": must be a relative path`,
      'spec.containers[0].volumeMounts[1].name: Not found: "w"',
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
      'spec.containers[0].volumeMounts.mountPropagation: Unsupported value: "Up": supported values: "Bidirectional", "HostToContainer", "None"',
      'spec.containers[0].resources.limits[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
      'spec.containers[0].resources.limits[apples]: Invalid value: "apples": must be a standard resource for containers',
      'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
      ...['a standard resource type or fully qualified', 'a standard resource for containers'].map(
        (what) => `spec.containers[0].resources.requests[apples]: Invalid value: "apples": must be ${what}`,
      ),
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      'spec.containers[0].resources.requests: Invalid value: "500m": must be equal to example.com/gpu limit of 1',
      'spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
      expect.stringContaining('cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
      'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"',
    ]);
  });

  it('checks volumes by their source', () => {
    expect(
      errorsOf({
        volumes: [
          { name: 'a' },
          { name: 'b', hostPath: { path: '/a/../b' }, secret: { secretName: 's' } },
          { name: 'c', configMap: { name: 'c', defaultMode: 0o1000, items: [{ key: 'k', path: '../k' }] } },
          { name: 'd', nfs: { server: 's', path: 'rel' } },
          { name: 'd', downwardAPI: { items: [{ path: 'x' }] } },
          {
            name: 'e',
            projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 5 } }] },
          },
        ],
      }),
    ).toEqual([
      'spec.volumes[1].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
      'spec.volumes[1].secret: Forbidden: may not specify more than 1 volume type',
      'spec.volumes[2].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
      'spec.volumes[2].configMap.items[0].path: Invalid value: "../k": must not contain \'..\'',
      'spec.volumes[3].nfs.path: Invalid value: "rel": must be an absolute path',
      'spec.volumes[4].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required',
      'spec.volumes[5].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
      'spec.volumes[5].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
    ]);
  });

  it('checks where it wants to be', () => {
    const must = 'requiredDuringSchedulingIgnoredDuringExecution';
    const should = 'preferredDuringSchedulingIgnoredDuringExecution';
    expect(
      errorsOf({
        affinity: {
          nodeAffinity: {
            [must]: { nodeSelectorTerms: [] },
            [should]: [
              { weight: 101, preference: { matchExpressions: [{ key: 'a', operator: 'Gt', values: [] }] } },
            ],
          },
          podAffinity: { [must]: [{ labelSelector: {}, topologyKey: '' }] },
        },
        topologySpreadConstraints: [
          { maxSkew: 0, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 1 },
          { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', matchLabelKeys: ['k'] },
        ],
        tolerations: [{ key: 'a', operator: 'Exists', value: 'x' }],
      }),
    ).toEqual([
      `spec.affinity.nodeAffinity.${must}.nodeSelectorTerms: Required value: must have at least one node selector term`,
      `spec.affinity.nodeAffinity.${should}[0].weight: Invalid value: 101: must be in the range 1-100`,
      `spec.affinity.nodeAffinity.${should}[0].preference.matchExpressions[0].values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
      `spec.affinity.podAffinity.${must}[0].topologyKey: Required value: can not be empty`,
      expect.stringMatching(/topologyKey: Invalid value: "": name part must be non-empty$/),
      expect.stringMatching(/topologyKey: Invalid value: "": name part must consist of/),
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
      'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, ScheduleAnyway}"',
      'spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
      'spec.topologySpreadConstraints[1].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
      'spec.tolerations[0].operator: Invalid value: "x": value must be empty when `operator` is \'Exists\'',
    ]);
  });

  it('checks names, gates and what it shares with the node', () => {
    expect(
      errorsOf({
        hostname: 'A',
        dnsPolicy: 'None',
        schedulingGates: [{ name: 'g' }, { name: 'g' }],
        hostUsers: false,
        hostPID: true,
        shareProcessNamespace: true,
        activeDeadlineSeconds: 0,
        os: { name: 'plan9' },
      }),
    ).toEqual([
      'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
      'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
      'spec.schedulingGates[1]: Duplicate value: "g"',
      'spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false',
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
      expect.stringMatching(/^spec\.hostname: Invalid value: "A": a lowercase RFC 1123 label/),
      'spec.os.name: Unsupported value: "plan9": supported values: "linux", "windows"',
    ]);
  });

  it('keeps probes from containers that only prepare', () => {
    const init = { name: 'i', image: 'x', livenessProbe: { exec: { command: ['a'] } } };
    expect(errorsOf({ initContainers: [init] })).toEqual([
      'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ]);
    expect(errorsOf({ initContainers: [{ ...init, restartPolicy: 'Always' }] })).toEqual([]);
  });

  it('checks what is put into it while it runs', () => {
    const ephemeral = (fields: object) =>
      errorsOf({ ephemeralContainers: [{ name: 'e', image: 'i', ...fields }] });
    expect(ephemeral({ targetContainerName: 'main' })).toEqual([]);
    const refused = 'cannot be set for an Ephemeral Container';
    expect(
      ephemeral({
        name: 'main',
        targetContainerName: 'nobody',
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: '1' } },
        restartPolicy: 'Always',
        lifecycle: {},
      }),
    ).toEqual([
      'spec.ephemeralContainers[0].name: Duplicate value: "main"',
      'spec.ephemeralContainers[0].targetContainerName: Not found: "nobody"',
      `spec.ephemeralContainers[0].ports: Forbidden: ${refused}`,
      `spec.ephemeralContainers[0].resources: Forbidden: ${refused}`,
      `spec.ephemeralContainers[0].restartPolicy: Forbidden: ${refused}`,
    ]);
    expect(ephemeral({ name: 'Not A Name', image: '' })).toEqual([
      expect.stringContaining('spec.ephemeralContainers[0].name: Invalid value: "Not A Name"') as string,
      'spec.ephemeralContainers[0].image: Required value',
    ]);
  });
});
