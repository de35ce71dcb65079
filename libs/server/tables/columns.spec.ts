import { describe, expect, it } from 'vitest';
import { allDefinitions } from '../resources/index.ts';
import { customScaleColumns, scaleColumns } from './index.ts';
import type { TableColumn } from '../registry/types.ts';

/** `name type`, the type left out where it is text; `*` before wide columns, `!` before those with the format `name`. */
function notation(columns: readonly TableColumn[]): string {
  return columns
    .map(({ name, type, format, priority }) => {
      const marks = `${(priority ?? 0) > 0 ? '*' : ''}${format === 'name' ? '!' : ''}`;
      return `${marks}${name}${type === 'string' ? '' : ` ${type}`}`;
    })
    .join(', ');
}

const containers = '*Containers, *Images';
const aged = '!Name, Age';
const dated = '!Name, Created At date';
const webhooks = '!Name, Webhooks integer, Age';
const binding = '!Name, Role, Age, *Users, *Groups, *ServiceAccounts';
const replicas = `!Name, Desired integer, Current integer, Ready integer, Age, ${containers}, *Selector`;
const paramBinding = '!Name, PolicyName, ParamRef, Age';

// What Kubernetes' printers declare, by kind.
const expected: Readonly<Record<string, string>> = {
  APIService: '!Name, Service, Available, Age',
  CSIDriver:
    '!Name, AttachRequired boolean, PodInfoOnMount boolean, StorageCapacity boolean, TokenRequests, RequiresRepublish boolean, Modes, Age',
  CSINode: '!Name, Drivers integer, Age',
  CSIStorageCapacity: '!Name, StorageClassName, Capacity',
  CertificateSigningRequest: '!Name, Age, SignerName, Requestor, RequestedDuration, Condition',
  ClusterRole: dated,
  ClusterRoleBinding: binding,
  ComponentStatus: '!Name, Status, Message, Error',
  ConfigMap: '!Name, Data, Age',
  ControllerRevision: '!Name, Controller, Revision, Age',
  CronJob: `!Name, Schedule, Timezone, Suspend boolean, Active integer, Last Schedule, Age, ${containers}, *Selector`,
  CustomResourceDefinition: dated,
  DaemonSet: `!Name, Desired integer, Current integer, Ready integer, Up-to-date integer, Available integer, Node Selector, Age, ${containers}, *Selector`,
  Deployment: `!Name, Ready, Up-to-date, Available, Age, ${containers}, *Selector`,
  DeviceClass: aged,
  EndpointSlice: '!Name, AddressType, Ports, Endpoints, Age',
  Endpoints: '!Name, Endpoints, Age',
  Event: 'Last Seen, Type, Reason, Object, *Subobject, *Source, Message, *First Seen, *Count, *!Name',
  FlowSchema: '!Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL',
  HorizontalPodAutoscaler: '!Name, Reference, Targets, MinPods, MaxPods, Replicas, Age',
  Ingress: '!Name, Class, Hosts, Address, Ports, Age',
  IngressClass: '!Name, Controller, Parameters, Age',
  Job: `!Name, Status, Completions, Duration, Age, ${containers}, *Selector`,
  Lease: '!Name, Holder, Age',
  LimitRange: dated,
  MutatingAdmissionPolicy: '!Name, Mutations integer, ParamKind, Age',
  MutatingAdmissionPolicyBinding: paramBinding,
  MutatingWebhookConfiguration: webhooks,
  Namespace: '!Name, Status, Age',
  NetworkPolicy: '!Name, Pod-Selector, Age',
  Node: '!Name, Status, Roles, Age, Version, *Internal-IP, *External-IP, *OS-Image, *Kernel-Version, *Container-Runtime',
  PersistentVolume:
    '!Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, *VolumeMode',
  PersistentVolumeClaim:
    '!Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, *VolumeMode',
  Pod: '!Name, Ready, Status, Restarts, Age, *IP, *Node, *Nominated Node, *Readiness Gates',
  PodDisruptionBudget: '!Name, Min Available, Max Unavailable, Allowed Disruptions integer, Age',
  PodTemplate: '!Name, Containers, Images, Pod Labels',
  PriorityClass: '!Name, Value integer, Global-Default boolean, Age, PreemptionPolicy',
  PriorityLevelConfiguration:
    '!Name, Type, NominalConcurrencyShares, Queues, HandSize, QueueLengthLimit, Age',
  ReplicaSet: replicas,
  ReplicationController: replicas,
  ResourceClaim: '!Name, State, Age',
  ResourceClaimTemplate: aged,
  ResourceQuota: '!Name, Request, Limit, Age',
  ResourceSlice: '!Name, Node, Driver, Pool, Age',
  Role: dated,
  RoleBinding: binding,
  RuntimeClass: '!Name, Handler, Age',
  Secret: '!Name, Type, Data, Age',
  Service: '!Name, Type, Cluster-IP, External-IP, Port(s), Age, *Selector',
  ServiceAccount: '!Name, Secrets, Age',
  ServiceCIDR: '!Name, CIDRs, Age',
  StatefulSet: `!Name, Ready, Age, ${containers}`,
  StorageClass: '!Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age',
  ValidatingAdmissionPolicy: '!Name, Validations integer, ParamKind, Age',
  ValidatingAdmissionPolicyBinding: paramBinding,
  ValidatingWebhookConfiguration: webhooks,
  VolumeAttachment: '!Name, !Attacher, PV, Node, Attached boolean, Age',
  VolumeAttributesClass: '!Name, DriverName, Age',
};

describe('the columns of tables', () => {
  it.each(Object.entries(expected))(
    'of %s have their names, types, formats and priorities',
    (kind, columns) => {
      const found = allDefinitions.find((one) => one.kind === kind && one.columns !== undefined);
      expect(notation(found?.columns ?? [])).toBe(columns);
    },
  );

  it('are described, each of them', () => {
    const silent = allDefinitions.flatMap(({ kind, columns = [] }) =>
      columns.filter(({ description }) => description === '').map(({ name }) => `${kind}: ${name}`),
    );
    expect(silent).toEqual([]);
  });

  it('of a Scale tell what is asked for and what there is', () => {
    expect(notation(scaleColumns)).toBe('Name, Desired integer, Available integer, Age');
    expect(notation(customScaleColumns)).toBe('!Name, Desired integer, Available integer, Age date');
  });
});
