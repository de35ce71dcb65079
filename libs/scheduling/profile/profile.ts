import type { Plugin } from '../framework/index.ts';

/** The extension points, in the order in which a Pod passes them. */
export const extensionPoints = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;
export type ExtensionPoint = (typeof extensionPoints)[number];

/** One plugin of an extension point, with its weight there (scores only). */
export interface EnabledPlugin {
  readonly plugin: Plugin;
  readonly weight: number;
}

/** How the Pods of one `spec.schedulerName` are scheduled. */
export interface Profile {
  readonly schedulerName: string;
  /** 1..100; undefined: by the size of the cluster. */
  readonly percentageOfNodesToScore?: number;
  readonly points: Readonly<Record<ExtensionPoint, readonly EnabledPlugin[]>>;
}

/** Plugins of a profile by name, at whatever points. */
export function pluginsOf({ points }: Profile): ReadonlyMap<string, Plugin> {
  const found = new Map<string, Plugin>();
  for (const point of extensionPoints) for (const { plugin } of points[point]) found.set(plugin.name, plugin);
  return found;
}
