import { TerminalError } from '@drydock/base/apimachinery';
import type { Plugin } from '../framework/index.ts';
import { defaultPlugins, type PluginDeps, type PluginFactory } from '../plugins/index.ts';
import type { EnabledPlugin, ExtensionPoint, Profile } from '../profile/index.ts';
import type { KubeSchedulerConfiguration, KubeSchedulerProfile, PluginSet } from './types.ts';

export interface BuildOptions {
  /** Plugins of yours beside the default ones; on when a profile enables them. */
  readonly registry?: Readonly<Record<string, PluginFactory>>;
}

/** The order in which kube-scheduler comes across what is wrong. */
const checkedFirst: readonly ExtensionPoint[] = [
  ...(['preFilter', 'filter', 'postFilter', 'reserve', 'preScore', 'score'] as const),
  ...(['preBind', 'bind', 'postBind', 'permit', 'preEnqueue', 'queueSort'] as const),
];
/** What Kubernetes' sources call the plugins of a point, which messages tell. */
const typeOf = (point: ExtensionPoint) => `${point[0]?.toUpperCase() ?? ''}${point.slice(1)}Plugin`;

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
  /** A plugin for an extension point, made when it is asked for first. */
  const get = (name: string, point: ExtensionPoint): Plugin => {
    let plugin = made.get(name);
    if (plugin === undefined) {
      const create = registry.get(name);
      if (create === undefined)
        throw new TerminalError(`${where}: ${typeOf(point)} ${JSON.stringify(name)} does not exist`);
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
  const twice = (name: string, point: ExtensionPoint) =>
    new TerminalError(
      `${where}: plugin ${JSON.stringify(name)} already registered as ${JSON.stringify(typeOf(point))}`,
    );
  for (const point of checkedFirst) {
    const seen = new Set<string>();
    for (const { name } of plugins?.[point]?.enabled ?? []) {
      if (get(name, point)[point] === undefined)
        throw new TerminalError(
          `${where}: plugin ${JSON.stringify(name)} does not extend ${typeOf(point)} plugin`,
        );
      if (seen.has(name)) throw twice(name, point);
      seen.add(name);
    }
  }
  for (const point of checkedFirst) {
    const disabled = new Set(plugins?.[point]?.disabled?.map(({ name }) => name));
    const own = plugins?.[point]?.enabled ?? [];
    const named = new Set(own.map(({ name }) => name));
    const general = disabled.has('*')
      ? []
      : multiPoint.filter(({ name }) => get(name, point)[point] !== undefined && !disabled.has(name));
    const rest = general.filter(({ name }) => !named.has(name));
    for (const [at, { name }] of rest.entries())
      if (rest.findIndex((other) => other.name === name) < at) throw twice(name, point);
    // First those of multiPoint that the point names again, in its order; last those that multiPoint does not have.
    const overrides = (name: string) => general.some((other) => other.name === name);
    points[point] = [
      ...own.filter(({ name }) => overrides(name)),
      ...rest,
      ...own.filter(({ name }) => !overrides(name)),
    ].map(({ name, weight }) => ({ plugin: get(name, point), weight: weight || 1 }));
  }
  const of = `profile with scheduler name ${JSON.stringify(schedulerName)}`;
  if (points.queueSort.length !== 1)
    throw new TerminalError(
      `${where}: only one queue sort plugin required for ${of}, but got ${points.queueSort.length}`,
    );
  if (points.bind.length === 0)
    throw new TerminalError(`${where}: at least one bind plugin is needed for ${of}`);
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
