import { failure, type Plugin, type PodInfo } from '../framework/index.ts';

/** Binds a Pod to its node through the API. */
export function defaultBinder(bind: (pod: PodInfo, nodeName: string) => Promise<void>): Plugin {
  return {
    name: 'DefaultBinder',
    async bind(_, pod, nodeName) {
      try {
        await bind(pod, nodeName);
        return undefined;
      } catch (error) {
        return { ...failure(error instanceof Error ? error.message : String(error)), cause: error };
      }
    },
  };
}
