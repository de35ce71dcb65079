import { describe, expect, it } from 'vitest';
import { createErrors, updateErrors } from '../common/definition.spec-support.ts';
import { podDefinition } from './pod.ts';
import { persistentVolumeClaimDefinition, persistentVolumeDefinition } from './volumes.ts';

const containers = [{ name: 'c', image: 'x' }];
const podErrors = (...volumes: object[]) =>
  createErrors(podDefinition, { spec: { containers, volumes } }).map((line) =>
    line.replace('spec.volumes', 'v'),
  );
const volumeErrors = (source: object, fields: object = {}) =>
  createErrors(persistentVolumeDefinition, {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...source, ...fields },
  });
const moreThanOne = 'may not specify more than 1 volume type';

describe('the source of a volume', () => {
  const iqn = 'iqn.2015-02.example.com:test';
  const portal = '127.0.0.1';

  it.each<[source: object, ...expected: string[]]>([
    [
      { gitRepo: { repository: 'r', directory: '../up' } },
      'gitRepo.directory: Invalid value: "../up": must not contain \'..\'',
    ],
    [
      { gitRepo: { repository: 'r', directory: '/abs' } },
      'gitRepo.directory: Invalid value: "/abs": must be a relative path',
    ],
    [
      { gcePersistentDisk: { pdName: '', partition: 300 } },
      'persistentDisk.pdName: Required value',
      'persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive',
    ],
    [{ nfs: { server: 's', path: 'x' } }, 'nfs.path: Invalid value: "x": must be an absolute path'],
    [
      { iscsi: { targetPortal: portal, iqn, lun: 256 } },
      'iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    ],
    [
      { iscsi: { targetPortal: portal, iqn: `${iqn};ls;`, lun: 1 } },
      `iscsi.iqn: Invalid value: "${iqn};ls;": must be valid format`,
    ],
    [
      { iscsi: { targetPortal: portal, iqn: 'eui.0123456789ABCDEFGHIJ', lun: 1 } },
      'iscsi.iqn: Invalid value: "eui.0123456789ABCDEFGHIJ": must be valid format',
    ],
    [
      { iscsi: { targetPortal: portal, iqn: '2015', lun: 1 } },
      'iscsi.iqn: Invalid value: "2015": must be valid format starting with iqn, eui, or naa',
    ],
    [
      { iscsi: { targetPortal: portal, iqn, lun: 1, chapAuthSession: true } },
      'iscsi.secretRef: Required value',
    ],
    [{ flocker: {} }, 'flocker: Required value: one of datasetName and datasetUUID is required'],
    [
      { flocker: { datasetName: 'a/b' } },
      'flocker.datasetName: Invalid value: "a/b": must not contain \'/\'',
    ],
    [
      { fc: { lun: 1 } },
      'fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both',
    ],
    [{ fc: { targetWWNs: ['w'] } }, 'fc.lun: Required value: lun is required if targetWWNs is specified'],
    [
      { quobyte: { registry: 'host', volume: '' } },
      'quobyte.registry: Invalid value: "host": must be a host:port pair or multiple pairs separated by commas',
      'quobyte.volume: Required value',
    ],
    [{ quobyte: { registry: 'host:1,[::1]:2', volume: 'v' } }],
    [
      { flexVolume: { driver: 'd', options: { 'k8s.io/x': '1', 'a/b': '2' } } },
      'flexVolume.options[k8s.io/x]: Invalid value: "k8s.io/x": kubernetes.io and k8s.io namespaces are reserved',
    ],
    [
      { azureDisk: { diskName: 'd', diskURI: 'http://x', kind: 'Dedicated' } },
      'azureDisk.diskURI: Unsupported value: "http://x": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"',
    ],
    [
      { scaleIO: { gateway: 'g', system: '', volumeName: '' } },
      'scaleIO.system: Required value',
      'scaleIO.volumeName: Required value',
    ],
    [
      { projected: { sources: [{ secret: { name: 's' }, downwardAPI: {} }] } },
      `projected.sources[0]: Forbidden: ${moreThanOne} per source`,
    ],
    [{ projected: { sources: [{ serviceAccountToken: { path: '' } }] } }, 'projected.path: Required value'],
    [
      { projected: { sources: [{ clusterTrustBundle: { path: 'p' } }] } },
      'projected.sources[0].clusterTrustBundle: Required value: either name or signerName must be specified',
    ],
    [{ secret: { secretName: 's' }, configMap: { name: 'c' } }, `configMap: Forbidden: ${moreThanOne}`],
  ])('%j', (source, ...expected) => {
    expect(
      podErrors({ name: 'v', ...source }).filter((line) => !line.includes('serviceAccountName')),
    ).toEqual(expected.map((line) => `v[0].${line}`));
  });

  it('has a driver that is named', () => {
    const [first, second, ...rest] = podErrors({ name: 'v', csi: { driver: '' } });
    expect([first, rest]).toEqual(['v[0].csi.driver: Required value', []]);
    expect(second).toMatch(/^v\[0\]\.csi\.driver: Invalid value: "": a lowercase RFC 1123 subdomain/);
    expect(podErrors({ name: 'v', csi: { driver: 'x'.repeat(64) } })).toEqual([
      'v[0].csi.driver: Too long: may not be more than 63 bytes',
    ]);
  });

  it('of a PersistentVolume names namespaces', () => {
    const secret = { name: 's' };
    expect(volumeErrors({ csi: { driver: 'd', volumeHandle: 'h', nodePublishSecretRef: secret } })).toEqual([
      'spec.csi.nodePublishSecretRef.namespace: Required value',
    ]);
    expect(volumeErrors({ cinder: { volumeID: 'v', secretRef: secret } })).toEqual([
      'spec.cinder.secretRef.namespace: Required value',
    ]);
    expect(volumeErrors({ glusterfs: { endpoints: 'e', path: 'p', endpointsNamespace: '' } })).toEqual([
      'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
    ]);
    const recycle = { persistentVolumeReclaimPolicy: 'Recycle' };
    expect(volumeErrors({ hostPath: { path: '/a/..' } }, recycle)).toEqual([
      'spec.hostPath.path: Invalid value: "/a/..": must not contain \'..\'',
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    ]);
    expect(volumeErrors({ hostPath: { path: '/a' } }, { ...recycle, capacity: {} })).toEqual([
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: {}: supported values: "storage"',
    ]);
  });
});

describe('a claim that a Pod brings along', () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const template = (fields: object) => podErrors({ name: 'v', ephemeral: { volumeClaimTemplate: fields } });

  it('is a claim, with labels and annotations and nothing else', () => {
    expect(template({ metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec })).toEqual([]);
    expect(
      template({ metadata: { name: 'n', uid: 'u', finalizers: [], labels: { a: 'b c' } }, spec: {} }),
    ).toEqual([
      expect.stringMatching(
        /^v\[0\]\.ephemeral\.volumeClaimTemplate\.metadata\.labels: Invalid value: "b c"/,
      ),
      'v[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set for an ephemeral volume',
      'v[0].ephemeral.volumeClaimTemplate.metadata.uID: Forbidden: cannot be set for an ephemeral volume',
      'v[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required',
      'v[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value',
    ]);
  });

  it('is named after the Pod and the volume, and nobody else names it', () => {
    const ephemeral = { volumeClaimTemplate: { spec } };
    const own = { name: 'own', persistentVolumeClaim: { claimName: 'x-v' } };
    expect(podErrors({ name: 'v', ephemeral }, own)).toEqual([
      'v[1].persistentVolumeClaim.claimName: Invalid value: "x-v": must not reference a PVC that gets created for an ephemeral volume',
    ]);
    const long = 'p'.repeat(250);
    const volumes = [{ name: 'vol', ephemeral }];
    expect(createErrors(podDefinition, { spec: { containers, volumes } }, { name: long })).toEqual([
      `spec.volumes[0].name: Invalid value: "vol": PVC name "${long}-vol": must be no more than 253 characters`,
    ]);
  });
});

describe('what stays', () => {
  const beta = 'volume.beta.kubernetes.io/storage-class';
  const size = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const claim = (fields: object, annotations?: object) => ({
    spec: { ...size, ...fields },
    ...(annotations === undefined ? {} : { metadata: { name: 'x', namespace: 'default', annotations } }),
  });
  const changes = (after: object, before: object) =>
    updateErrors(persistentVolumeClaimDefinition, after, before).map((line) => line.split(':', 2).join(':'));

  it('is the class of a claim, wherever it is written', () => {
    expect(changes(claim({ storageClassName: 'a' }), claim({}))).toEqual([]);
    expect(changes(claim({ storageClassName: 'a' }), claim({}, { [beta]: 'a' }))).toEqual([]);
    expect(changes(claim({ storageClassName: 'b' }), claim({}, { [beta]: 'a' }))).toEqual([
      `metadata.annotations.${beta}: Invalid value`,
      'spec: Forbidden',
    ]);
    expect(changes(claim({}, { [beta]: 'b' }), claim({}, { [beta]: 'a' }))).toEqual([
      `metadata.annotations.${beta}: Invalid value`,
    ]);
    expect(changes(claim({ storageClassName: 'b' }), claim({ storageClassName: 'a' }))).toEqual([
      'spec: Forbidden',
    ]);
    expect(changes(claim({}), claim({ volumeAttributesClassName: 'gold' }))).toEqual([
      'spec: Forbidden',
      'spec.volumeAttributesClassName: Forbidden',
    ]);
  });

  it('is where a volume can be used, but for labels that grow up', () => {
    const near = (key: string, value = 'z') => ({
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/a' },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }] },
        },
      },
    });
    const old = near('failure-domain.beta.kubernetes.io/zone');
    expect(updateErrors(persistentVolumeDefinition, near('topology.kubernetes.io/zone'), old)).toEqual([]);
    expect(updateErrors(persistentVolumeDefinition, near('topology.kubernetes.io/region'), old)).toEqual([
      expect.stringMatching(
        /^nodeAffinity: .*: field is immutable, except for updating from beta label to GA$/,
      ),
    ]);
    expect(
      updateErrors(persistentVolumeDefinition, near('topology.kubernetes.io/zone', 'y'), old),
    ).toHaveLength(1);
  });
});
