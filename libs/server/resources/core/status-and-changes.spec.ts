import { describe, expect, it } from 'vitest';
import { createErrors, sample, statusErrors, updateErrors } from '../common/definition.spec-support.ts';
import { limitRangeDefinition } from './policies.ts';
import { secretDefinition } from './secret.ts';
import { nodeDefinition } from './node.ts';
import { podDefinition } from './pod.ts';
import { replicationControllerDefinition } from './replication-controller.ts';
import { serviceDefinition } from './service.ts';

const containers = [{ name: 'c', image: 'x' }];

describe('annotations of a Pod', () => {
  const mirror = 'kubernetes.io/config.mirror';
  const seccomp = 'seccomp.security.alpha.kubernetes.io/pod';
  const appArmor = 'container.apparmor.security.beta.kubernetes.io/';
  const errors = (annotations: object, spec: object = {}) =>
    createErrors(podDefinition, { spec: { containers, ...spec } }, { annotations });

  it('name profiles that exist, of containers that exist', () => {
    expect(errors({ [seccomp]: 'runtime/default', [`${appArmor}c`]: 'localhost/p' })).toEqual([]);
    expect(errors({ [seccomp]: 'none' })).toEqual([
      `metadata.annotations.${seccomp}: Invalid value: "none": must be a valid seccomp profile`,
    ]);
    expect(errors({ [seccomp]: 'localhost//p' })).toEqual([
      `metadata.annotations.${seccomp}: Invalid value: "/p": must be a relative path`,
    ]);
    expect(errors({ [`${appArmor}d`]: 'mine' })).toEqual([
      `metadata.annotations[${appArmor}d]: Invalid value: "d": container not found`,
      `metadata.annotations[${appArmor}d]: Invalid value: "mine": invalid AppArmor profile name: "mine"`,
    ]);
  });

  it('agree with the fields that say the same', () => {
    const securityContext = { seccompProfile: { type: 'RuntimeDefault' } };
    expect(errors({ [seccomp]: 'docker/default' }, { securityContext })).toEqual([]);
    expect(errors({ [seccomp]: 'unconfined' }, { securityContext })).toEqual([
      'spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
    ]);
    const appArmorProfile = { type: 'Localhost', localhostProfile: 'p' };
    // The annotation of a container that has no profile of its own is the profile.
    expect(errors({ [`${appArmor}c`]: 'localhost/q' }, { securityContext: { appArmorProfile } })).toEqual([]);
    const own = [{ ...containers[0], securityContext: { appArmorProfile } }];
    expect(errors({ [`${appArmor}c`]: 'localhost/q' }, { containers: own })).toEqual([
      'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
    ]);
  });

  it('of these kinds stay', () => {
    const pod = (annotations: object, securityContext?: object) => ({
      metadata: { name: 'x', namespace: 'default', annotations },
      spec: { containers: [{ ...containers[0], securityContext }], nodeName: 'n' },
    });
    const unconfined = { appArmorProfile: { type: 'Unconfined' } };
    expect(updateErrors(podDefinition, pod({ [mirror]: 'a' }), pod({}))).toEqual([
      `metadata.annotations[${mirror}]: Forbidden: may not add mirror pod annotation`,
    ]);
    expect(updateErrors(podDefinition, pod({ [mirror]: 'a' }), pod({ [mirror]: 'b' }))).toEqual([
      `metadata.annotations[${mirror}]: Forbidden: may not remove or update mirror pod annotation`,
    ]);
    expect(
      updateErrors(podDefinition, pod({}, unconfined), pod({ [`${appArmor}c`]: 'unconfined' }, unconfined)),
    ).toEqual([
      `metadata.annotations[${appArmor}c]: Forbidden: may not remove or update AppArmor annotations`,
    ]);
  });
});

describe('a Pod', () => {
  it('keeps its containers of every kind', () => {
    const initContainers = [{ name: 'i', image: 'x' }];
    expect(
      updateErrors(podDefinition, { spec: { containers, initContainers } }, { spec: { containers } }),
    ).toEqual(['spec.initContainers: Forbidden: pod updates may not add or remove containers']);
  });

  it('that is held back gets demands on its node, and loses none', () => {
    const required = 'requiredDuringSchedulingIgnoredDuringExecution';
    const gated = (...terms: object[]) => ({
      spec: {
        containers,
        schedulingGates: [{ name: 'g' }],
        affinity: { nodeAffinity: { [required]: { nodeSelectorTerms: terms } } },
      },
    });
    const term = (...keys: string[]) => ({
      matchExpressions: keys.map((key) => ({ key, operator: 'Exists' })),
    });
    const at = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`;
    expect(updateErrors(podDefinition, gated(term('a', 'b')), gated(term('a')))).toEqual([]);
    expect(updateErrors(podDefinition, gated(term('b')), gated(term('a')))).toEqual([
      expect.stringMatching(
        /\[0\]: Invalid value: .*: only additions are allowed \(no mutations or deletions\)$/,
      ),
    ]);
    expect(updateErrors(podDefinition, gated(term('a'), term('b')), gated(term('a')))[0]).toContain(
      `${at}: Invalid value`,
    );
  });

  it('reports what can be', () => {
    const spec = { containers, restartPolicy: 'OnFailure' };
    const errors = (status: object, before: object = {}) =>
      statusErrors(podDefinition, { spec }, status, before);
    const ended = (exitCode: number) => ({
      containerStatuses: [{ name: 'c', state: { terminated: { exitCode } } }],
    });
    const runs = { containerStatuses: [{ name: 'c', state: { running: {} } }] };
    expect(errors(runs, ended(1))).toEqual([]);
    expect(errors(runs, ended(0))).toEqual([
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ]);
    expect(errors({ nominatedNodeName: 'Node' })).toEqual([
      expect.stringMatching(
        /^status\.nominatedNodeName: Invalid value: "Node": a lowercase RFC 1123 subdomain/,
      ),
    ]);
    expect(errors({ qosClass: 'Burstable' }, { qosClass: 'BestEffort' })).toEqual([
      'status.qosClass: Invalid value: "Burstable": field is immutable',
    ]);
    const twice = [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }];
    expect(errors({ podIPs: twice })).toEqual([
      expect.stringContaining('may specify no more than one IP for each IP family'),
      'status.podIPs[1]: Duplicate value: {"IP":"1.1.1.1"}',
    ]);
    expect(
      errors({
        conditions: [
          { type: 'a b', status: 'True' },
          { type: 'Ready', status: 'True' },
        ],
      }),
    ).toEqual([expect.stringMatching(/^metadata\.conditions\[0\]\.Type: Invalid value: "a b"/)]);
  });
});

describe('a Node', () => {
  it('has taints, ranges and amounts that make sense', () => {
    const errors = (spec: object, status: object = {}) => createErrors(nodeDefinition, { spec, status });
    const taint = { key: 'k', value: 'v', effect: 'NoSchedule' };
    expect(errors({ taints: [taint, { ...taint, value: 'w' }] })).toEqual([
      'metadata.taints[1]: Duplicate value: {"Effect":"NoSchedule","Key":"k","TimeAdded":null,"Value":"w"}: taints must be unique by key and effect pair',
    ]);
    expect(errors({ podCIDRs: ['10.0.0.0/16', 'fd00::/64'] })).toEqual([]);
    expect(errors({ podCIDRs: ['10.0.0.0/16', '10.0.0.0/16'] })).toEqual([
      'spec.podCIDRs: Invalid value: ["10.0.0.0/16","10.0.0.0/16"]: may specify no more than one CIDR for each IP family',
      'spec.podCIDRs[1]: Duplicate value: "10.0.0.0/16"',
    ]);
    expect(errors({}, { capacity: { cpu: '-1', 'example.com/gpu': '500m' }, allocatable: {} })).toEqual([
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.capacity.example.com/gpu: Invalid value: "500m": must be an integer',
    ]);
  });

  it('gives all that it has, where nothing else is said', () => {
    const capacity = { cpu: '4', pods: '10' };
    const { status } = sample(nodeDefinition, { status: { capacity } });
    expect(status?.allocatable).toEqual(capacity);
    expect(sample(nodeDefinition, { status: { capacity, allocatable: {} } }).status?.allocatable).toEqual({});
  });

  it('keeps its ranges and its provider', () => {
    const node = (...podCIDRs: string[]) => ({ spec: { podCIDRs } });
    expect(updateErrors(nodeDefinition, node('10.1.0.0/16'), node())).toEqual([]);
    expect(updateErrors(nodeDefinition, node('10.1.0.0/16'), node('10.2.0.0/16'))).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    ]);
    const address = { type: 'ExternalIP', address: '1.1.1.1' };
    expect(statusErrors(nodeDefinition, {}, { addresses: [address, address] })).toEqual([
      'status.addresses[1]: Duplicate value: {"Address":"1.1.1.1","Type":"ExternalIP"}',
    ]);
  });
});

describe('a Service', () => {
  const ports = [{ port: 80 }];
  const service = (spec: object, meta: object = {}) =>
    createErrors(serviceDefinition, { spec: { ports, ...spec } }, meta);

  it('has addresses of its families', () => {
    const dual = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'] };
    expect(service({ ...dual, ipFamilies: ['IPv4', 'IPv6'] })).toEqual([]);
    expect(service({ ...dual, ipFamilies: ['IPv6', 'IPv4'] })).toEqual([
      'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
      'spec.clusterIPs[1]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[1]`',
    ]);
    expect(service({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'] })).toEqual([
      'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family',
    ]);
    expect(service({ clusterIPs: ['10.0.0.1'] })).toEqual([
      'spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified',
    ]);
  });

  it('loses its second address with the policy for one', () => {
    const spec = (...clusterIPs: string[]) => ({
      spec: { ports, clusterIP: clusterIPs[0], clusterIPs, ipFamilyPolicy: 'PreferDualStack' },
    });
    expect(updateErrors(serviceDefinition, spec('10.0.0.1', 'fd00::1'), spec('10.0.0.1'))).toEqual([]);
    expect(updateErrors(serviceDefinition, spec('10.0.0.1'), spec('10.0.0.1', 'fd00::1'))).toEqual([
      'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be set to \'SingleStack\' when releasing the secondary clusterIP',
    ]);
    expect(updateErrors(serviceDefinition, spec('10.0.0.1', 'fd00::2'), spec('10.0.0.1', 'fd00::1'))).toEqual(
      ['spec.clusterIPs[1]: Invalid value: ["10.0.0.1","fd00::2"]: may not change once set'],
    );
  });

  it('takes ranges of sources from its annotation', () => {
    const ranges = 'service.beta.kubernetes.io/load-balancer-source-ranges';
    const annotations = { [ranges]: '10.0.0.0/8, x' };
    expect(service({ type: 'LoadBalancer' }, { annotations })).toEqual([
      `metadata.annotations[${ranges}]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    ]);
    expect(service({}, { annotations: { [ranges]: '' } })).toEqual([
      `metadata.annotations[${ranges}]: Forbidden: may only be used when \`type\` is 'LoadBalancer'`,
    ]);
  });

  it('is reached from outside where a balancer says', () => {
    const errors = (type: string, ...ingress: object[]) =>
      statusErrors(serviceDefinition, { spec: { type, ports } }, { loadBalancer: { ingress } });
    expect(errors('LoadBalancer', { ip: '1.2.3.4', ipMode: 'VIP' }, { hostname: 'a.example' })).toEqual([]);
    expect(
      errors('LoadBalancer', { ip: 'x', ipMode: 'Other' }, { hostname: '1.2.3.4', ipMode: 'VIP' }),
    ).toEqual([
      expect.stringMatching(/^status\.loadBalancer\.ingress\[0\]\.ip: Invalid value: "x"/),
      'status.loadBalancer.ingress[0].ipMode: Unsupported value: "Other": supported values: "Proxy", "VIP"',
      'status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set',
      'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ]);
    expect(errors('ClusterIP', { ip: '1.2.3.4', ipMode: 'VIP' })).toEqual([
      "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
    ]);
  });
});

describe('a LimitRange', () => {
  it('has ratios that its bounds leave room for, of resources there are', () => {
    const errors = (item: object) => createErrors(limitRangeDefinition, { spec: { limits: [item] } });
    const bounds = { type: 'Pod', min: { memory: '512Mi' }, max: { memory: '2Gi' } };
    expect(errors({ ...bounds, maxLimitRequestRatio: { memory: '4' } })).toEqual([]);
    expect(errors({ ...bounds, maxLimitRequestRatio: { memory: '10' } })).toEqual([
      'spec.limits[0].maxLimitRequestRatio[memory]: Invalid value: "10": ratio 10 is greater than max/min = 4.000000',
    ]);
    expect(errors({ type: 'Pod', max: { apples: '1' } })).toEqual([
      'spec.limits[0].max[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
      'spec.limits[0].max[apples]: Invalid value: "apples": must be a standard resource for containers',
    ]);
  });
});

describe('a Secret', () => {
  it('for a registry holds an object of JSON', () => {
    const errors = (text: string) =>
      createErrors(secretDefinition, { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': btoa(text) } });
    const at = 'data[.dockercfg]: Invalid value: "<secret contents redacted>":';
    expect(errors('{}')).toEqual([]);
    expect(errors('')).toEqual([`${at} unexpected end of JSON input`]);
    expect(errors('bad')).toEqual([`${at} invalid character 'b' looking for beginning of value`]);
    expect(errors('[]')).toEqual([
      `${at} json: cannot unmarshal array into Go value of type map[string]interface {}`,
    ]);
  });
});

describe('a ReplicationController', () => {
  it('counts no more than it has', () => {
    expect(
      statusErrors(
        replicationControllerDefinition,
        { spec: { selector: { a: 'b' } } },
        { replicas: 1, readyReplicas: 2, availableReplicas: 3, fullyLabeledReplicas: -1 },
      ),
    ).toEqual([
      'status.fullyLabeledReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
    ]);
  });
});
