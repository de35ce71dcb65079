import { describe, expect, it } from 'vitest';
import {
  createErrors,
  createdForm,
  sample,
  statusErrors,
  tableRow,
  updateErrors,
} from '../common/definition.spec-support.ts';
import { ingressClassDefinition } from './ingress-class.ts';
import { ingressDefinition } from './ingress.ts';
import { ipAddressDefinition } from './ip-address.ts';
import { networkPolicyDefinition } from './network-policy.ts';
import { serviceCidrDefinition } from './service-cidr.ts';

describe('Ingress', () => {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const rule = { host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } };
  const path = (change: object): object => ({
    rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...change }] } }],
  });
  const at = 'spec.rules[0].http.paths[0]';

  it.each([
    ['a plain one', { rules: [rule] }, []],
    ['nothing', {}, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [
      'an address for a host',
      { rules: [{ ...rule, host: '10.0.0.1' }] },
      ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ],
    [
      'a path that is not absolute',
      path({ path: 'a' }),
      [`${at}.path: Invalid value: "a": must be an absolute path`],
    ],
    [
      'a path with a way up',
      path({ path: '/a/..' }),
      [`${at}.path: Invalid value: "/a/..": cannot end with '/..'`],
    ],
    [
      'no path type',
      path({ pathType: undefined }),
      [`${at}.pathType: Required value: pathType must be specified`],
    ],
    [
      'an unknown path type',
      path({ pathType: 'Regex' }),
      [
        `${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
      ],
    ],
    [
      'a service without a port',
      path({ backend: { service: { name: 'web' } } }),
      [`${at}.backend: Required value: port name or number is required`],
    ],
    [
      'two ports at once',
      path({ backend: { service: { name: 'web', port: { number: 80, name: 'http' } } } }),
      [`${at}.backend: Invalid value: "": cannot set both port name & port number`],
    ],
    [
      'no backend',
      path({ backend: {} }),
      [`${at}.backend: Invalid value: "": resource or service backend is required`],
    ],
    ['no paths', { rules: [{ http: { paths: [] } }] }, ['spec.rules[0].http.paths: Required value']],
  ])('checks %s', (_name, spec, errors) => {
    expect(createErrors(ingressDefinition, { spec })).toEqual(errors);
  });

  it('wants both ways of naming the class to agree', () => {
    const annotations = { 'kubernetes.io/ingress.class': 'a' };
    const spec = { ingressClassName: 'b', rules: [rule] };
    expect(createErrors(ingressDefinition, { spec }, { annotations })).toEqual([
      'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified',
    ]);
  });

  it('checks reported addresses', () => {
    const ingress = [{ ip: '10.0.0.300' }];
    expect(
      statusErrors(ingressDefinition, { spec: { rules: [rule] } }, { loadBalancer: { ingress } }),
    ).toEqual([
      'status.loadBalancer.ingress[0].ip: Invalid value: "10.0.0.300": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
  });

  it('prints as kubectl knows it', () => {
    const object = createdForm(ingressDefinition, { spec: { rules: [rule] } });
    const row = { Name: 'x', Class: '<none>', Hosts: 'a.example.com', Address: '', Ports: '80', Age: '5m' };
    expect(tableRow(ingressDefinition, object)).toEqual(row);
    object.status = {
      loadBalancer: { ingress: [{ ip: '10.0.0.2' }, { hostname: 'lb' }, { ip: '10.0.0.2' }] },
    };
    object.spec = {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['a'] }],
      rules: ['a', 'b', 'c', 'd', 'e'].map((host) => ({ ...rule, host })) as NonNullable<
        typeof object.spec
      >['rules'],
    };
    expect(tableRow(ingressDefinition, object)).toEqual({
      ...row,
      Class: 'nginx',
      Hosts: 'a,b,c + 2 more...',
      Address: '10.0.0.2,lb',
      Ports: '80, 443',
    });
    expect(tableRow(ingressDefinition, sample(ingressDefinition, {}))).toMatchObject({ Hosts: '*' });
  });
});

describe('IngressClass', () => {
  const spec = { controller: 'example.com/ingress' };

  it.each([
    ['a plain one', spec, []],
    ['no controller', {}, ['spec.controller: Required value']],
    [
      'a controller without a domain',
      { controller: 'mine' },
      ['spec.controller: Invalid value: "mine": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      'parameters of no namespace',
      { ...spec, parameters: { kind: 'Config', name: 'c', scope: 'Namespace' } },
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
    [
      'parameters of the cluster in a namespace',
      { ...spec, parameters: { kind: 'Config', name: 'c', namespace: 'n' } },
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
  ])('checks %s', (_name, fields, errors) => {
    expect(createErrors(ingressClassDefinition, { spec: fields })).toEqual(errors);
  });

  it('keeps its controller, and prints as kubectl knows it', () => {
    expect(updateErrors(ingressClassDefinition, { spec: { controller: 'example.com/b' } }, { spec })).toEqual(
      ['spec.controller: Invalid value: "example.com/b": field is immutable'],
    );
    const parameters = { apiGroup: 'k8s.example.com', kind: 'Config', name: 'c' };
    expect(
      tableRow(ingressClassDefinition, sample(ingressClassDefinition, { spec: { ...spec, parameters } })),
    ).toEqual({
      Name: 'x',
      Controller: 'example.com/ingress',
      Parameters: 'Config.k8s.example.com/c',
      Age: '5m',
    });
  });
});

describe('NetworkPolicy', () => {
  it('is about what comes in, and about what goes out when it says so', () => {
    expect(sample(networkPolicyDefinition, { spec: { podSelector: {} } }).spec?.policyTypes).toEqual([
      'Ingress',
    ]);
    const egress = [{ ports: [{ port: 53 }] }];
    expect(sample(networkPolicyDefinition, { spec: { podSelector: {}, egress } }).spec).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
    });
  });

  it.each([
    ['a plain one', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http' }] }] }, []],
    [
      'a peer of nothing',
      { ingress: [{ from: [{}] }] },
      ['spec.ingress[0].from[0]: Required value: must specify a peer'],
    ],
    [
      'a peer of two kinds',
      { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] },
      ['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    ],
    [
      'an exception from outside',
      { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] },
      [
        'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
      ],
    ],
    [
      'a range of ports that ends before it starts',
      { ingress: [{ ports: [{ port: 90, endPort: 80 }] }] },
      ['spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`'],
    ],
    [
      'an unknown direction',
      { policyTypes: ['Sideways'] },
      ['spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"'],
    ],
  ])('checks %s', (_name, spec, errors) => {
    expect(createErrors(networkPolicyDefinition, { spec: { podSelector: {}, ...spec } })).toEqual(errors);
  });

  it('prints as kubectl knows it', () => {
    const row = (podSelector: object): unknown =>
      tableRow(networkPolicyDefinition, sample(networkPolicyDefinition, { spec: { podSelector } }));
    expect(row({})).toEqual({ Name: 'x', 'Pod-Selector': '<none>', Age: '5m' });
    expect(row({ matchLabels: { app: 'a' } })).toMatchObject({ 'Pod-Selector': 'app=a' });
  });
});

describe('IPAddress and ServiceCIDR', () => {
  const parentRef = { resource: 'services', namespace: 'default', name: 'web' };

  it('are addresses and ranges', () => {
    expect(createErrors(ipAddressDefinition, { spec: { parentRef } }, { name: '10.0.0.1' })).toEqual([]);
    expect(createErrors(ipAddressDefinition, {}, { name: '10.0.0.01' })).toEqual([
      'metadata.name: Invalid value: "10.0.0.01": must not have leading 0s',
      'spec.parentRef: Required value',
    ]);
    expect(createErrors(serviceCidrDefinition, { spec: { cidrs: ['10.96.0.0/16', 'fd00::/112'] } })).toEqual(
      [],
    );
    expect(createErrors(serviceCidrDefinition, { spec: { cidrs: [] } })).toEqual([
      'spec.cidrs: Required value: at least one CIDR required',
    ]);
    expect(createErrors(serviceCidrDefinition, { spec: { cidrs: ['10.96.0.1/16'] } })).toEqual([
      'spec.cidrs[0]: Invalid value: "10.96.0.1/16": must not have bits set beyond the prefix length',
    ]);
  });

  it('print as kubectl knows them', () => {
    const address = sample(ipAddressDefinition, { spec: { parentRef } }, { name: '10.0.0.1' });
    expect(tableRow(ipAddressDefinition, address)).toEqual({
      Name: '10.0.0.1',
      ParentRef: 'services/default/web',
    });
    const range = sample(serviceCidrDefinition, { spec: { cidrs: ['10.0.0.0/24'] } });
    expect(tableRow(serviceCidrDefinition, range)).toEqual({ Name: 'x', CIDRs: '10.0.0.0/24', Age: '5m' });
  });
});
