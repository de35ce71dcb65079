import { describe, expect, it } from 'vitest';
import {
  createErrors,
  createdForm,
  podTemplate,
  sample,
  statusErrors,
  tableRow,
  testContext,
  updateErrors,
  workload,
} from '../common/definition.spec-support.ts';
import { controllerRevisionDefinition } from './controller-revision.ts';
import { daemonSetDefinition } from './daemon-set.ts';
import { deploymentDefinition } from './deployment.ts';
import { replicaSetDefinition } from './replica-set.ts';
import { statefulSetDefinition } from './stateful-set.ts';

const notMatching =
  'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`';
const other = { matchLabels: { app: 'b' } };

describe('Deployment', () => {
  it('fills in what Kubernetes fills in', () => {
    expect(sample(deploymentDefinition, { spec: workload }).spec).toMatchObject({
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      template: {
        spec: {
          restartPolicy: 'Always',
          dnsPolicy: 'ClusterFirst',
          schedulerName: 'default-scheduler',
          terminationGracePeriodSeconds: 30,
          securityContext: {},
          containers: [
            {
              imagePullPolicy: 'IfNotPresent',
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
              resources: {},
            },
          ],
        },
      },
    });
    const recreate = sample(deploymentDefinition, { spec: { ...workload, strategy: { type: 'Recreate' } } });
    expect(recreate.spec.strategy).toEqual({ type: 'Recreate' });
  });

  it('accepts a plain one', () => {
    expect(createErrors(deploymentDefinition, { spec: workload })).toEqual([]);
  });

  it.each([
    [
      'negative replicas',
      { replicas: -1 },
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    ['labels that do not match', { selector: other }, [notMatching]],
    ['no selector', { selector: undefined }, ['spec.selector: Required value', notMatching]],
    [
      'an empty selector',
      { selector: {} },
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'a rolling update that could never move',
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    ],
    [
      'more than all unavailable',
      { strategy: { rollingUpdate: { maxUnavailable: '101%' } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      'nonsense for a percentage',
      { strategy: { rollingUpdate: { maxSurge: 'many' } } },
      [
        `spec.strategy.rollingUpdate.maxSurge: Invalid value: "many": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`,
      ],
    ],
    [
      'rolling parameters of Recreate',
      { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'an unknown strategy',
      { strategy: { type: 'Fast' } },
      ['spec.strategy: Unsupported value: {"type":"Fast"}: supported values: "Recreate", "RollingUpdate"'],
    ],
    [
      'a deadline that minReadySeconds passes',
      { minReadySeconds: 600 },
      ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    ],
    [
      'Pods that do not restart',
      { template: { ...podTemplate, spec: { ...podTemplate.spec, restartPolicy: 'Never' } } },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      'Pods with a deadline',
      { template: { ...podTemplate, spec: { ...podTemplate.spec, activeDeadlineSeconds: 1 } } },
      [
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
      ],
    ],
  ])('refuses %s', (_name, change, errors) => {
    expect(createErrors(deploymentDefinition, { spec: { ...workload, ...change } })).toEqual(errors);
  });

  it('keeps its selector', () => {
    expect(
      updateErrors(deploymentDefinition, { spec: { ...workload, selector: other } }, { spec: workload }),
    ).toEqual(['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable']);
  });

  it('counts a change of annotations as a generation', () => {
    const old = sample(deploymentDefinition, { spec: workload }, { generation: 3 });
    const object = sample(
      deploymentDefinition,
      { spec: workload },
      { generation: 3, annotations: { a: 'b' } },
    );
    deploymentDefinition.strategy.prepareForUpdate?.(object, old, testContext());
    expect(object.metadata.generation).toBe(4);
  });

  it('checks the counters of its status', () => {
    const status = { replicas: 1, updatedReplicas: 2, readyReplicas: 0, availableReplicas: 1 };
    expect(statusErrors(deploymentDefinition, { spec: workload }, status, { collisionCount: 1 })).toEqual([
      'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
      'status.collisionCount: Invalid value: 0: cannot be decremented',
    ]);
  });

  it('advises on names that are no host names', () => {
    expect(
      deploymentDefinition.strategy.warnings?.(
        sample(deploymentDefinition, { spec: workload }, { name: 'a.b' }),
        undefined,
      ),
    ).toEqual([
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
    ]);
  });

  it('prints as kubectl knows it', () => {
    const object = sample(deploymentDefinition, { spec: { ...workload, replicas: 3 } });
    object.status = { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 } as typeof object.status;
    expect(tableRow(deploymentDefinition, object)).toEqual({
      Name: 'x',
      Ready: '1/3',
      'Up-to-date': 2,
      Available: 1,
      Age: '5m',
      'Containers+': 'main',
      'Images+': 'nginx:1.27',
      'Selector+': 'app=a',
    });
  });
});

describe('ReplicaSet', () => {
  it('refuses what a Deployment would refuse, and keeps its selector', () => {
    expect(createErrors(replicaSetDefinition, { spec: workload })).toEqual([]);
    expect(createErrors(replicaSetDefinition, { spec: { ...workload, selector: other } })).toEqual([
      notMatching,
    ]);
    expect(
      updateErrors(replicaSetDefinition, { spec: { ...workload, selector: other } }, { spec: workload }),
    ).toEqual(['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable']);
  });

  it('starts with no replicas', () => {
    expect(createdForm(replicaSetDefinition, { spec: workload, status: { replicas: 9 } }).status).toEqual({
      replicas: 0,
    });
  });

  it('prints as kubectl knows it', () => {
    const object = sample(replicaSetDefinition, { spec: workload });
    object.status = { replicas: 2, readyReplicas: 1 };
    expect(tableRow(replicaSetDefinition, object)).toEqual({
      Name: 'x',
      Desired: 1,
      Current: 2,
      Ready: 1,
      Age: '5m',
      'Containers+': 'main',
      'Images+': 'nginx:1.27',
      'Selector+': 'app=a',
    });
  });
});

describe('StatefulSet', () => {
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const mounting = {
    metadata: { labels: { app: 'a' } },
    spec: {
      containers: [{ name: 'main', image: 'nginx', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    },
  };

  it('fills in what Kubernetes fills in', () => {
    const object = sample(statefulSetDefinition, { spec: { ...workload, volumeClaimTemplates: [claim] } });
    expect(object.spec).toMatchObject({
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    });
    expect(object.spec.volumeClaimTemplates?.[0]).toMatchObject({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      spec: { volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    });
  });

  it('lets containers mount what its claim templates make', () => {
    const spec = { ...workload, template: mounting, volumeClaimTemplates: [claim] };
    expect(createErrors(statefulSetDefinition, { spec })).toEqual([]);
    expect(createErrors(statefulSetDefinition, { spec: { ...workload, template: mounting } })).not.toEqual(
      [],
    );
  });

  it.each([
    [
      'an unknown pod management policy',
      { podManagementPolicy: 'Random' },
      [`spec.podManagementPolicy: Invalid value: "Random": must be 'OrderedReady' or 'Parallel'`],
    ],
    [
      'a partition of OnDelete',
      { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } },
      [
        `spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy 'RollingUpdate'`,
      ],
    ],
    [
      'a negative partition',
      { updateStrategy: { rollingUpdate: { partition: -1 } } },
      ['spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'an empty selector',
      { selector: {} },
      ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
    ],
    [
      'an unknown retention',
      { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Forget' } },
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Forget": supported values: "Retain", "Delete"',
      ],
    ],
  ])('refuses %s', (_name, change, errors) => {
    expect(createErrors(statefulSetDefinition, { spec: { ...workload, ...change } })).toEqual(errors);
  });

  it('lets only some of its spec change', () => {
    expect(
      updateErrors(
        statefulSetDefinition,
        { spec: { ...workload, serviceName: 'b' } },
        { spec: { ...workload, serviceName: 'a' } },
      ),
    ).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
    expect(
      updateErrors(
        statefulSetDefinition,
        { spec: { ...workload, replicas: 5, minReadySeconds: 2 } },
        { spec: workload },
      ),
    ).toEqual([]);
  });

  it('prints as kubectl knows it', () => {
    const object = createdForm(statefulSetDefinition, { spec: { ...workload, replicas: 2 } });
    expect(tableRow(statefulSetDefinition, object)).toEqual({
      Name: 'x',
      Ready: '0/2',
      Age: '5m',
      'Containers+': 'main',
      'Images+': 'nginx:1.27',
    });
  });
});

describe('DaemonSet', () => {
  const generation = 'deprecated.daemonset.template.generation';

  it('counts the versions of its template in an annotation', () => {
    const old = createdForm(daemonSetDefinition, { spec: workload });
    expect(old.metadata.annotations).toEqual({ [generation]: '1' });
    const object = sample(daemonSetDefinition, { spec: { ...workload, minReadySeconds: 1 } });
    daemonSetDefinition.strategy.prepareForUpdate?.(object, old, testContext());
    expect(object.metadata.annotations).toEqual({ [generation]: '1' });
    object.spec.template.metadata = { labels: { app: 'a', more: 'yes' } };
    daemonSetDefinition.strategy.prepareForUpdate?.(object, old, testContext());
    expect(object.metadata.annotations).toEqual({ [generation]: '2' });
  });

  it.each([
    [
      'surge together with unavailability',
      { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
      [
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
      ],
    ],
    [
      'neither of them',
      { updateStrategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
    ],
    ['no selector', { selector: undefined }, [notMatching]],
  ])('refuses %s', (_name, change, errors) => {
    expect(createErrors(daemonSetDefinition, { spec: { ...workload, ...change } })).toEqual(errors);
  });

  it('prints as kubectl knows it', () => {
    const object = createdForm(daemonSetDefinition, { spec: workload });
    expect(tableRow(daemonSetDefinition, object)).toEqual({
      Name: 'x',
      Desired: 0,
      Current: 0,
      Ready: 0,
      'Up-to-date': 0,
      Available: 0,
      'Node Selector': '<none>',
      Age: '5m',
      'Containers+': 'main',
      'Images+': 'nginx:1.27',
      'Selector+': 'app=a',
    });
  });
});

describe('ControllerRevision', () => {
  it('needs data, and keeps them', () => {
    expect(createErrors(controllerRevisionDefinition, { revision: -1 })).toEqual([
      'data: Required value: data is mandatory',
      'revision: Invalid value: -1: must be greater than or equal to 0',
    ]);
    expect(
      updateErrors(
        controllerRevisionDefinition,
        { data: { a: 2 }, revision: 1 },
        { data: { a: 1 }, revision: 1 },
      ),
    ).toEqual(['data: Invalid value: {"a":2}: field is immutable']);
  });

  it('prints its controller with the group', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true };
    const object = sample(
      controllerRevisionDefinition,
      { data: {}, revision: 2 },
      { ownerReferences: [owner] },
    );
    expect(tableRow(controllerRevisionDefinition, object)).toEqual({
      Name: 'x',
      Controller: 'daemonset.apps/d',
      Revision: 2,
      Age: '5m',
    });
  });
});
