import {
  duplicate,
  fieldPath,
  formatDuration,
  invalidValue,
  isQualifiedName,
  parseDuration,
  required,
  validateQualifiedName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type {
  ExtenderConfiguration,
  KubeSchedulerConfiguration,
  KubeSchedulerProfile,
  LeaderElectionConfiguration,
  PluginSet,
} from './types.ts';
import { validateArgs } from './validate-args.ts';

/** Plugins of old that v1 does not have. */
const gone: ReadonlySet<string> = new Set(['AzureDiskLimits', 'CinderLimits', 'EBSLimits', 'GCEPDLimits']);
const goneSince = 'v1';

const points = [
  ...['preEnqueue', 'queueSort', 'preFilter', 'filter', 'postFilter', 'preScore', 'score'],
  ...['reserve', 'permit', 'preBind', 'bind', 'postBind'],
];

function percentage(path: FieldPath, value: number | undefined): FieldError[] {
  return value === undefined || (value >= 0 && value <= 100)
    ? []
    : [invalidValue(path, value, 'not in valid range [0-100]')];
}

function profileErrors(path: FieldPath, profile: KubeSchedulerProfile, version: string): FieldError[] {
  const errors: FieldError[] = [];
  const removed = (where: FieldPath, name: string) =>
    errors.push(
      invalidValue(
        where,
        name,
        `was invalid in version ${JSON.stringify(goneSince)} (KubeSchedulerConfiguration is version ${JSON.stringify(version)})`,
      ),
    );
  if (!profile.schedulerName) errors.push(required(path.child('schedulerName'), ''));
  errors.push(...percentage(path.child('percentageOfNodesToScore'), profile.percentageOfNodesToScore));
  for (const point of points)
    (profile.plugins?.[point]?.enabled ?? []).forEach(({ name }, at) => {
      if (gone.has(name)) removed(path.child('plugins', point, 'enabled').index(at), name);
    });
  const seen = new Set<string>();
  (profile.pluginConfig ?? []).forEach(({ name, args }, at) => {
    const here = path.child('pluginConfig').index(at);
    if (seen.has(name)) errors.push(duplicate(here, name));
    seen.add(name);
    if (gone.has(name)) removed(here, name);
    else errors.push(...validateArgs(here.child('args'), name, args ?? {}));
  });
  return errors;
}

/** A set of plugins as Kubernetes writes it in messages: with the names of its internal type. */
function internal({ enabled = [], disabled = [] }: PluginSet) {
  const list = (plugins: PluginSet['enabled'] = []) =>
    plugins.length === 0 ? null : plugins.map(({ name, weight = 0 }) => ({ Name: name, Weight: weight }));
  return { Enabled: list(enabled), Disabled: list(disabled) };
}

/** All profiles share one queue, so they sort it alike. */
function queueSortErrors(path: FieldPath, profiles: readonly KubeSchedulerProfile[]): FieldError[] {
  const errors: FieldError[] = [];
  const sortOf = (profile: KubeSchedulerProfile | undefined) => {
    const { enabled = [], disabled = [] } = profile?.plugins?.['queueSort'] ?? {};
    return { enabled, disabled };
  };
  const first = sortOf(profiles[0]);
  const name = first.enabled[0]?.name;
  const argsOf = (profile: KubeSchedulerProfile | undefined) =>
    profile?.pluginConfig?.find((config) => config.name === name)?.args;
  if (first.enabled.length > 1)
    errors.push(
      invalidValue(
        path.index(0).child('plugins', 'queueSort', 'Enabled'),
        first.enabled.length,
        'only one queue sort plugin can be enabled',
      ),
    );
  profiles.slice(1).forEach((profile, at) => {
    const here = path.index(at + 1);
    const sort = sortOf(profile);
    if (JSON.stringify(sort) !== JSON.stringify(first))
      errors.push(
        invalidValue(here.child('plugins', 'queueSort'), internal(sort), 'must be the same for all profiles'),
      );
    const args = argsOf(profile);
    if (args !== undefined && JSON.stringify(args) !== JSON.stringify(argsOf(profiles[0])))
      errors.push(
        invalidValue(here.child('pluginConfig', 'args'), args, 'queueSort must be the same for all profiles'),
      );
  });
  return errors;
}

/** Whether a resource is neither Kubernetes' own nor a quota's. */
function isExtendedResource(name: string): boolean {
  const native = !name.includes('/') || name.includes('kubernetes.io/');
  return !native && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`);
}

function extenderErrors(path: FieldPath, extenders: readonly ExtenderConfiguration[]): FieldError[] {
  const errors: FieldError[] = [];
  const managed = new Set<string>();
  extenders.forEach(({ prioritizeVerb, weight = 0, managedResources = [] }, at) => {
    const here = path.index(at);
    if (prioritizeVerb && weight <= 0)
      errors.push(invalidValue(here.child('weight'), weight, 'must have a positive weight applied to it'));
    managedResources.forEach(({ name }, index) => {
      const where = here.child('managedResources').index(index).child('name');
      const problems = validateQualifiedName(name);
      for (const problem of problems) errors.push(invalidValue(where, name, problem));
      if (problems.length === 0 && !isExtendedResource(name))
        errors.push(invalidValue(where, name, 'is an invalid extended resource name'));
      if (managed.has(name))
        errors.push(invalidValue(where, name, 'duplicate extender managed resource name'));
      managed.add(name);
    });
  });
  const binders = extenders.filter(({ bindVerb }) => bindVerb).length;
  if (binders > 1)
    errors.push(
      invalidValue(
        path,
        `found ${binders} extenders implementing bind`,
        'only one extender can implement bind',
      ),
    );
  return errors;
}

/** The times of a leader election; one that is not there, or is zero, is Kubernetes' default. */
export function electionTimes(election: LeaderElectionConfiguration) {
  const ms = (text: string | undefined, otherwise: number) =>
    (text === undefined ? 0 : parseDuration(text)) || otherwise;
  return {
    leaseDurationMs: ms(election.leaseDuration, 15_000),
    renewDeadlineMs: ms(election.renewDeadline, 10_000),
    retryPeriodMs: ms(election.retryPeriod, 2_000),
  };
}

function leaderElectionErrors(path: FieldPath, election: LeaderElectionConfiguration = {}): FieldError[] {
  const { leaderElect = true, resourceLock = 'leases' } = election;
  if (!leaderElect) return [];
  const errors: FieldError[] = [];
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = electionTimes(election);
  const times = {
    leaseDuration: leaseDurationMs,
    renewDeadline: renewDeadlineMs,
    retryPeriod: retryPeriodMs,
  };
  for (const [name, ms] of Object.entries(times))
    if (ms <= 0) errors.push(invalidValue(path.child(name), formatDuration(ms), 'must be greater than zero'));
  if (leaseDurationMs < renewDeadlineMs)
    errors.push(
      invalidValue(
        path.child('leaseDuration'),
        formatDuration(renewDeadlineMs),
        'LeaseDuration must be greater than RenewDeadline',
      ),
    );
  if (resourceLock !== 'leases' && resourceLock !== '')
    errors.push(
      invalidValue(path.child('resourceLock'), resourceLock, 'resourceLock value must be "leases"'),
    );
  return errors;
}

/** What is wrong with a configuration, in kube-scheduler's words and order. */
export function configurationErrors(configuration: KubeSchedulerConfiguration): FieldError[] {
  const { profiles = [], extenders = [], parallelism = 16, clientConnection, leaderElection } = configuration;
  const { podInitialBackoffSeconds: first = 1, podMaxBackoffSeconds: longest = 10 } = configuration;
  const errors: FieldError[] = [];
  const burst = clientConnection?.burst ?? 0;
  if (burst < 0)
    errors.push(invalidValue(fieldPath('clientConnection', 'burst'), burst, 'must be non-negative'));
  errors.push(...leaderElectionErrors(fieldPath('leaderElection'), leaderElection));
  if (parallelism <= 0)
    errors.push(
      invalidValue(fieldPath('parallelism'), parallelism, 'should be an integer value greater than zero'),
    );
  const path = fieldPath('profiles');
  const known = new Map<string, number>();
  profiles.forEach((profile, at) => {
    errors.push(...profileErrors(path.index(at), profile, configuration.apiVersion));
    const name = profile.schedulerName ?? '';
    const before = known.get(name);
    if (before !== undefined)
      errors.push(
        duplicate(
          path.index(at).child('schedulerName'),
          path.index(before).child('schedulerName').toString(),
        ),
      );
    known.set(name, at);
  });
  errors.push(...queueSortErrors(path, profiles));
  errors.push(...percentage(fieldPath('percentageOfNodesToScore'), configuration.percentageOfNodesToScore));
  if (first <= 0)
    errors.push(invalidValue(fieldPath('podInitialBackoffSeconds'), first, 'must be greater than 0'));
  if (longest < first)
    errors.push(
      invalidValue(
        fieldPath('podMaxBackoffSeconds'),
        longest,
        'must be greater than or equal to PodInitialBackoffSeconds',
      ),
    );
  errors.push(...extenderErrors(fieldPath('extenders'), extenders));
  return errors;
}
