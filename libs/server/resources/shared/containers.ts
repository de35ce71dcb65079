import {
  compareQuantities,
  duplicate,
  forbiddenField,
  invalidValue,
  isDns1123Label,
  notFoundField,
  notSupported,
  parseQuantity,
  required,
  validateDns1123Label,
  validatePortName,
  validatePortNumber,
  validateQualifiedName,
  validateRelaxedEnvVarName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { Container, EnvVar, Probe, ResourceRequirements, Volume } from '@drydock/api/core/v1';

const protocols = ['SCTP', 'TCP', 'UDP'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];

/** Requests and limits: names qualified, amounts not negative, requests within limits. */
export function validateResources(
  resources: ResourceRequirements | undefined,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const amounts = (list: Readonly<Record<string, string>> | undefined, at: FieldPath) => {
    for (const [name, quantity] of Object.entries(list ?? {})) {
      for (const message of validateQualifiedName(name))
        errors.push(invalidValue(at.key(name), name, message));
      if (!name.includes('/') && !/^(cpu|memory|ephemeral-storage|storage|hugepages-.+|pods)$/.test(name)) {
        errors.push(invalidValue(at.key(name), name, 'must be a standard resource for containers'));
      }
      if (parseQuantity(quantity).sign() < 0) {
        errors.push(invalidValue(at.key(name), quantity, 'must be greater than or equal to 0'));
      }
    }
  };
  amounts(resources?.limits, where.child('limits'));
  const at = where.child('requests');
  amounts(resources?.requests, at);
  for (const [name, quantity] of Object.entries(resources?.requests ?? {})) {
    const limit = resources?.limits?.[name];
    if (limit !== undefined && compareQuantities(quantity, limit) > 0) {
      errors.push(invalidValue(at, quantity, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  return errors;
}

function validateEnv(env: readonly EnvVar[] | undefined, where: FieldPath): FieldError[] {
  return (env ?? []).flatMap((variable, index) => {
    const at = where.index(index);
    if (!variable.name) return [required(at.child('name'))];
    const errors = validateRelaxedEnvVarName(variable.name).map((message) =>
      invalidValue(at.child('name'), variable.name, message),
    );
    const source = variable.valueFrom;
    if (source === undefined) return errors;
    const from = at.child('valueFrom');
    const given = [
      source.fieldRef,
      source.resourceFieldRef,
      source.configMapKeyRef,
      source.secretKeyRef,
      source.fileKeyRef,
    ].filter((one) => one !== undefined).length;
    if (variable.value !== undefined && variable.value !== '') {
      errors.push(invalidValue(from, '', 'may not be specified when `value` is not empty'));
    }
    if (given === 0) {
      errors.push(
        invalidValue(
          from,
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
        ),
      );
    }
    if (given > 1)
      errors.push(invalidValue(from, '', 'may not have more than one field specified at a time'));
    for (const name of ['configMapKeyRef', 'secretKeyRef'] as const) {
      if (source[name] !== undefined && !source[name].key) errors.push(required(from.child(name, 'key')));
    }
    return errors;
  });
}

function validateProbe(probe: Probe | undefined, where: FieldPath): FieldError[] {
  if (probe === undefined) return [];
  const errors: FieldError[] = [];
  const handlers = [probe.exec, probe.httpGet, probe.tcpSocket, probe.grpc].filter(
    (one) => one !== undefined,
  ).length;
  if (handlers === 0) errors.push(required(where, 'must specify a handler type'));
  for (const name of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    const value = probe[name];
    if (value !== undefined && value < 0) {
      errors.push(invalidValue(where.child(name), value, 'must be greater than or equal to 0'));
    }
  }
  return errors;
}

export interface ContainersContext {
  readonly volumes: readonly Volume[];
  readonly init: boolean;
}

/** One list of containers. `names` collects the names seen, over several lists. */
export function validateContainers(
  containers: readonly Container[] | undefined,
  where: FieldPath,
  context: ContainersContext,
  names: Set<string>,
): FieldError[] {
  const errors: FieldError[] = [];
  const volumeNames = new Set(context.volumes.map(({ name }) => name));
  containers?.forEach((container, index) => {
    const at = where.index(index);
    if (!container.name) errors.push(required(at.child('name')));
    else {
      for (const message of validateDns1123Label(container.name)) {
        errors.push(invalidValue(at.child('name'), container.name, message));
      }
      if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
      names.add(container.name);
    }
    if (!container.image) errors.push(required(at.child('image')));
    else if (container.image !== container.image.trim()) {
      errors.push(
        invalidValue(at.child('image'), container.image, 'must not have leading or trailing whitespace'),
      );
    }
    const portNames = new Set<string>();
    container.ports?.forEach((port, portIndex) => {
      const portAt = at.child('ports').index(portIndex);
      if (port.name) {
        for (const message of validatePortName(port.name))
          errors.push(invalidValue(portAt.child('name'), port.name, message));
        if (portNames.has(port.name)) errors.push(duplicate(portAt.child('name'), port.name));
        portNames.add(port.name);
      }
      if (!port.containerPort) errors.push(required(portAt.child('containerPort')));
      else {
        for (const message of validatePortNumber(port.containerPort)) {
          errors.push(invalidValue(portAt.child('containerPort'), port.containerPort, message));
        }
      }
      if (port.hostPort) {
        for (const message of validatePortNumber(port.hostPort)) {
          errors.push(invalidValue(portAt.child('hostPort'), port.hostPort, message));
        }
      }
      if (!port.protocol) errors.push(required(portAt.child('protocol')));
      else if (!protocols.includes(port.protocol)) {
        errors.push(notSupported(portAt.child('protocol'), port.protocol, protocols));
      }
    });
    errors.push(...validateEnv(container.env, at.child('env')));
    const paths = new Set<string>();
    container.volumeMounts?.forEach((mount, mountIndex) => {
      const mountAt = at.child('volumeMounts').index(mountIndex);
      if (!mount.name) errors.push(required(mountAt.child('name')));
      else if (!volumeNames.has(mount.name)) errors.push(notFoundField(mountAt.child('name'), mount.name));
      if (!mount.mountPath) errors.push(required(mountAt.child('mountPath')));
      else if (paths.has(mount.mountPath)) {
        errors.push(invalidValue(mountAt.child('mountPath'), mount.mountPath, 'must be unique'));
      } else paths.add(mount.mountPath);
    });
    if (!container.imagePullPolicy) errors.push(required(at.child('imagePullPolicy')));
    else if (!pullPolicies.includes(container.imagePullPolicy)) {
      errors.push(notSupported(at.child('imagePullPolicy'), container.imagePullPolicy, pullPolicies));
    }
    errors.push(...validateResources(container.resources, at.child('resources')));
    if (!context.init || container.restartPolicy === 'Always') {
      errors.push(...validateProbe(container.livenessProbe, at.child('livenessProbe')));
      errors.push(...validateProbe(container.readinessProbe, at.child('readinessProbe')));
      errors.push(...validateProbe(container.startupProbe, at.child('startupProbe')));
      for (const name of ['livenessProbe', 'startupProbe'] as const) {
        const threshold = container[name]?.successThreshold;
        if (threshold !== undefined && threshold !== 1) {
          errors.push(invalidValue(at.child(name, 'successThreshold'), threshold, 'must be 1'));
        }
      }
    }
  });
  return errors;
}

/** Volumes: names present, valid and unique, one source each. */
export function validateVolumes(volumes: readonly Volume[] | undefined, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  volumes?.forEach((volume, index) => {
    const at = where.index(index);
    const { name, ...sources } = volume;
    if (!name) errors.push(required(at.child('name')));
    else {
      if (!isDns1123Label(name)) {
        for (const message of validateDns1123Label(name))
          errors.push(invalidValue(at.child('name'), name, message));
      }
      if (names.has(name)) errors.push(duplicate(at.child('name'), name));
      names.add(name);
    }
    const given = Object.entries(sources).filter(([, value]) => value !== undefined);
    if (given.length === 0) errors.push(required(at, 'must specify a volume type'));
    for (const [extra] of given.slice(1)) {
      errors.push(forbiddenField(at.child(extra), 'may not specify more than 1 volume type'));
    }
    if (volume.persistentVolumeClaim !== undefined && !volume.persistentVolumeClaim.claimName) {
      errors.push(required(at.child('persistentVolumeClaim', 'claimName')));
    }
    if (volume.hostPath !== undefined && !volume.hostPath.path)
      errors.push(required(at.child('hostPath', 'path')));
    if (volume.secret !== undefined && !volume.secret.secretName)
      errors.push(required(at.child('secret', 'secretName')));
    if (volume.configMap !== undefined && !volume.configMap.name)
      errors.push(required(at.child('configMap', 'name')));
  });
  return errors;
}
