import { TerminalError } from '@drydock/base/apimachinery';
import type { Plugin } from '../framework/index.ts';
import { defaultPlugins, type PluginDeps, type PluginFactory } from '../plugins/index.ts';
import { extensionPoints, type EnabledPlugin, type ExtensionPoint, type Profile } from '../profile/index.ts';
import type { KubeSchedulerConfiguration, KubeSchedulerProfile, PluginSet } from './types.ts';

export interface BuildOptions {
  /** Plugins of yours beside the default ones; on when a profile enables them. */
  readonly registry?: Readonly<Record<string, PluginFactory>>;
}

interface Enabled {
  readonly name: string;
  readonly weight?: number;
}

/** The defaults of a point with what a profile says to it: replaced in place, taken away, added at the end. */
function mergeSet(defaults: readonly Enabled[], custom: PluginSet | undefined): Enabled[] {
  const disabled = new Set(custom?.disabled?.map(({ name }) => name));
  const own = new Map((custom?.enabled ?? []).map((plugin) => [plugin.name, plugin]));
  const kept = disabled.has('*')
    ? []
    : defaults.filter(({ name }) => !disabled.has(name)).map((plugin) => own.get(plugin.name) ?? plugin);
  const replaced = new Set(kept.filter((plugin) => own.get(plugin.name) === plugin).map(({ name }) => name));
  return [...kept, ...(custom?.enabled ?? []).filter(({ name }) => !replaced.has(name))];
}

function buildProfile(
  {
    schedulerName = 'default-scheduler',
    plugins,
    pluginConfig,
    percentageOfNodesToScore,
  }: KubeSchedulerProfile,
  overall: number | undefined,
  deps: PluginDeps,
  registry: ReadonlyMap<string, PluginFactory>,
  /** Resources that extenders count in place of NodeResourcesFit. */
  ignoredResources: readonly string[],
): Profile {
  const made = new Map<string, Plugin>();
  const where = `initializing profiles: creating profile for scheduler name ${schedulerName}`;
  const get = (name: string): Plugin => {
    let plugin = made.get(name);
    if (plugin === undefined) {
      const create = registry.get(name);
      if (create === undefined)
        throw new TerminalError(`${where}: plugin ${JSON.stringify(name)} does not exist`);
      plugin = create(argsOf(name), deps);
      made.set(name, plugin);
    }
    return plugin;
  };
  function argsOf(name: string): Readonly<Record<string, unknown>> {
    const args = pluginConfig?.find((config) => config.name === name)?.args ?? {};
    return name === 'NodeResourcesFit' && ignoredResources.length > 0 ? { ...args, ignoredResources } : args;
  }
  const multiPoint = mergeSet(defaultPlugins, plugins?.['multiPoint']);
  const points = {} as Record<ExtensionPoint, EnabledPlugin[]>;
  for (const point of extensionPoints) {
    const custom = plugins?.[point];
    const disabled = new Set(custom?.disabled?.map(({ name }) => name));
    const explicit = new Map((custom?.enabled ?? []).map((plugin) => [plugin.name, plugin]));
    const enabled: EnabledPlugin[] = [];
    const add = ({ name, weight }: Enabled) => {
      if (enabled.some(({ plugin }) => plugin.name === name))
        throw new TerminalError(
          `${where}: plugin ${JSON.stringify(name)} already registered as ${JSON.stringify(point)}`,
        );
      enabled.push({ plugin: get(name), weight: weight || 1 });
    };
    for (const [name] of explicit)
      if (get(name)[point] === undefined)
        throw new TerminalError(`${where}: plugin ${JSON.stringify(name)} does not extend ${point} plugin`);
    // Those of multiPoint that a point names again take the place it gives them only if multiPoint names them itself.
    for (const plugin of multiPoint) {
      if (get(plugin.name)[point] === undefined || disabled.has('*') || disabled.has(plugin.name)) continue;
      if (!explicit.has(plugin.name)) continue;
      add(explicit.get(plugin.name) as Enabled);
      explicit.delete(plugin.name);
    }
    const overridden = enabled.splice(0);
    for (const plugin of explicit.values()) add(plugin);
    const added = enabled.splice(0);
    enabled.push(...overridden, ...added);
    for (const plugin of multiPoint) {
      if (get(plugin.name)[point] === undefined || disabled.has('*') || disabled.has(plugin.name)) continue;
      if (enabled.some((other) => other.plugin.name === plugin.name)) continue;
      add(plugin);
    }
    points[point] = enabled;
  }
  if (points.queueSort.length !== 1)
    throw new TerminalError(
      `${where}: ${points.queueSort.length === 0 ? 'no queue sort plugin is enabled' : 'only one queue sort plugin can be enabled'}`,
    );
  if (points.bind.length === 0) throw new TerminalError(`${where}: at least one bind plugin is needed`);
  const percentage = percentageOfNodesToScore ?? overall;
  return {
    schedulerName,
    points,
    ...(percentage === undefined ? {} : { percentageOfNodesToScore: percentage }),
  };
}

/** Makes the profiles that a (valid) configuration describes, by scheduler name; throws a TerminalError on a plugin that is not there. */
export function buildProfiles(
  configuration: KubeSchedulerConfiguration | undefined,
  deps: PluginDeps,
  options: BuildOptions = {},
): ReadonlyMap<string, Profile> {
  const registry = new Map<string, PluginFactory>([
    ...defaultPlugins.map(({ name, create }) => [name, create] as const),
    ...Object.entries(options.registry ?? {}),
  ]);
  const profiles = configuration?.profiles?.length ? configuration.profiles : [{}];
  const ignored = (configuration?.extenders ?? [])
    .flatMap(({ managedResources = [] }) => managedResources)
    .filter(({ ignoredByScheduler }) => ignoredByScheduler === true)
    .map(({ name }) => name);
  return new Map(
    profiles.map((profile) => {
      const built = buildProfile(profile, configuration?.percentageOfNodesToScore, deps, registry, ignored);
      return [built.schedulerName, built] as const;
    }),
  );
}
