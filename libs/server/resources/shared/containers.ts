import {
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundField,
  notSupported,
  required,
  validateDns1123Label,
  validatePortName,
  validatePortNumber,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { Container, PodSpec, Volume } from '@drydock/api/core/v1';
import { oneOf, textErrors } from '../common/index.ts';
import { validateResources } from './container-resources.ts';
import { validateEnv, validateEnvFrom } from './environment.ts';
import { lifecycleForbidden, validateLifecycleAndProbes } from './handlers.ts';
import { validateSecurityContext } from './security-context.ts';
import { validateVolumeDevices, validateVolumeMounts } from './volume-mounts.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const messagePolicies = ['File', 'FallbackToLogsOnError'];
const restartPolicies = ['Always', 'Never', 'OnFailure'];
const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];

type Ports = Container['ports'];

function portErrors(ports: Ports, where: FieldPath): FieldError[] {
  const names = new Set<string>();
  return (ports ?? []).flatMap((port, index) => {
    const at = where.index(index);
    const errors: FieldError[] = [];
    if (port.name) {
      const messages = validatePortName(port.name);
      errors.push(...textErrors(messages, port.name, at.child('name')));
      if (messages.length === 0 && names.has(port.name)) errors.push(duplicate(at.child('name'), port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(at.child('containerPort')));
    else
      errors.push(
        ...textErrors(validatePortNumber(port.containerPort), port.containerPort, at.child('containerPort')),
      );
    if (port.hostPort)
      errors.push(...textErrors(validatePortNumber(port.hostPort), port.hostPort, at.child('hostPort')));
    return [...errors, ...oneOf(port.protocol, protocols, at.child('protocol'))];
  });
}

function resizeErrors(container: Container, podRestarts: string | undefined, where: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return (container.resizePolicy ?? []).flatMap(({ resourceName = '', restartPolicy = '' }, index) => {
    const errors = seen.has(resourceName) ? [duplicate(where.index(index), resourceName)] : [];
    seen.add(resourceName);
    errors.push(...oneOf(resourceName, resizable, where), ...oneOf(restartPolicy, resizePolicies, where));
    if (podRestarts === 'Never' && restartPolicy !== 'NotRequired') {
      const detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
      errors.push(invalidValue(where, restartPolicy, detail));
    }
    return errors;
  });
}

/** What the checks of a container need to know of its Pod. */
export interface ContainersContext {
  readonly spec: PodSpec;
  readonly volumes: ReadonlyMap<string, Volume>;
}

function commonErrors(
  container: Container,
  at: FieldPath,
  { spec, volumes }: ContainersContext,
): FieldError[] {
  const name = container.name ?? '';
  const errors =
    name === ''
      ? [required(at.child('name'))]
      : textErrors(validateDns1123Label(name), name, at.child('name'));
  if (!container.image) errors.push(required(at.child('image')));
  const { terminationMessagePolicy: policy, restartPolicy } = container;
  // Defaulted before: absent only where defaults were not asked for.
  if (policy !== undefined && !messagePolicies.includes(policy))
    errors.push(notSupported(at.child('terminationMessagePolicy'), policy, messagePolicies));
  errors.push(
    ...portErrors(container.ports, at.child('ports')),
    ...validateEnv(container.env, at.child('env')),
    ...validateEnvFrom(container.envFrom, at.child('envFrom')),
    ...validateVolumeMounts(container, volumes, at.child('volumeMounts')),
    ...validateVolumeDevices(container, volumes, at.child('volumeDevices')),
    ...oneOf(container.imagePullPolicy, pullPolicies, at.child('imagePullPolicy')),
    ...validateResources(container.resources, at.child('resources')),
    ...resizeErrors(container, spec.restartPolicy, at.child('resizePolicy')),
    ...validateSecurityContext(container.securityContext, at.child('securityContext')),
  );
  if (restartPolicy !== undefined && !restartPolicies.includes(restartPolicy))
    errors.push(notSupported(at.child('restartPolicy'), restartPolicy, restartPolicies));
  return errors;
}

/** No two ports of the list may want the same port of the node. */
function hostPortErrors(containers: readonly (readonly [Container, FieldPath])[]): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(([{ ports }, at]) =>
    (ports ?? []).flatMap(({ protocol = '', hostIP = '', hostPort = 0 }, index) => {
      if (hostPort === 0) return [];
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) return [duplicate(at.child('ports').index(index).child('hostPort'), key)];
      taken.add(key);
      return [];
    }),
  );
}

/** The containers of a Pod: at least one. `names` collects the names seen, over several lists. */
export function validateContainers(
  where: FieldPath,
  context: ContainersContext,
  names: Set<string>,
): FieldError[] {
  const { containers = [], terminationGracePeriodSeconds: grace } = context.spec;
  if (containers.length === 0) return [required(where)];
  const errors = containers.flatMap((container, index) => {
    const at = where.index(index);
    const found = commonErrors(container, at, context);
    if (names.has(container.name)) found.push(duplicate(at.child('name'), container.name));
    names.add(container.name);
    return [...found, ...validateLifecycleAndProbes(container, at, grace)];
  });
  return [...errors, ...hostPortErrors(containers.map((one, index) => [one, where.index(index)]))];
}

/** The containers that run before, or beside for those that always restart. */
export function validateInitContainers(
  where: FieldPath,
  context: ContainersContext,
  names: Set<string>,
): FieldError[] {
  const { initContainers = [], terminationGracePeriodSeconds: grace } = context.spec;
  return initContainers.flatMap((container, index) => {
    const at = where.index(index);
    const sidecar = container.restartPolicy === 'Always';
    const errors = commonErrors(container, at, context);
    if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
    else if (container.name) names.add(container.name);
    errors.push(
      ...hostPortErrors([[container, at]]),
      ...(sidecar ? validateLifecycleAndProbes(container, at, grace) : lifecycleForbidden(container, at)),
    );
    if (!sidecar && (container.resizePolicy ?? []).length > 0)
      errors.push(
        invalidValue(at.child('resizePolicy'), container.resizePolicy, 'must not be set for init containers'),
      );
    return errors;
  });
}

const notEphemeral = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
  'restartPolicy',
] as const;

const isSet = (value: object | string | undefined): boolean =>
  value !== undefined && Object.keys(value).length > 0;

/** The containers that are put into a Pod that runs: they promise nothing, and name one that is there. */
export function validateEphemeralContainers(
  where: FieldPath,
  context: ContainersContext,
  names: Set<string>,
): FieldError[] {
  const { ephemeralContainers = [], containers = [], initContainers = [] } = context.spec;
  const targets = new Set([...containers, ...initContainers].map(({ name }) => name));
  const refused = 'cannot be set for an Ephemeral Container';
  return ephemeralContainers.flatMap((container, index) => {
    const at = where.index(index);
    const errors = commonErrors(container, at, context);
    if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
    names.add(container.name);
    const { targetContainerName: target } = container;
    if (target && !targets.has(target)) errors.push(notFoundField(at.child('targetContainerName'), target));
    for (const field of notEphemeral)
      if (isSet(container[field])) errors.push(forbiddenField(at.child(field), refused));
    for (const [number, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
      const mount = at.child('volumeMounts').index(number);
      if (subPath) errors.push(forbiddenField(mount.child('subPath'), refused));
      if (subPathExpr) errors.push(forbiddenField(mount.child('subPathExpr'), refused));
    }
    return errors;
  });
}

/** Of Pods only, not of templates: images without blanks around them. */
export function validateImages(containers: readonly Container[] | undefined, where: FieldPath): FieldError[] {
  return (containers ?? []).flatMap(({ image = '' }, index) =>
    image === image.trim()
      ? []
      : [
          invalidValue(
            where.index(index).child('image'),
            image,
            'must not have leading or trailing whitespace',
          ),
        ],
  );
}
