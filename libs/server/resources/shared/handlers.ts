import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  validateHttpHeaderName,
  validatePortName,
  validatePortNumber,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { Container, LifecycleHandler, Probe } from '@drydock/api/core/v1';
import { nonNegativeFields, textErrors } from '../common/index.ts';

const schemes = ['HTTP', 'HTTPS'];
const counters = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
];

type Handler = Probe & LifecycleHandler;

/** A port by number or by name. */
export function portErrors(port: number | string | undefined, where: FieldPath): FieldError[] {
  return typeof port === 'string'
    ? textErrors(validatePortName(port), port, where)
    : textErrors(validatePortNumber(port ?? 0), port ?? 0, where);
}

function httpErrors(get: NonNullable<Handler['httpGet']>, where: FieldPath): FieldError[] {
  const errors = get.path ? [] : [required(where.child('path'))];
  errors.push(...portErrors(get.port, where.child('port')));
  if (!schemes.includes(get.scheme ?? ''))
    errors.push(notSupported(where.child('scheme'), get.scheme ?? '', schemes));
  for (const { name = '' } of get.httpHeaders ?? [])
    errors.push(...textErrors(validateHttpHeaderName(name), name, where.child('httpHeaders')));
  return errors;
}

function handlerErrors(handler: Handler, where: FieldPath, graceSeconds: number | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let given = 0;
  const check = <K extends 'exec' | 'httpGet' | 'tcpSocket' | 'grpc' | 'sleep'>(
    kind: K,
    errorsOf: (value: NonNullable<Handler[K]>, at: FieldPath) => FieldError[],
  ) => {
    const value = handler[kind];
    if (value === undefined || value === null) return;
    const at = where.child(kind);
    if (given++ > 0) errors.push(forbiddenField(at, 'may not specify more than 1 handler type'));
    else errors.push(...errorsOf(value, at));
  };
  check('exec', ({ command }, at) => ((command ?? []).length > 0 ? [] : [required(at.child('command'))]));
  check('httpGet', httpErrors);
  check('tcpSocket', ({ port }, at) => portErrors(port, at.child('port')));
  check('grpc', ({ port }, at) => portErrors(port, at.child('port')));
  check('sleep', ({ seconds }, at) => {
    if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return [];
    const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
    return [invalidValue(at, seconds, detail)];
  });
  if (given === 0) errors.push(required(where, 'must specify a handler type'));
  return errors;
}

function probeErrors(probe: Probe, where: FieldPath, graceSeconds: number | undefined): FieldError[] {
  const errors = [...handlerErrors(probe, where, graceSeconds), ...nonNegativeFields(probe, counters, where)];
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    const at = where.child('terminationGracePeriodSeconds');
    errors.push(invalidValue(at, grace, 'must be greater than 0'));
  }
  return errors;
}

/** What is run when a container starts and stops, and its probes. */
export function validateLifecycleAndProbes(
  container: Container,
  where: FieldPath,
  graceSeconds: number | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = container.lifecycle?.[hook];
    if (handler) errors.push(...handlerErrors(handler, where.child('lifecycle', hook), graceSeconds));
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[name];
    if (probe === undefined || probe === null) continue;
    const at = where.child(name);
    errors.push(...probeErrors(probe, at, graceSeconds));
    if (name === 'readinessProbe') {
      const grace = probe.terminationGracePeriodSeconds;
      if (grace !== undefined) {
        const detail = 'must not be set for readinessProbes';
        errors.push(invalidValue(at.child('terminationGracePeriodSeconds'), grace, detail));
      }
    } else if ((probe.successThreshold ?? 1) !== 1) {
      errors.push(invalidValue(at.child('successThreshold'), probe.successThreshold, 'must be 1'));
    }
  }
  return errors;
}

/** Containers that run to their end before the others start have no lifecycle and no probes. */
export function lifecycleForbidden(container: Container, where: FieldPath): FieldError[] {
  return (['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    .filter((name) => container[name] !== undefined && container[name] !== null)
    .map((name) =>
      forbiddenField(where.child(name), 'may not be set for init containers without restartPolicy=Always'),
    );
}
