import { describe, expect, it } from 'vitest';
import { cells, casesOf, fiveMinutesAgo, type RowCases } from './rows.spec-support.ts';

const age = '<unknown>';
const template = (...names: string[]) => ({
  metadata: { labels: { app: 'a', tier: 'b' } },
  spec: { containers: names.map((name) => ({ name, image: `${name}-image` })) },
});
const selector = { matchLabels: { foo: 'bar' } };
const two = template('one', 'two');

const none = '<none>';
const unset = '<unset>';
const table: RowCases = {
  APIService: [
    ['local', {}, ['Local', 'Unknown', age]],
    [
      'with a Service',
      {
        spec: { service: { namespace: 'a', name: 'b' } },
        status: { conditions: [{ type: 'Available', status: 'False', reason: 'Why' }] },
      },
      ['a/b', 'False (Why)', age],
    ],
  ],
  CertificateSigningRequest: [
    ['pending', { spec: {} }, [age, none, '', none, 'Pending']],
    [
      'approved and issued',
      {
        spec: { signerName: 'a/b', username: 'CSR Requestor', expirationSeconds: 7200 },
        status: { conditions: [{ type: 'Approved' }], certificate: 'Y2VydA==' },
      },
      [age, 'a/b', 'CSR Requestor', '120m', 'Approved,Issued'],
    ],
    [
      'denied though approved, and failed',
      { spec: {}, status: { conditions: [{ type: 'Failed' }, { type: 'Approved' }, { type: 'Denied' }] } },
      [age, none, '', none, 'Denied,Failed'],
    ],
  ],
  ClusterRoleBinding: [
    [
      'with subjects of each kind',
      {
        roleRef: { kind: 'ClusterRole', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u1' },
          { kind: 'Group', name: 'g1' },
          { kind: 'User', name: 'u2' },
          { kind: 'ServiceAccount', name: 's', namespace: 'ns' },
        ],
      },
      ['ClusterRole/r', age, 'u1, u2', 'g1', 'ns/s'],
    ],
  ],
  ComponentStatus: [
    ['without conditions', {}, ['Unknown', '', '']],
    [
      'of no known health',
      { conditions: [{ type: 'Healthy', status: 'Unknown', message: 'm', error: 'e' }] },
      ['Unhealthy', 'm', 'e'],
    ],
    ['healthy', { conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] }, ['Healthy', 'ok', '']],
  ],
  ConfigMap: [
    ['of nothing', {}, [0, age]],
    ['of text and bytes', { data: { a: '1' }, binaryData: { b: 'MQ==' } }, [2, age]],
  ],
  ControllerRevision: [
    ['of nobody', { revision: 3 }, [none, 3, age]],
    [
      'of a DaemonSet',
      { revision: 1 },
      ['daemonset.apps/d', 1, age],
      { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', controller: true }] },
    ],
    [
      'of a core kind',
      {},
      ['pod/p', 0, age],
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', controller: true }] },
    ],
    [
      'of a mere owner',
      {},
      [none, 0, age],
      { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd' }] },
    ],
  ],
  CronJob: [
    [
      'that runs',
      {
        spec: {
          schedule: '0/5 * * * ?',
          suspend: false,
          timeZone: 'Etc/UTC',
          jobTemplate: { spec: { template: two, selector } },
        },
        status: { active: [{}, {}], lastScheduleTime: fiveMinutesAgo },
      },
      ['0/5 * * * ?', 'Etc/UTC', 'False', 2, '5m', age, 'one,two', 'one-image,two-image', 'foo=bar'],
    ],
    [
      'that never ran',
      { spec: { schedule: '@daily', suspend: true, jobTemplate: { spec: { template: two } } } },
      ['@daily', none, 'True', 0, none, age, 'one,two', 'one-image,two-image', none],
    ],
  ],
  DaemonSet: [
    [
      'with counts',
      {
        spec: {
          selector,
          template: { ...two, spec: { ...two.spec, nodeSelector: { b: '2', a: '1' } } },
        },
        status: {
          desiredNumberScheduled: 5,
          currentNumberScheduled: 4,
          numberReady: 3,
          updatedNumberScheduled: 2,
          numberAvailable: 1,
        },
      },
      [5, 4, 3, 2, 1, 'a=1,b=2', age, 'one,two', 'one-image,two-image', 'foo=bar'],
    ],
  ],
  Deployment: [
    [
      'with counts',
      {
        spec: { replicas: 5, template: two, selector },
        status: { replicas: 10, updatedReplicas: 2, availableReplicas: 1, readyReplicas: 4 },
      },
      ['4/5', 2, 1, age, 'one,two', 'one-image,two-image', 'foo=bar'],
    ],
    ['that selects nothing', { spec: {} }, ['0/0', 0, 0, age, '', '', '']],
    [
      'with a selector that is none',
      { spec: { selector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } } },
      ['0/0', 0, 0, age, '', '', '<invalid>'],
    ],
  ],
  EndpointSlice: [
    ['of nothing', { addressType: 'IPv4' }, ['IPv4', unset, unset, age]],
    [
      'of many',
      {
        addressType: 'IPv4',
        ports: [{ port: 80 }, { name: 'named' }, {}, { port: 3001 }],
        endpoints: [{ addresses: ['10.1.2.3', '10.1.2.4'] }, { addresses: ['10.2.3.4', '10.2.3.5'] }],
      },
      ['IPv4', '80,named,* + 1 more...', '10.1.2.3,10.1.2.4,10.2.3.4 + 1 more...', age],
    ],
  ],
  Endpoints: [
    ['of nothing', {}, [none, age]],
    ['of what is not ready', { subsets: [{ notReadyAddresses: [{ ip: '1.2.3.4' }] }] }, ['', age]],
    [
      'without ports',
      { subsets: [{ addresses: [{ ip: '1.2.3.4' }, { ip: '5.6.7.8' }] }] },
      ['1.2.3.4,5.6.7.8', age],
    ],
    [
      'of two ports and families',
      {
        subsets: [
          { addresses: [{ ip: '1.2.3.4' }, { ip: '::1' }], ports: [{ port: 80 }, { port: 81 }] },
          { addresses: [{ ip: '9.9.9.9' }] },
        ],
      },
      ['1.2.3.4:80,[::1]:80,1.2.3.4:81 + 2 more...', age],
    ],
  ],
  FlowSchema: [
    [
      'all',
      {
        spec: { priorityLevelConfiguration: { name: 'p' }, matchingPrecedence: 10_000 },
        status: { conditions: [{ type: 'Other', status: 'False' }] },
      },
      ['p', 10_000, none, age, '?'],
    ],
    [
      'told apart by user, dangling',
      {
        spec: {
          priorityLevelConfiguration: { name: 'p' },
          matchingPrecedence: 1,
          distinguisherMethod: { type: 'ByUser' },
        },
        status: { conditions: [{ type: 'Dangling', status: 'True' }] },
      },
      ['p', 1, 'ByUser', age, 'True'],
    ],
  ],
  IPAddress: [
    ['of nobody', {}, [none]],
    [
      'of a Service',
      { spec: { parentRef: { resource: 'Services', namespace: 'd', name: 's' } } },
      ['services/d/s'],
    ],
    [
      'of something elsewhere',
      { spec: { parentRef: { group: 'gateway.networking.k8s.io', resource: 'gateways', name: 'g' } } },
      ['gateways.gateway.networking.k8s.io/g'],
    ],
  ],
  Ingress: [
    ['of every host', { spec: {} }, [none, '*', '', '80', age]],
    [
      'of many hosts',
      {
        spec: {
          ingressClassName: 'foo',
          rules: [{ host: 'h1' }, {}, { host: 'h2' }, { host: 'h3' }, { host: 'h4' }],
          tls: [{}],
        },
        status: {
          loadBalancer: { ingress: [{ ip: '2.3.4.5' }, { hostname: 'localhost' }, { ip: '2.3.4.5' }] },
        },
      },
      ['foo', 'h1,h2,h3 + 2 more...', '2.3.4.5,localhost', '80, 443', age],
    ],
  ],
  IngressClass: [
    ['bare', { spec: { controller: 'example.com/c' } }, ['example.com/c', none, age]],
    [
      'with parameters of the core group',
      { spec: { controller: 'c', parameters: { kind: 'Params', name: 'p' } } },
      ['c', 'Params/p', age],
    ],
    [
      'with parameters',
      { spec: { controller: 'c', parameters: { apiGroup: 'example.com', kind: 'Params', name: 'p' } } },
      ['c', 'Params.example.com/p', age],
    ],
  ],
  Lease: [
    ['of nobody', {}, ['', age]],
    ['held', { spec: { holderIdentity: 'h' } }, ['h', age]],
  ],
  Namespace: [['that ends', { status: { phase: 'Terminating' } }, ['Terminating', age]]],
  NetworkPolicy: [
    ['of all Pods', { spec: { podSelector: {} } }, [none, age]],
    [
      'of some',
      { spec: { podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }] } } },
      ['a in (x,y)', age],
    ],
  ],
  Node: [
    ['that never spoke', {}, ['Unknown', none, age, '', none, none, '<unknown>', '<unknown>', '<unknown>']],
    [
      'that is cordoned, of several roles',
      {
        spec: { unschedulable: true },
        status: {
          conditions: [
            { type: 'Other', status: 'True' },
            { type: 'Ready', status: 'False' },
          ],
          addresses: [
            { type: 'Hostname', address: 'h' },
            { type: 'ExternalIP', address: '2.2.2.2' },
            { type: 'InternalIP', address: '1.1.1.1' },
          ],
          nodeInfo: { kubeletVersion: 'v1', osImage: 'os', kernelVersion: 'k', containerRuntimeVersion: 'c' },
        },
      },
      ['NotReady,SchedulingDisabled', 'master,node,proxy', age, 'v1', '1.1.1.1', '2.2.2.2', 'os', 'k', 'c'],
      {
        labels: {
          'node-role.kubernetes.io/proxy': '',
          'node-role.kubernetes.io/master': 'x',
          'node-role.kubernetes.io/': '',
          'kubernetes.io/role': 'node',
        },
      },
    ],
  ],
  PodDisruptionBudget: [
    [
      'of a least number',
      { spec: { minAvailable: 22 }, status: { disruptionsAllowed: 5 } },
      ['22', 'N/A', 5, age],
    ],
    ['of a share', { spec: { maxUnavailable: '11%' } }, ['N/A', '11%', 0, age]],
  ],
  PodTemplate: [
    ['without containers', { template: {} }, ['', '', none]],
    ['of two', { template: two }, ['one,two', 'one-image,two-image', 'app=a,tier=b']],
  ],
  PriorityClass: [
    ['global', { value: 1, globalDefault: true }, [1, true, age, '']],
    ['that does not preempt', { value: 2, preemptionPolicy: 'Never' }, [2, false, age, 'Never']],
  ],
  PriorityLevelConfiguration: [
    ['exempt', { spec: { type: 'Exempt' } }, ['Exempt', none, none, none, none, age]],
    [
      'that rejects',
      {
        spec: {
          type: 'Limited',
          limited: { nominalConcurrencyShares: 47, limitResponse: { type: 'Reject' } },
        },
      },
      ['Limited', 47, none, none, none, age],
    ],
    [
      'that queues',
      {
        spec: {
          type: 'Limited',
          limited: {
            nominalConcurrencyShares: 0,
            limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 3, queueLengthLimit: 4 } },
          },
        },
      },
      ['Limited', 0, 8, 3, 4, age],
    ],
  ],
  ReplicaSet: [
    [
      'of two containers',
      { spec: { replicas: 5, selector, template: two }, status: { replicas: 5, readyReplicas: 2 } },
      [5, 5, 2, age, 'one,two', 'one-image,two-image', 'foo=bar'],
    ],
  ],
  ReplicationController: [
    [
      'without a template',
      { spec: { replicas: 1, selector: { b: '2', a: '1' } } },
      [1, 0, 0, age, '', '', 'a=1,b=2'],
    ],
  ],
  ResourceClaim: [
    ['pending', {}, ['pending', age]],
    ['allocated', { status: { allocation: {} } }, ['allocated', age]],
    [
      'reserved and deleted',
      { status: { allocation: {}, reservedFor: [{}] } },
      ['deleted,allocated,reserved', age],
      { deletionTimestamp: fiveMinutesAgo },
    ],
    ['deleted', {}, ['deleted', age], { deletionTimestamp: fiveMinutesAgo }],
  ],
  ResourceQuota: [
    ['not yet counted', { spec: { hard: { pods: '1' } } }, ['', '', age]],
    [
      'of requests and limits',
      {
        status: {
          hard: { 'limits.cpu': '2', pods: '3', 'requests.cpu': '1', limits: '9' },
          used: { 'limits.cpu': '500m', pods: '1' },
        },
      },
      ['limits: 0/9, pods: 1/3, requests.cpu: 0/1', 'limits.cpu: 500m/2', age],
    ],
  ],
  ResourceSlice: [
    [
      'of a node',
      { spec: { nodeName: 'n', driver: 'd.example.com', pool: { name: 'p' } } },
      ['n', 'd.example.com', 'p', age],
    ],
  ],
  Secret: [
    [
      'of three entries',
      { type: 'kubernetes.io/tls', data: { a: '', b: '', c: '' } },
      ['kubernetes.io/tls', 3, age],
    ],
  ],
  Service: [
    [
      'inside',
      {
        spec: {
          type: 'ClusterIP',
          clusterIPs: ['10.9.8.7', 'fd00::1'],
          ports: [
            { port: 2233, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { foo: 'bar' },
        },
      },
      ['ClusterIP', '10.9.8.7', none, '2233/TCP,53/UDP', age, 'foo=bar'],
    ],
    [
      'on the nodes',
      {
        spec: {
          type: 'NodePort',
          clusterIPs: ['None'],
          externalIPs: ['80.11.12.10', '80.11.12.11'],
          ports: [{ port: 8888, nodePort: 9999, protocol: 'TCP' }],
        },
      },
      ['NodePort', 'None', '80.11.12.10,80.11.12.11', '8888:9999/TCP', age, none],
    ],
    [
      'elsewhere',
      { spec: { type: 'ExternalName', externalName: 'my.database.example.com' } },
      ['ExternalName', none, 'my.database.example.com', none, age, none],
    ],
  ],
  ServiceCIDR: [
    ['of two families', { spec: { cidrs: ['10.1.0.0/16', 'fd00::/64'] } }, ['10.1.0.0/16,fd00::/64', age]],
  ],
  StatefulSet: [
    [
      'of two containers',
      { spec: { replicas: 5, template: two }, status: { readyReplicas: 2 } },
      ['2/5', age, 'one,two', 'one-image,two-image'],
    ],
  ],
  ValidatingAdmissionPolicy: [
    [
      'with parameters',
      { spec: { validations: [{}, {}], paramKind: { apiVersion: 'rules.example.com/v1', kind: 'Limit' } } },
      [2, 'rules.example.com/v1/Limit', age],
    ],
    ['without', { spec: {} }, [0, unset, age]],
  ],
  ValidatingAdmissionPolicyBinding: [
    ['without parameters', { spec: { policyName: 'p' } }, ['p', unset, age]],
    ['of one', { spec: { policyName: 'p', paramRef: { name: 'n' } } }, ['p', '*/n', age]],
    [
      'of one in a namespace',
      { spec: { policyName: 'p', paramRef: { name: 'n', namespace: 's' } } },
      ['p', 's/n', age],
    ],
    [
      'of several',
      {
        spec: {
          policyName: 'p',
          paramRef: {
            selector: {
              matchLabels: { b: '2', a: '1' },
              matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }],
            },
          },
        },
      },
      [
        'p',
        '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}',
        age,
      ],
    ],
  ],
};

describe('the row', () => {
  it.each(casesOf(table))('of a %s %s', (kind, _what, fields, expected, metadata) => {
    expect(cells(kind, fields, metadata)).toEqual(['x', ...expected]);
  });

  it.each([
    ['2026-03-11T00:00:01.900Z', '0s'],
    ['2026-03-11T00:00:03Z', '<invalid>'],
    [fiveMinutesAgo, '5m'],
    ['2016-03-11T00:00:00Z', '10y'],
    [null, '<unknown>'],
  ])('tells the age of what was created at %s', (creationTimestamp, text) => {
    expect(cells('ConfigMap', {}, { creationTimestamp })).toEqual(['x', 0, text]);
  });

  it('of an Event counts its series as it says', () => {
    const involvedObject = { kind: 'Deployment', name: 'd', fieldPath: 'spec.containers{foo}' };
    const series = { count: 2, lastObservedTime: '2026-03-09T00:00:00.000000Z' };
    const event = { involvedObject, series, eventTime: '2026-03-08T00:00:00.000000Z', type: 'Warning' };
    const told = {
      reason: 'R',
      message: ' m\n',
      source: { component: 'kubelet' },
      reportingInstance: 'node1',
    };
    expect(cells('Event', { ...event, ...told })).toEqual([
      '2d',
      'Warning',
      'R',
      'deployment/d',
      'spec.containers{foo}',
      'kubelet, node1',
      'm',
      '3d',
      2,
      'x',
    ]);
  });
});
