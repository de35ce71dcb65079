import {
  forbiddenField,
  invalidValue,
  notFoundField,
  notSupported,
  required,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { Container, Volume } from '@drydock/api/core/v1';
import { descendingPathErrors } from './paths.ts';

const propagations = ['Bidirectional', 'HostToContainer', 'None'];

/** Where a container sees the Pod's volumes. Paths within errors are Kubernetes', index or none. */
export function validateVolumeMounts(
  container: Container,
  volumes: ReadonlyMap<string, Volume>,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  container.volumeMounts?.forEach((mount, index) => {
    const at = where.index(index);
    const { name = '', mountPath = '', subPath = '', subPathExpr = '', mountPropagation } = mount;
    const volume = volumes.get(name);
    if (name === '') errors.push(required(at.child('name')));
    if (volume === undefined) errors.push(notFoundField(at.child('name'), name));
    if (mountPath === '') errors.push(required(at.child('mountPath')));
    if (paths.has(mountPath)) errors.push(invalidValue(at.child('mountPath'), mountPath, 'must be unique'));
    paths.add(mountPath);
    if (devices.some((device) => device.name === name))
      errors.push(invalidValue(at.child('name'), name, 'must not already exist in volumeDevices'));
    if (devices.some((device) => device.devicePath === mountPath)) {
      const detail = 'must not already exist as a path in volumeDevices';
      errors.push(invalidValue(at.child('mountPath'), mountPath, detail));
    }
    if (subPath !== '') errors.push(...descendingPathErrors(subPath, where.child('subPath')));
    if (subPathExpr !== '') {
      if (subPath !== '') {
        const detail = 'subPathExpr and subPath are mutually exclusive';
        errors.push(invalidValue(at.child('subPathExpr'), subPathExpr, detail));
      }
      errors.push(...descendingPathErrors(subPathExpr, where.child('subPathExpr')));
    }
    if (mountPropagation !== undefined) {
      const propagation = where.child('mountPropagation');
      if (!propagations.includes(mountPropagation))
        errors.push(notSupported(propagation, mountPropagation, propagations));
      else if (mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
        const detail = 'Bidirectional mount propagation is available only to privileged containers';
        errors.push(forbiddenField(propagation, detail));
      }
    }
  });
  return errors;
}

/** The block devices a container sees. */
export function validateVolumeDevices(
  container: Container,
  volumes: ReadonlyMap<string, Volume>,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  container.volumeDevices?.forEach((device, index) => {
    const { name = '', devicePath = '' } = device;
    const at = where.index(index);
    const atName = at.child('name');
    const atPath = at.child('devicePath');
    const volume = volumes.get(name);
    if (name === '') errors.push(required(atName));
    if (names.has(name)) errors.push(invalidValue(atName, name, 'must be unique'));
    if (volume === undefined) errors.push(notFoundField(atName, name));
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
      const detail = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      errors.push(invalidValue(atName, name, detail));
    }
    if (devicePath === '') errors.push(required(atPath));
    if (paths.has(devicePath)) errors.push(invalidValue(atPath, devicePath, 'must be unique'));
    if (devicePath.split('/').includes('..'))
      errors.push(invalidValue(atPath, devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name))
      errors.push(invalidValue(atName, name, 'must not already exist in volumeMounts'));
    if (mounts.some((mount) => mount.mountPath === devicePath))
      errors.push(invalidValue(atPath, devicePath, 'must not already exist as a path in volumeMounts'));
    if (name !== '') names.add(name);
  });
  return errors;
}
