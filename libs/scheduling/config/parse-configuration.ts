import { TerminalError, formatFieldErrors, isJsonObject } from '@drydock/base/apimachinery';
import { decodeConfiguration } from './decode.ts';
import type { KubeSchedulerConfiguration } from './types.ts';
import { validateFitArgs } from './validate-args.ts';
import { configurationErrors } from './validate.ts';

const version = 'kubescheduler.config.k8s.io/v1';
const kind = 'KubeSchedulerConfiguration';

/** A profile that is alone needs no name. */
function withDefaults(configuration: KubeSchedulerConfiguration): KubeSchedulerConfiguration {
  const profiles = configuration.profiles?.length ? configuration.profiles : [{}];
  const [only] = profiles;
  return {
    ...configuration,
    profiles:
      profiles.length === 1 && only?.schedulerName === undefined
        ? [{ ...only, schedulerName: 'default-scheduler' }]
        : profiles,
  };
}

/** Reads a KubeSchedulerConfiguration from what a YAML or JSON file holds; throws a TerminalError that lists what is wrong. */
export function parseConfiguration(value: unknown): KubeSchedulerConfiguration {
  if (!isJsonObject(value as never)) throw new TerminalError('the scheduler configuration is not an object');
  const head = value as { apiVersion?: unknown; kind?: unknown };
  if (head.apiVersion !== version || head.kind !== kind) {
    throw new TerminalError(
      `no kind ${JSON.stringify(head.kind ?? '')} is registered for version ${JSON.stringify(head.apiVersion ?? '')}: expected ${kind} of ${version}`,
    );
  }
  const configuration = withDefaults(decodeConfiguration(value));
  const errors = configurationErrors(configuration);
  if (errors.length > 0) throw new TerminalError(formatFieldErrors(errors));
  for (const { schedulerName = '', pluginConfig = [] } of configuration.profiles ?? []) {
    const fit = pluginConfig.find(({ name }) => name === 'NodeResourcesFit');
    const problems = fit === undefined ? [] : validateFitArgs(fit.args ?? {});
    if (problems.length > 0)
      throw new TerminalError(
        `initializing profiles: creating profile for scheduler name ${schedulerName}: initializing plugin "NodeResourcesFit": ${formatFieldErrors(problems)}`,
      );
  }
  return configuration;
}
