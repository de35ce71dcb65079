import {
  TerminalError,
  duplicate,
  fieldPath,
  formatFieldErrors,
  invalidValue,
  isJsonObject,
  notSupported,
  required,
  type FieldError,
} from '@drydock/base/apimachinery';
import { extensionPoints } from '../profile/index.ts';
import type { KubeSchedulerConfiguration, KubeSchedulerProfile, PluginSet } from './types.ts';
import { validateArgs } from './validate-args.ts';

type Path = ReturnType<typeof fieldPath>;

const version = 'kubescheduler.config.k8s.io/v1';
const kind = 'KubeSchedulerConfiguration';
const points: readonly string[] = ['multiPoint', ...extensionPoints];

function isPercentage(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 100;
}

function checkPercentage(path: Path, value: unknown): FieldError[] {
  return value === undefined || isPercentage(value)
    ? []
    : [invalidValue(path, value as never, 'not in valid range [0-100]')];
}

function checkPlugins(path: Path, plugins: Readonly<Record<string, PluginSet | undefined>>): FieldError[] {
  const errors: FieldError[] = [];
  for (const [point, set] of Object.entries(plugins)) {
    if (!points.includes(point)) {
      errors.push(notSupported(path.child(point), point, points));
      continue;
    }
    (set?.enabled ?? []).forEach(({ name, weight }, at) => {
      const here = path.child(point).child('enabled').index(at);
      if (!name) errors.push(required(here.child('name'), ''));
      if (weight !== undefined && !(Number.isInteger(weight) && weight >= 0))
        errors.push(invalidValue(here.child('weight'), weight, 'must be a non-negative whole number'));
    });
    (set?.disabled ?? []).forEach(({ name }, at) => {
      if (!name) errors.push(required(path.child(point).child('disabled').index(at).child('name'), ''));
    });
  }
  return errors;
}

function checkProfile(path: Path, profile: KubeSchedulerProfile): FieldError[] {
  const errors = checkPercentage(path.child('percentageOfNodesToScore'), profile.percentageOfNodesToScore);
  errors.push(...checkPlugins(path.child('plugins'), profile.plugins ?? {}));
  const seen = new Set<string>();
  (profile.pluginConfig ?? []).forEach(({ name, args }, at) => {
    const here = path.child('pluginConfig').index(at);
    if (!name) errors.push(required(here.child('name'), ''));
    else if (seen.has(name)) errors.push(duplicate(here, name));
    seen.add(name);
    errors.push(...validateArgs(here.child('args'), name, args ?? {}));
  });
  return errors;
}

/** Reads a KubeSchedulerConfiguration from what a YAML or JSON file holds; throws a TerminalError that lists what is wrong. */
export function parseConfiguration(value: unknown): KubeSchedulerConfiguration {
  if (!isJsonObject(value as never)) throw new TerminalError('the scheduler configuration is not an object');
  const configuration = value as unknown as KubeSchedulerConfiguration;
  if (configuration.apiVersion !== version || configuration.kind !== kind) {
    throw new TerminalError(
      `no kind ${JSON.stringify(configuration.kind ?? '')} is registered for version ${JSON.stringify(configuration.apiVersion ?? '')}: expected ${kind} of ${version}`,
    );
  }
  const errors = checkPercentage(
    fieldPath('percentageOfNodesToScore'),
    configuration.percentageOfNodesToScore,
  );
  const { podInitialBackoffSeconds: first = 1, podMaxBackoffSeconds: longest = 10 } = configuration;
  if (!(first > 0))
    errors.push(invalidValue(fieldPath('podInitialBackoffSeconds'), first, 'must be greater than 0'));
  if (!(longest >= first))
    errors.push(
      invalidValue(
        fieldPath('podMaxBackoffSeconds'),
        longest,
        'must be greater than or equal to PodInitialBackoffSeconds',
      ),
    );
  const names = new Set<string>();
  (configuration.profiles ?? []).forEach((profile, at) => {
    const path = fieldPath('profiles').index(at);
    const name = profile.schedulerName ?? 'default-scheduler';
    if (name === '') errors.push(required(path.child('schedulerName'), ''));
    else if (names.has(name)) errors.push(duplicate(path.child('schedulerName'), name));
    names.add(name);
    errors.push(...checkProfile(path, profile));
  });
  if (errors.length > 0) throw new TerminalError(formatFieldErrors(errors));
  return configuration;
}
